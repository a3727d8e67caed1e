"""What an operator does with subscribers, one transaction each; keys go in and never come out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from hss.algorithms import read_settings
from hss.api import ApnProfile, Profile
from hss.auc import SubscriberKeys
from hss.custody import Custodian
from hss.models import DEFAULT_PROFILE, Apn, Subscriber, SubscriberState
from hss.profiles import profile_of
from hss.registrations import forget, serving_aaa
from wire.identity import Imsi

_TABLE = Subscriber.__tablename__
_AT_ONCE = 500


class ProvisioningRefused(Exception):
    """It cannot be done; one line that says what to do instead."""


@dataclass(frozen=True, slots=True)
class NewSubscriber:
    """All that `add` needs; `amf` 16 bits, the first of `apns` is the default."""

    imsi: Imsi
    keys: SubscriberKeys
    amf: int
    apns: Sequence[ApnProfile]
    msisdn: str | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """A subscriber as an operator may see it: everything but keys. `seq` is SEQ_HE."""

    profile: Profile
    state: SubscriberState
    amf: int
    seq: int
    serving_aaa: str | None
    created: datetime
    updated: datetime


@dataclass(frozen=True, slots=True)
class Line:
    """A subscriber in a list."""

    imsi: str
    state: SubscriberState
    msisdn: str | None
    seq: int


def add(connection: Connection, custodian: Custodian, new: NewSubscriber) -> None:
    """Add a subscriber, enabled, with SEQ_HE 0. ProvisioningRefused when the IMSI or a Home Address is taken."""
    imsi = str(new.imsi)
    if connection.scalar(select(Subscriber.imsi).where(Subscriber.imsi == imsi)) is not None:
        raise ProvisioningRefused(f"subscriber {imsi} is there already; remove it first, or add another IMSI")
    custodian.keyring.prepare(connection)
    sealed = custodian.columns(imsi, new.keys, read_settings(connection)[DEFAULT_PROFILE])
    connection.execute(insert(Subscriber).values(imsi=imsi, **sealed, amf=new.amf, msisdn=new.msisdn))
    for number, apn in enumerate(new.apns):
        _add_apn(connection, imsi, apn, is_default=number == 0)


def show(connection: Connection, imsi: Imsi) -> Account:
    """The subscriber without its keys; ProvisioningRefused when there is none."""
    columns = (Subscriber.state, Subscriber.amf, Subscriber.seq, Subscriber.created, Subscriber.updated)
    row = connection.execute(select(*columns).where(Subscriber.imsi == str(imsi))).first()
    profile = profile_of(connection, imsi)
    if row is None or profile is None:
        raise _unknown(imsi)
    return Account(
        profile=profile,
        state=row.state,
        amf=row.amf,
        seq=row.seq,
        serving_aaa=serving_aaa(connection, str(imsi)),
        created=row.created,
        updated=row.updated,
    )


def lines(connection: Connection) -> Iterator[Line]:
    """Every subscriber in the order of IMSIs, read as they are taken."""
    columns = select(Subscriber.imsi, Subscriber.state, Subscriber.msisdn, Subscriber.seq).order_by(Subscriber.imsi)
    for row in connection.execution_options(yield_per=_AT_ONCE).execute(columns):
        yield Line(row.imsi, row.state, row.msisdn, row.seq)


def enable(connection: Connection, imsi: Imsi) -> None:
    """Let the subscriber use non-3GPP access; ProvisioningRefused when there is none."""
    _set_state(connection, imsi, SubscriberState.ENABLED)


def disable(connection: Connection, imsi: Imsi) -> None:
    """Bar the subscriber and end its registration; ProvisioningRefused when there is none."""
    _set_state(connection, imsi, SubscriberState.BARRED)
    forget(connection, str(imsi))


def remove(connection: Connection, imsi: Imsi) -> None:
    """Delete the subscriber with its keys and everything that is its; ProvisioningRefused when there is none."""
    if connection.execute(delete(Subscriber).where(Subscriber.imsi == str(imsi))).rowcount == 0:
        raise _unknown(imsi)


def _set_state(connection: Connection, imsi: Imsi, state: SubscriberState) -> None:
    change = update(Subscriber).values(state=state, updated=func.current_timestamp())
    if connection.execute(change.where(Subscriber.imsi == str(imsi))).rowcount == 0:
        raise _unknown(imsi)


def _add_apn(connection: Connection, imsi: str, apn: ApnProfile, *, is_default: bool) -> None:
    row = {
        "imsi": imsi,
        "context_id": apn.context_id,
        "name": apn.name,
        "pdn_type": apn.pdn_type.value,
        "home_address": str(apn.home_address) if apn.home_address else None,
        "home_address_v4": str(apn.home_address_v4) if apn.home_address_v4 else None,
        "ambr_up": apn.ambr.uplink if apn.ambr else None,
        "ambr_down": apn.ambr.downlink if apn.ambr else None,
        "is_default": is_default,
    }
    try:
        connection.execute(insert(Apn).values(**row))
    except IntegrityError:
        raise ProvisioningRefused(
            f"APN {apn.name}: its Home Address belongs to another subscriber; choose one that is free"
        ) from None


def _unknown(imsi: Imsi) -> ProvisioningRefused:
    return ProvisioningRefused(f"there is no subscriber {imsi}; see them with: akadia subscriber list")
