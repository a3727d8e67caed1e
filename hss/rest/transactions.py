"""The way of a request into the store: a refusal undoes its own change and nothing of those that share the commit."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection

from hss.audit import Actor
from hss.keys.custody import Custodian
from hss.keys.vault import VaultError
from hss.provisioning.apns import ApnRefused
from hss.provisioning.change import Change, ProvisioningRefused, begin
from hss.store.database import Database

ResultT = TypeVar("ResultT")

_REFUSALS = (ProvisioningRefused, ApnRefused, VaultError)


class Transactions:
    """Reads and changes on `database`; `now` is in UTC, `changed` hears of every change that is committed."""

    def __init__(
        self, database: Database, custodian: Custodian, now: Callable[[], datetime], changed: Callable[[], None]
    ) -> None:
        self.custodian = custodian
        self.now = now
        self._database = database
        self._changed = changed

    async def read(self, operation: Callable[[Connection], ResultT]) -> ResultT:
        """What `operation` finds; StoreError, and what `operation` refuses."""

        def run(connection: Connection) -> ResultT | Exception:
            try:
                return operation(connection)
            except _REFUSALS as refused:
                return refused

        return _or_refused(await self._database.read(run))

    async def change(self, actor: Actor, operation: Callable[[Change], ResultT]) -> ResultT:
        """What `operation` has done, once it is committed; StoreError, and what `operation` refuses."""

        def run(connection: Connection) -> ResultT | Exception:
            try:
                with connection.begin_nested():
                    return operation(begin(connection, self.custodian, actor, self.now))
            except _REFUSALS as refused:
                return refused

        done = _or_refused(await self._database.write(run))
        self._changed()
        return done


def _or_refused(result: ResultT | Exception) -> ResultT:
    if isinstance(result, Exception):
        raise result
    return result
