"""The epochs of identity keys in SQL, each sealed under a transport key that every node has (NIST SP 800-38D).

The transport key is none of the HSS's: an AAA server at a distance has it, and has no master key.
"""

from sqlalchemy import Connection, func, insert, select, update

from hss.active_api import StoredEpoch, StoredEpochs
from hss.keys.data_keys import MasterKey
from hss.keys.vault import VaultError, WrongMasterKey
from hss.models import IdentityEpoch, RevokedIdentity
from hss.session_api import LedgerUnavailable
from hss.sessions.unavailable import unavailable
from hss.sessions.upsert import insert_into
from hss.store.database import Database
from hss.store.errors import StoreConflict
from wire.identity import Imsi
from wire.secret import Secret

_TABLE = IdentityEpoch.__tablename__
_COLUMN = "sealed"


async def any_epoch(database: Database) -> bool:
    """Whether there is or was any, which takes no key to know; LedgerUnavailable."""
    chosen = select(IdentityEpoch.number).limit(1)
    with unavailable():
        return await database.read(lambda connection: connection.execute(chosen).first() is not None)


class SqlKeyEpochs:
    """`hss.active_api.KeyEpochs` on `database`, which is open, under the key `transport`."""

    def __init__(self, database: Database, transport: MasterKey) -> None:
        self._database = database
        self._transport = transport
        self._opened: dict[bytes, Secret] = {}

    async def read(self) -> StoredEpochs:
        """As `KeyEpochs.read`."""
        with unavailable():
            return await self._database.read(self._read)

    async def change(self, before: StoredEpochs, after: StoredEpochs) -> bool:
        """As `KeyEpochs.change`."""
        with unavailable():
            try:
                return await self._database.write(lambda connection: self._change(connection, before, after))
            except StoreConflict:
                # another process has just added an epoch of the same number
                return False

    def _read(self, connection: Connection) -> StoredEpochs:
        columns = (IdentityEpoch.number, IdentityEpoch.not_before, IdentityEpoch.sealed)
        rows = connection.execute(select(*columns).order_by(IdentityEpoch.number)).all()
        revoked = connection.execute(
            select(RevokedIdentity.imsi, RevokedIdentity.not_after).order_by(RevokedIdentity.imsi)
        )
        self._opened = {sealed: self._open(number, sealed) for number, _, sealed in rows if sealed is not None}
        return StoredEpochs(
            tuple(StoredEpoch(number, begins, self._key(sealed)) for number, begins, sealed in rows),
            tuple((Imsi(imsi), until) for imsi, until in revoked),
        )

    def _change(self, connection: Connection, before: StoredEpochs, after: StoredEpochs) -> bool:
        if self._read(connection) != before:
            return False
        known = {epoch.number: epoch for epoch in before.epochs}
        for epoch in after.epochs:
            if epoch.number not in known:
                self._insert(connection, epoch)
            elif known[epoch.number].key and not epoch.key:
                gone = update(IdentityEpoch).where(IdentityEpoch.number == epoch.number)
                connection.execute(gone.values(sealed=None, retired=func.current_timestamp()))
        for imsi, until in set(after.revoked) - set(before.revoked):
            revoke = insert_into(connection, RevokedIdentity).values(imsi=str(imsi), not_after=until)
            connection.execute(revoke.on_conflict_do_update(index_elements=["imsi"], set_={"not_after": until}))
        return True

    def _insert(self, connection: Connection, epoch: StoredEpoch) -> None:
        sealed = self._transport.seal(epoch.key, table=_TABLE, column=_COLUMN, imsi=str(epoch.number))
        connection.execute(
            insert(IdentityEpoch).values(
                number=epoch.number,
                not_before=epoch.not_before,
                sealed=sealed,
                transport=self._transport.fingerprint,
            )
        )

    def _key(self, sealed: bytes | None) -> Secret:
        return Secret() if sealed is None else self._opened[sealed]

    def _open(self, number: int, sealed: bytes) -> Secret:
        known = self._opened.get(sealed)
        if known is not None:
            return known
        try:
            return self._transport.open(sealed, table=_TABLE, column=_COLUMN, imsi=str(number))
        except WrongMasterKey:
            cause = "was sealed under another transport key; name the right one in transport_key of [aaa.identities]"
            raise LedgerUnavailable(f"epoch {number} of the identity keys {cause}") from None
        except VaultError as error:
            raise LedgerUnavailable(f"epoch {number} of the identity keys does not open: {error}") from None
