"""A subscriber in words that JSON can hold: what commands print, the API answers and the audit trail keeps. No keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from hss.api import ApnProfile, PdnType, Profile
from hss.models import SubscriberState

PDN_TYPES: Mapping[str, PdnType] = MappingProxyType(
    {
        "ipv4": PdnType.IPV4,
        "ipv6": PdnType.IPV6,
        "ipv4v6": PdnType.IPV4V6,
        "ipv4-or-ipv6": PdnType.IPV4_OR_IPV6,
    }
)
"""How people write a PDN type."""


@dataclass(frozen=True, slots=True)
class Account:
    """A subscriber as an operator may see it: everything but keys. `seq` is SEQ_HE."""

    profile: Profile
    state: SubscriberState
    amf: int
    seq: int
    algorithm_profile: str
    k_check: bytes | None
    opc_check: bytes | None
    serving_aaa: str | None
    created: datetime
    updated: datetime
    revision: int
    batch_id: int | None = None


def described(account: Account) -> dict[str, Any]:
    """`account` as names and values."""
    return {
        "imsi": str(account.profile.imsi),
        "state": account.state.value,
        "msisdn": account.profile.msisdn,
        "profile": account.algorithm_profile,
        "k_check": account.k_check.hex() if account.k_check else None,
        "opc_check": account.opc_check.hex() if account.opc_check else None,
        "amf": f"{account.amf:04x}",
        "seq": account.seq,
        "serving_aaa": account.serving_aaa,
        "apns": [described_apn(apn, account.profile) for apn in account.profile.apns],
        "batch": account.batch_id,
        "revision": account.revision,
        "created": account.created.isoformat(),
        "updated": account.updated.isoformat(),
    }


def described_apn(apn: ApnProfile, profile: Profile) -> dict[str, Any]:
    """One APN of `profile` as names and values."""
    return {
        "name": apn.name,
        "context_id": apn.context_id,
        "default": apn.context_id == profile.default_context_id,
        "pdn_type": next(name for name, value in PDN_TYPES.items() if value is apn.pdn_type),
        "home_address": str(apn.home_address) if apn.home_address else None,
        "home_address_v4": str(apn.home_address_v4) if apn.home_address_v4 else None,
        "ambr_up": apn.ambr.uplink if apn.ambr else None,
        "ambr_down": apn.ambr.downlink if apn.ambr else None,
    }


def differences(before: Account, after: Account) -> tuple[dict[str, Any], dict[str, Any]]:
    """What has changed between the two, as it was and as it is; moments and counters are no change."""
    was, now = described(before), described(after)
    changed = [name for name in was if was[name] != now[name] and name not in _NO_CHANGE]
    return {name: was[name] for name in changed}, {name: now[name] for name in changed}


_NO_CHANGE = frozenset({"seq", "created", "updated", "revision"})
