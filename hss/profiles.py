"""What a subscriber may use, read from the store (Non-3GPP-User-Data of TS 29.273 §8.2.3.1)."""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address

from sqlalchemy import Connection, Row, select

from hss.api import Ambr, ApnProfile, PdnType, Profile, SpecificApn
from hss.models import Apn, ServingGateway, Subscriber, SubscriberState
from wire.identity import Imsi

Gateway = IPv6Address | IPv4Address

_APNS = select(
    Apn.context_id,
    Apn.name,
    Apn.pdn_type,
    Apn.home_address,
    Apn.home_address_v4,
    Apn.ambr_up,
    Apn.ambr_down,
    Apn.is_default,
).order_by(Apn.context_id)


def state_of(connection: Connection, imsi: str) -> SubscriberState | None:
    """Whether `imsi` is enabled or barred; None when nobody knows it."""
    return connection.scalar(select(Subscriber.state).where(Subscriber.imsi == imsi))


def profile_of(connection: Connection, imsi: Imsi) -> Profile | None:
    """The profile of `imsi`, barred or not; None when nobody knows it."""
    found = connection.execute(select(Subscriber.msisdn).where(Subscriber.imsi == str(imsi))).first()
    if found is None:
        return None
    rows = connection.execute(_APNS.where(Apn.imsi == str(imsi))).all()
    gateways = _gateways(connection, str(imsi))
    named = frozenset(row.name for row in rows)
    elsewhere = tuple(SpecificApn(name, address) for name, address in gateways.items() if name not in named)
    return Profile(
        imsi=imsi,
        apns=tuple(_apn(row, gateways, elsewhere) for row in rows),
        default_context_id=next((row.context_id for row in rows if row.is_default), None),
        msisdn=found.msisdn,
    )


def _gateways(connection: Connection, imsi: str) -> dict[str, Gateway]:
    """APN to the PDN GW that serves it now."""
    found = select(ServingGateway.apn, ServingGateway.address).where(ServingGateway.imsi == imsi)
    rows = connection.execute(found.order_by(ServingGateway.apn)).all()
    return {apn: ip_address(address) for apn, address in rows}


def _apn(
    row: Row[int, str, int, str | None, str | None, int | None, int | None, bool],
    gateways: Mapping[str, Gateway],
    elsewhere: tuple[SpecificApn, ...],
) -> ApnProfile:
    context_id, name, pdn_type, v6, v4, up, down, _ = row
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
