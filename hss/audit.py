"""The audit trail: every change, by whom, from where, before and after, chained so that nothing is taken out unseen.

Each entry's mac is HMAC-SHA-256 under an audit key over the entry before and itself; the head is sealed likewise, so
that the trail cannot be cut short. Whoever can write to the database, but has not the master key, cannot mend it.
"""

import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection, exists, insert, or_, select, update

from hss.models import AuditEntry, AuditHead, DataKey, KeyPurpose, Subscriber
from wire.secret import Secret

_FIRST = bytes(32)
_AT_ONCE = 1000

Facts = Mapping[str, object]
"""What an entry tells: values that JSON can hold, and no key."""


class AuditKeys(Protocol):
    """Where the keys of the trail are (hss.keys.keyring)."""

    def audit_key(self, connection: Connection) -> tuple[int, Secret]:
        """The number and the octets of the key that is used now."""

    def audit_key_of(self, connection: Connection, key: int) -> Secret:
        """The octets of one key; VaultError when it is not there."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes something, and from where: a user at a host, or a token of the API at an address."""

    name: str
    origin: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it stands: the columns of `hss.models.AuditEntry`, without `mac`."""

    number: int
    at: datetime
    actor: str
    origin: str
    action: str
    subject: str | None
    before: str | None
    after: str | None
    key_id: int

    def octets(self, previous: bytes) -> bytes:
        """What `mac` covers: the mac of the entry before, and every column."""
        columns = [
            self.number, self.at.isoformat(), self.actor, self.origin, self.action, self.subject, self.before,
            self.after, self.key_id,
        ]  # fmt: skip
        return previous + json.dumps(columns, separators=(",", ":")).encode()


_COLUMNS = (
    AuditEntry.number,
    AuditEntry.at,
    AuditEntry.actor,
    AuditEntry.origin,
    AuditEntry.action,
    AuditEntry.subject,
    AuditEntry.before,
    AuditEntry.after,
    AuditEntry.key_id,
)


_CHANGED = (
    select(DataKey.id)
    .where(or_(DataKey.purpose == KeyPurpose.AUDIT, exists().where(Subscriber.data_key_id == DataKey.id)))
    .limit(1)
)
"""Something that is never there without an entry: a key of the trail, or a subscriber whom somebody has added."""


class AuditTrail:
    """Writes and reads the trail; `clock` gives the moment, in UTC."""

    def __init__(self, keys: AuditKeys, clock: Callable[[], datetime]) -> None:
        self._keys = keys
        self._clock = clock

    def record(
        self,
        connection: Connection,
        actor: Actor,
        action: str,
        subject: str | None = None,
        *,
        before: Facts | None = None,
        after: Facts | None = None,
    ) -> None:
        """Add an entry in the transaction of the change itself; other changes wait until that ends."""
        key_id, key = self._keys.audit_key(connection)
        # the lock of this row puts the entries of all processes in order
        head = update(AuditHead).values(number=AuditHead.number + 1).returning(AuditHead.number, AuditHead.mac)
        number, previous = connection.execute(head).one()
        entry = Entry(
            number, self._clock(), actor.name, actor.origin, action, subject, _canonical(before), _canonical(after),
            key_id,
        )  # fmt: skip
        mac = hmac.digest(key, entry.octets(previous), "sha256")
        connection.execute(
            insert(AuditEntry).values(
                number=number,
                at=entry.at,
                actor=entry.actor,
                origin=entry.origin,
                action=action,
                subject=subject,
                before=entry.before,
                after=entry.after,
                key_id=key_id,
                mac=mac,
            )
        )
        connection.execute(update(AuditHead).values(mac=mac, key_id=key_id, seal=_seal(key, number, mac)))

    def verify(self, connection: Connection) -> Iterator[str]:
        """What is wrong with the trail, a line each, as it is found; nothing when it is whole."""
        number, previous = 0, _FIRST
        rows = select(*_COLUMNS, AuditEntry.mac).order_by(AuditEntry.number)
        with connection.execute(rows, execution_options={"yield_per": _AT_ONCE}) as found:
            for *columns, mac in found:
                entry = Entry(*columns)
                if entry.number != number + 1:
                    # after a gap the entry before is not known: what can be said is said from the next one on
                    yield _missing(number + 1, entry.number - 1)
                elif not self._follows(connection, entry, previous, mac):
                    yield f"entry {entry.number} was altered, or does not follow entry {number}"
                number, previous = entry.number, mac
        yield from self._verify_head(connection, number, previous)

    def _follows(self, connection: Connection, entry: Entry, previous: bytes, mac: bytes) -> bool:
        key = self._keys.audit_key_of(connection, entry.key_id)
        return hmac.compare_digest(hmac.digest(key, entry.octets(previous), "sha256"), mac)

    def _verify_head(self, connection: Connection, number: int, mac: bytes) -> Iterator[str]:
        head = connection.execute(select(AuditHead.number, AuditHead.mac, AuditHead.key_id, AuditHead.seal)).first()
        if head is None:
            yield "the head of the trail is missing: whether entries are missing at its end cannot be told"
            return
        if head.number > number:
            yield _missing(number + 1, head.number)
        if head.number == 0 and number == 0 and head.seal is None:
            if connection.execute(_CHANGED).first() is not None:
                yield "every entry is missing"
            return
        key = self._keys.audit_key_of(connection, head.key_id or 0)
        sealed = _seal(key, head.number, head.mac)
        if not hmac.compare_digest(sealed, head.seal or b"") or (head.number <= number and head.mac != mac):
            yield "the head of the trail was altered"


def read_entries(
    connection: Connection, *, subject: str | None = None, action: str | None = None, after: int = 0, limit: int = 100
) -> list[Entry]:
    """At most `limit` entries above number `after`, the oldest first; of one subject, of actions that begin so."""
    rows = select(*_COLUMNS).where(AuditEntry.number > after).order_by(AuditEntry.number).limit(limit)
    if subject is not None:
        rows = rows.where(AuditEntry.subject == subject)
    if action is not None:
        rows = rows.where(AuditEntry.action.startswith(action, autoescape=True))
    return [Entry(*row) for row in connection.execute(rows)]


def _canonical(facts: Facts | None) -> str | None:
    return None if facts is None else json.dumps(facts, sort_keys=True, separators=(",", ":"))


def _seal(key: Secret, number: int, mac: bytes) -> bytes:
    return hmac.digest(key, b"head" + number.to_bytes(8, "big") + mac, "sha256")


def _missing(first: int, last: int) -> str:
    return f"entry {first} is missing" if first == last else f"entries {first} to {last} are missing"
