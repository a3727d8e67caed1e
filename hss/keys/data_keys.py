"""Data keys in SQL: each wrapped by the master key, one of each purpose active (envelope encryption)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection, exists, func, insert, select, update

from hss.keys.vault import MasterKeyRefused
from hss.models import AuditEntry, DataKey, KeyPurpose, KeyState, Subscriber
from wire.sansio import RandomBytes
from wire.secret import Secret

KEY_LENGTH = 32
_TABLE = DataKey.__tablename__


class MasterKey(Protocol):
    """What wraps data keys, wherever it is itself. Its methods raise VaultError."""

    @property
    def fingerprint(self) -> str:
        """16 hex digits that tell one master key from another, and no more."""

    def seal(self, value: bytes, *, table: str, column: str, imsi: str) -> bytes:
        """`value` sealed for the row `imsi` names, and for this table and column."""

    def open(self, sealed: bytes, *, table: str, column: str, imsi: str) -> Secret:
        """What was sealed for this place."""


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A data key as SQL has it; a retired one has no octets."""

    id: int
    purpose: KeyPurpose
    state: KeyState
    master: str
    created: datetime
    wrapped: bytes | None
    retired: datetime | None


_COLUMNS = (
    DataKey.id,
    DataKey.purpose,
    DataKey.state,
    DataKey.master,
    DataKey.created,
    DataKey.wrapped,
    DataKey.retired,
)


def read_data_keys(connection: Connection) -> list[WrappedKey]:
    """Every data key, the oldest first."""
    return [WrappedKey(*row) for row in connection.execute(select(*_COLUMNS).order_by(DataKey.id))]


def unwrap(master: MasterKey, key: WrappedKey) -> Secret:
    """The octets of `key`; VaultError when this master key did not wrap them, or they were altered."""
    return master.open(key.wrapped or b"", table=_TABLE, column=key.purpose.value, imsi=str(key.id))


def active_key(connection: Connection, purpose: KeyPurpose, *, held: bool = True) -> int | None:
    """The id of the active key; `held`, in a writing transaction, nobody rotates it before that ends."""
    active = select(DataKey.id).where(DataKey.purpose == purpose, DataKey.state == KeyState.ACTIVE)
    return connection.scalar(active.with_for_update(read=True) if held else active)


def make_key(connection: Connection, master: MasterKey, purpose: KeyPurpose, random: RandomBytes) -> int:
    """A new active key; the one that was active retires from now on. Its id.

    VaultError when another master key than `master` wraps the rest: it was exchanged a moment ago.
    """
    connection.execute(
        update(DataKey)
        .where(DataKey.purpose == purpose, DataKey.state == KeyState.ACTIVE)
        .values(state=KeyState.RETIRING)
    )
    others = select(DataKey.id).where(DataKey.wrapped.is_not(None), DataKey.master != master.fingerprint).limit(1)
    if connection.execute(others).first() is not None:
        raise MasterKeyRefused("the data keys are wrapped by another master key; name that one in hss.master_key")
    # the place of a key is its id, which is there only when the row is
    row = insert(DataKey).values(purpose=purpose, state=KeyState.ACTIVE, master=master.fingerprint, wrapped=b"")
    made = connection.execute(row.returning(DataKey.id)).scalar_one()
    _store(connection, master, made, purpose, Secret(random(KEY_LENGTH)))
    return made


def wrap_anew(connection: Connection, old: MasterKey, new: MasterKey) -> int:
    """Wrap every key under another master key, in this one transaction; how many there were."""
    # whoever makes one meanwhile has to end before it is looked which there are, or begins after this
    connection.execute(select(DataKey.id).order_by(DataKey.id).with_for_update()).all()
    keys = [key for key in read_data_keys(connection) if key.wrapped is not None]
    for key in keys:
        _store(connection, new, key.id, key.purpose, unwrap(old, key))
    return len(keys)


def rows_by_key(connection: Connection) -> dict[int | None, int]:
    """How many subscribers each key seals; None stands for the master key itself."""
    counted = select(Subscriber.data_key_id, func.count()).group_by(Subscriber.data_key_id)
    return {row[0]: row[1] for row in connection.execute(counted)}


def unused_keys(connection: Connection) -> list[int]:
    """Retiring keys that nothing needs any more: the active one alone seals, so nothing will need them again.

    All rows are looked through for it.
    """
    used = exists().where(Subscriber.data_key_id == DataKey.id) | exists().where(AuditEntry.key_id == DataKey.id)
    return sorted(connection.scalars(select(DataKey.id).where(DataKey.state == KeyState.RETIRING, ~used)))


def retire(connection: Connection, unused: Sequence[int]) -> list[int]:
    """Delete the octets of those that are retiring still; their ids."""
    retired = (
        update(DataKey)
        .where(DataKey.state == KeyState.RETIRING, DataKey.id.in_(unused))
        .values(state=KeyState.RETIRED, wrapped=None, retired=func.current_timestamp())
        .returning(DataKey.id)
    )
    return sorted(connection.scalars(retired))


def _store(connection: Connection, master: MasterKey, key: int, purpose: KeyPurpose, octets: Secret) -> None:
    wrapped = master.seal(octets, table=_TABLE, column=purpose.value, imsi=str(key))
    connection.execute(update(DataKey).where(DataKey.id == key).values(wrapped=wrapped, master=master.fingerprint))
