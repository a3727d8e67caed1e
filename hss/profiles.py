"""What a subscriber may use, read from the store (Non-3GPP-User-Data of TS 29.273 §8.2.3.1)."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from sqlalchemy import Connection, String, bindparam, select

from hss.api import Ambr, ApnProfile, PdnType, Profile, SpecificApn
from hss.models import Apn, ServingGateway, Subscriber
from wire.identity import Imsi

Gateway = IPv6Address | IPv4Address
_Rows = tuple[tuple[Any, ...], ...]

APN_COLUMNS = (
    Apn.context_id,
    Apn.name,
    Apn.pdn_type,
    Apn.home_address,
    Apn.home_address_v4,
    Apn.ambr_up,
    Apn.ambr_down,
    Apn.is_default,
)
"""What `profile_from` takes, in its order."""

_IMSI = bindparam("imsi", type_=String)
_MSISDN = select(Subscriber.msisdn).where(Subscriber.imsi == _IMSI)
_APNS = select(*APN_COLUMNS).where(Apn.imsi == _IMSI).order_by(Apn.context_id)
_GATEWAYS = (
    select(ServingGateway.apn, ServingGateway.address).where(ServingGateway.imsi == _IMSI).order_by(ServingGateway.apn)
)


def profile_of(connection: Connection, imsi: Imsi) -> Profile | None:
    """The profile of `imsi`, barred or not; None when nobody knows it."""
    found = connection.execute(_MSISDN, {"imsi": str(imsi)}).first()
    if found is None:
        return None
    rows = connection.execute(_APNS, {"imsi": str(imsi)}).all()
    return profile_from(imsi, found.msisdn, rows, _gateways(connection, str(imsi)))


def profile_from(imsi: Imsi, msisdn: str | None, apns: Sequence[Any], gateways: Mapping[str, Gateway]) -> Profile:
    """The profile out of its rows: `apns` begin with APN_COLUMNS, `gateways` say which PDN GW serves an APN now."""
    rows = (tuple(apns[0][:8]),) if len(apns) == 1 else tuple([tuple(row[:8]) for row in apns])
    configured, default = _subscribed(rows) if not gateways else _configured(rows, gateways)
    return Profile(imsi, configured, default, None, msisdn)


@lru_cache(maxsize=1024)
def _subscribed(rows: _Rows) -> tuple[tuple[ApnProfile, ...], int | None]:
    """As `_configured`, without a PDN GW: most subscriptions are like many others, and nobody writes to a profile."""
    return _configured(rows, {})


def _configured(rows: _Rows, gateways: Mapping[str, Gateway]) -> tuple[tuple[ApnProfile, ...], int | None]:
    """The APNs, and which of them is the default."""
    named = frozenset(row[1] for row in rows)
    elsewhere = tuple(SpecificApn(name, address) for name, address in gateways.items() if name not in named)
    default = next((row[0] for row in rows if row[7]), None)
    return tuple(_apn(row, gateways, elsewhere) for row in rows), default


def _gateways(connection: Connection, imsi: str) -> dict[str, Gateway]:
    """APN to the PDN GW that serves it now."""
    return {apn: ip_address(address) for apn, address in connection.execute(_GATEWAYS, {"imsi": imsi})}


def _apn(row: Sequence[Any], gateways: Mapping[str, Gateway], elsewhere: tuple[SpecificApn, ...]) -> ApnProfile:
    context_id, name, pdn_type, v6, v4, up, down = row[:7]
    return ApnProfile(
        context_id=context_id,
        name=name,
        pdn_type=PdnType(pdn_type),
        home_address=IPv6Address(v6) if v6 else None,
        home_address_v4=IPv4Address(v4) if v4 else None,
        ambr=Ambr(uplink=up, downlink=down) if up is not None and down is not None else None,
        pdn_gw=gateways.get(name),
        specific=elsewhere if name == "*" else (),
    )
