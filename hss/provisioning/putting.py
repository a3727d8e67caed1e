"""A subscriber as it is to be, whether it is there or not: doing it twice is doing it once."""

from dataclasses import dataclass, replace
from typing import Any, TypeVar

from hss.api import ApnProfile, Profile
from hss.keys.verification import OpcVerdict
from hss.models import SubscriberState
from hss.provisioning.change import Change, ProvisioningRefused
from hss.provisioning.comparing import compare
from hss.provisioning.description import Account, described_apn
from hss.provisioning.keys_input import KeysInput
from hss.provisioning.subscribers import NewSubscriber, Update, add, card_keys, change_subscriber
from wire.identity import Imsi
from wire.sansio import RandomBytes

ValueT = TypeVar("ValueT")


@dataclass(frozen=True, slots=True)
class Wanted:
    """All of a subscriber but SEQ; without `keys` those that are there stay. The first of `apns` is the default."""

    imsi: Imsi
    keys: KeysInput | None
    amf: int
    state: SubscriberState
    msisdn: str | None
    profile: str
    apns: tuple[ApnProfile, ...]


def create(change: Change, wanted: Wanted) -> Account:
    """Add the subscriber; ProvisioningRefused as `add`, and without keys."""
    if wanted.keys is None:
        raise ProvisioningRefused(f"subscriber {wanted.imsi} is new; give its keys")
    keys = card_keys(change.connection, wanted.keys, wanted.profile)
    new = NewSubscriber(wanted.imsi, keys, wanted.amf, wanted.apns, wanted.msisdn, wanted.profile)
    account = add(change, new)
    if wanted.state is account.state:
        return account
    return change_subscriber(change, wanted.imsi, Update(state=wanted.state))


def put(change: Change, before: Account, wanted: Wanted, random: RandomBytes) -> Account:
    """Make the subscriber `before` what is wanted; nothing is written, and no revision counted, where it is so already.

    Conflict when somebody else changes it meanwhile, ProvisioningRefused when it cannot be.
    """
    keys = _other_keys(change, wanted, before, random)
    needed = Update(
        msisdn=_other(before.profile.msisdn or "", wanted.msisdn or ""),
        amf=_other(before.amf, wanted.amf),
        keys=None if keys is None else card_keys(change.connection, keys, wanted.profile),
        profile=_other(before.algorithm_profile, wanted.profile),
        state=_other(before.state, wanted.state),
        apns=None if _same_apns(before, wanted) else wanted.apns,
    )
    if needed == Update():
        return before
    return change_subscriber(change, wanted.imsi, needed, before.revision)


def _other(there: ValueT, wanted: ValueT) -> ValueT | None:
    return None if there == wanted else wanted


def _other_keys(change: Change, wanted: Wanted, before: Account, random: RandomBytes) -> KeysInput | None:
    """The wanted keys, unless the subscriber has them, or a profile that seals them elsewhere."""
    if wanted.keys is None or before.algorithm_profile != wanted.profile:
        return wanted.keys
    verdict = compare(change.connection, change.custodian, wanted.imsi, replace(wanted.keys, amf=None), random)
    named_right = verdict.opc is (OpcVerdict.OP if wanted.keys.op is not None else OpcVerdict.SAME)
    return None if verdict.k and named_right else wanted.keys


def _same_apns(before: Account, wanted: Wanted) -> bool:
    there = [described_apn(apn, before.profile) for apn in before.profile.apns]
    asked = Profile(wanted.imsi, wanted.apns, default_context_id=wanted.apns[0].context_id)
    new = [described_apn(apn, asked) for apn in wanted.apns]
    return _by_name(there) == _by_name(new)


def _by_name(apns: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    # a Context-Identifier is ours to choose
    return {apn["name"]: apn | {"context_id": 0} for apn in apns}
