"""Subscribers by what they have in common, a page at a time."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, exists, func, select

from hss.models import Apn, Registration, Subscriber, SubscriberState

_AT_ONCE = 500
_IMSI_LENGTH = 15


@dataclass(frozen=True, slots=True)
class Filter:
    """What a subscriber must be like; None asks for nothing."""

    state: SubscriberState | None = None
    imsi_prefix: str | None = None
    msisdn: str | None = None
    apn: str | None = None
    profile: str | None = None
    serving_aaa: str | None = None
    batch: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A subscriber in a list."""

    imsi: str
    state: SubscriberState
    msisdn: str | None
    profile: str
    seq: int


def lines(
    connection: Connection, wanted: Filter | None = None, *, after: str = "", limit: int | None = None
) -> Generator[Line, None, None]:
    """The subscribers above IMSI `after` in the order of IMSIs, at most `limit`, read as they are taken."""
    columns = (Subscriber.imsi, Subscriber.state, Subscriber.msisdn, Subscriber.profile, Subscriber.seq)
    rows = _filtered(select(*columns), wanted or Filter()).where(Subscriber.imsi > after).order_by(Subscriber.imsi)
    with connection.execute(rows.limit(limit), execution_options={"yield_per": _AT_ONCE}) as found:
        for row in found:
            yield Line(*row)


def count(connection: Connection, wanted: Filter | None = None) -> int:
    """How many subscribers there are of that kind."""
    return connection.scalar(_filtered(select(func.count()).select_from(Subscriber), wanted or Filter())) or 0


def _filtered(rows: Select[*tuple[Any, ...]], wanted: Filter) -> Select[*tuple[Any, ...]]:
    if wanted.state is not None:
        rows = rows.where(Subscriber.state == wanted.state)
    if wanted.imsi_prefix:
        # a range, which an index serves on every engine; of digits, which have one order in every language
        rows = rows.where(Subscriber.imsi.between(wanted.imsi_prefix, wanted.imsi_prefix.ljust(_IMSI_LENGTH, "9")))
    if wanted.msisdn is not None:
        rows = rows.where(Subscriber.msisdn == wanted.msisdn)
    if wanted.profile is not None:
        rows = rows.where(Subscriber.profile == wanted.profile)
    if wanted.batch is not None:
        rows = rows.where(Subscriber.batch_id == wanted.batch)
    if wanted.apn is not None:
        rows = rows.where(exists().where(Apn.imsi == Subscriber.imsi, Apn.name == wanted.apn.lower()))
    if wanted.serving_aaa is not None:
        served = (Registration.imsi == Subscriber.imsi, Registration.aaa_name == wanted.serving_aaa.lower())
        rows = rows.where(exists().where(*served))
    return rows
