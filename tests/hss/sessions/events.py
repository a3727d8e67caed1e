"""Accounting records as a gateway's clock makes them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from hss.session_api import AccountingRecord, AccountingStatus, Grant, Usage
from wire.identity import Imsi

NOON = datetime(2027, 1, 2, 12, tzinfo=UTC)
IMSI = Imsi("001010000000001")
CLASS = b"\x17" + bytes(32)


def event(
    status: AccountingStatus,
    after: float = 0,
    *,
    session: str = "0001",
    nas: str = "ap1",
    client: str = "lab",
    radius_class: bytes | None = CLASS,
    usage: Usage | None = None,
    end_cause: str | None = None,
) -> AccountingRecord:
    """What happened `after` seconds past noon."""
    at = NOON + timedelta(seconds=after)
    whole_nas = status in {AccountingStatus.ON, AccountingStatus.OFF}
    record = AccountingRecord(
        fingerprint=b"",
        status=status,
        session_key=None if whole_nas else sha256(f"{client} {nas} {session}".encode()).digest()[:16],
        session_id="" if whole_nas else session,
        client=client,
        nas=nas,
        source="192.0.2.1",
        at=at,
        received=at,
        user_name=None if whole_nas else "anonymous@example.org",
        radius_class=None if whole_nas else radius_class,
        calling_station="00-10-A4-23-19-C0",
        usage=usage or Usage(),
        end_cause=end_cause,
    )
    return replace(record, fingerprint=sha256(repr(record).encode()).digest())


def start(after: float = 0, **more: object) -> AccountingRecord:
    """Start."""
    return event(AccountingStatus.START, after, **more)  # type: ignore[arg-type]


def interim(after: float, octets: int = 0, **more: object) -> AccountingRecord:
    """Interim-Update with `octets` each way."""
    usage = Usage(int(after), octets, octets, 1, 2)
    return event(AccountingStatus.INTERIM, after, usage=usage, **more)  # type: ignore[arg-type]


def stop(after: float, octets: int = 0, **more: object) -> AccountingRecord:
    """Stop with `octets` each way."""
    usage = Usage(int(after), octets, octets, 1, 2)
    return event(AccountingStatus.STOP, after, usage=usage, end_cause="user-request", **more)  # type: ignore[arg-type]


def nas_on(after: float, **more: object) -> AccountingRecord:
    """Accounting-On."""
    return event(AccountingStatus.ON, after, **more)  # type: ignore[arg-type]


def granted(radius_class: bytes = CLASS, imsi: Imsi = IMSI) -> Grant:
    """The authentication before it all."""
    return Grant(radius_class, imsi, str(imsi), "AKA", "lab", "ap1", NOON, "internet")
