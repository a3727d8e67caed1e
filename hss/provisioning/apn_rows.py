"""The APNs of a subscriber as rows: added, changed, taken away, one of them the default (TS 29.272 §7.3.35)."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from hss.api import ApnProfile, Profile
from hss.models import Apn
from hss.provisioning.change import ProvisioningRefused


def add_apn(connection: Connection, imsi: str, apn: ApnProfile, *, is_default: bool) -> None:
    """Add one APN; ProvisioningRefused when its Home Address belongs to another subscriber."""
    try:
        connection.execute(
            insert(Apn).values(imsi=imsi, context_id=apn.context_id, is_default=is_default, **_columns(apn))
        )
    except IntegrityError:
        raise _taken(apn) from None


def change_apn(connection: Connection, imsi: str, apn: ApnProfile) -> None:
    """Give the APN of `apn.context_id` these values; ProvisioningRefused as `add_apn`."""
    try:
        connection.execute(
            update(Apn).where(Apn.imsi == imsi, Apn.context_id == apn.context_id).values(**_columns(apn))
        )
    except IntegrityError:
        raise _taken(apn) from None


def remove_apn(connection: Connection, imsi: str, context_id: int) -> None:
    """Take one APN away."""
    connection.execute(delete(Apn).where(Apn.imsi == imsi, Apn.context_id == context_id))


def make_default(connection: Connection, imsi: str, context_id: int) -> None:
    """Let this APN be the default one, and no other."""
    connection.execute(update(Apn).where(Apn.imsi == imsi, Apn.is_default).values(is_default=False))
    connection.execute(update(Apn).where(Apn.imsi == imsi, Apn.context_id == context_id).values(is_default=True))


def replace_apns(connection: Connection, before: Profile, wanted: Sequence[ApnProfile]) -> None:
    """Let a subscriber have the APNs `wanted`, the first of them the default; an APN that stays keeps its identifier.

    ProvisioningRefused as `add_apn`.
    """
    imsi = str(before.imsi)
    there = {apn.name: apn.context_id for apn in before.apns}
    names = {apn.name for apn in wanted}
    for name in there.keys() - names:
        remove_apn(connection, imsi, there[name])
    for apn in wanted:
        if apn.name in there:
            change_apn(connection, imsi, replace(apn, context_id=there[apn.name]))
        else:
            there[apn.name] = max(there.values(), default=0) + 1
            add_apn(connection, imsi, replace(apn, context_id=there[apn.name]), is_default=False)
    make_default(connection, imsi, there[wanted[0].name])


def next_context_id(connection: Connection, imsi: str) -> int:
    """A Context-Identifier that this subscriber has not used for any APN that is there."""
    return (connection.scalar(select(func.max(Apn.context_id)).where(Apn.imsi == imsi)) or 0) + 1


def _columns(apn: ApnProfile) -> dict[str, object]:
    return {
        "name": apn.name,
        "pdn_type": apn.pdn_type.value,
        "home_address": str(apn.home_address) if apn.home_address else None,
        "home_address_v4": str(apn.home_address_v4) if apn.home_address_v4 else None,
        "ambr_up": apn.ambr.uplink if apn.ambr else None,
        "ambr_down": apn.ambr.downlink if apn.ambr else None,
    }


def _taken(apn: ApnProfile) -> ProvisioningRefused:
    return ProvisioningRefused(
        f"APN {apn.name}: its Home Address belongs to another subscriber; choose one that is free"
    )
