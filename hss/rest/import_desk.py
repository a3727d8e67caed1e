"""Files that come over the API: one at a time, worked on beside the event loop, and gone when that is done."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from hss.algorithms import read_settings
from hss.audit import Actor, AuditTrail
from hss.keys.custody import Custodian
from hss.keys.data_keys import MasterKey
from hss.keys.vault import VaultError
from hss.provisioning.change import ProvisioningRefused
from hss.provisioning.importing.batches import Batch, ImportRefused
from hss.provisioning.importing.looking import Forecast, look
from hss.provisioning.importing.mapping import Mapping, MappingRefused, built_in, load
from hss.provisioning.importing.preparing import Plan, prepare
from hss.provisioning.importing.quarantine import Quarantine
from hss.provisioning.importing.running import Importer, Record, audited, begin, opened
from hss.provisioning.importing.source import Source
from hss.provisioning.importing.undoing import Rollback
from hss.store.engines import transaction
from hss.store.errors import StoreError
from hss.store.location import Location
from runtime.config import ConfigError
from runtime.logs import get_logger

log = get_logger("hss.api")

Begun = Callable[[Batch], None]
"""Hears of the batch when its work begins."""

_UPLOAD = "upload-"


class Interrupted(ProvisioningRefused):
    """The HSS ends; the same request goes on with it another time."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where imports work: the store, the master key of it, and the folder for uploads and quarantine files."""

    location: Location
    master: MasterKey
    folder: Path
    mappings: Path | None
    default_apn: str


@dataclass(slots=True)
class Work:
    """What this process does now: the batch as it was last heard of, and the octets of its file."""

    batch: Batch
    size: int | None = None


class ImportDesk:
    """Takes one file at a time. Its methods raise ProvisioningRefused and StoreError; `now` is in UTC."""

    def __init__(self, place: Place, now: Callable[[], datetime], changed: Callable[[], None]) -> None:
        self._place = place
        self._now = now
        self._changed = changed
        self._taken = False
        self._ends = False
        self._tasks: set[asyncio.Task[None]] = set()
        self.work: Work | None = None
        """What is being done, None when nothing is."""
        self.failures: dict[int, str] = {}
        """Why the last run of an import in this process did not come to its end, by number."""

    def open(self) -> None:
        """Make the folder, and take away the files of a process that was killed: they hold keys.

        ConfigError when there is no folder of mappings where one is named.
        """
        mappings = self._place.mappings
        if mappings is not None and not mappings.is_dir():
            raise ConfigError(f'{mappings}: is no folder; correct mappings of [hss.api], or write ""')
        self._place.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in self._place.folder.glob(f"{_UPLOAD}*"):
            shutil.rmtree(left, ignore_errors=True)

    async def close(self) -> None:
        """Stop at the end of a chunk; the same file goes on from there."""
        self._ends = True
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def quarantine(self, number: int) -> Path:
        """Where the rows are that became no subscribers."""
        return self._place.folder / f"{number}.quarantine"

    async def forecast(self, name: str, mapping: str, pieces: AsyncIterator[bytes]) -> Forecast:
        """What an import would do; nothing is written but a copy of the file, for as long as it takes."""
        with self._taken_here() as hold:
            path = await self._received(name, pieces, hold)
            return await asyncio.to_thread(self._look, path, mapping)

    async def start(self, name: str, mapping: str, pieces: AsyncIterator[bytes], actor: Actor) -> Batch:
        """Begin, or go on with, the import of a file; the batch as it begins. The rest is done behind the answer."""
        with self._taken_here() as hold:
            path = await self._received(name, pieces, hold)
            return await self._behind(lambda begun: self._import(path, mapping, actor, begun), hold.pop_all())

    async def roll_back(self, number: int, actor: Actor, *, keep_changed: bool) -> Batch:
        """Begin to undo an import; the batch as it is. The rest is done behind the answer."""
        with self._taken_here() as hold:
            undo = partial(self._undo, number, actor, keep_changed=keep_changed)
            return await self._behind(undo, hold.pop_all())

    def _taken_here(self) -> ExitStack:
        """The desk for one file, until what is returned is closed."""
        if self._taken:
            number = f"import {self.work.batch.id}" if self.work else "another file"
            raise ImportRefused(f"this HSS works on {number}; try again when that is done")
        self._taken = True
        hold = ExitStack()
        hold.callback(self._leave)
        return hold

    def _leave(self) -> None:
        self.work = None
        self._taken = False

    async def _received(self, name: str, pieces: AsyncIterator[bytes], hold: ExitStack) -> Path:
        """The file, where its owner alone can read it, as long as `hold` is not closed."""
        folder = Path(mkdtemp(prefix=_UPLOAD, dir=self._place.folder))
        hold.callback(shutil.rmtree, folder, ignore_errors=True)
        with os.fdopen(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            async for piece in pieces:
                file.write(piece)
        return folder / name

    async def _behind(self, work: Callable[[Begun], None], hold: ExitStack) -> Batch:
        """Run `work` in a thread, then close `hold`; the batch as soon as it has begun, or what it raises before."""
        loop = asyncio.get_running_loop()
        begun: asyncio.Future[Batch] = loop.create_future()

        def hear(batch: Batch) -> None:
            loop.call_soon_threadsafe(begun.set_result, batch)

        task = asyncio.create_task(self._run(lambda: work(hear), hold))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        both: list[asyncio.Future[Any]] = [begun, task]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if not begun.done():
            await task
        return begun.result()

    async def _run(self, work: Callable[[], None], hold: ExitStack) -> None:
        with hold:
            try:
                await asyncio.to_thread(work)
            except (ProvisioningRefused, StoreError, VaultError, OSError) as error:
                if self.work is None:
                    raise
                self.failures[self.work.batch.id] = str(error)
                log.warning("import not at its end", cause=str(error), number=self.work.batch.id)
        self._changed()

    def _import(self, path: Path, mapping: str, actor: Actor, begun: Begun) -> None:
        """In a thread: from the first line to the last."""
        custodian = Custodian(self._place.master)
        record = self._record(custodian, actor)
        with closing(Source.open(path)) as source, opened(self._place.location) as writer:
            plan = self._plan(source, mapping)
            batch, goes_on = begin(writer, plan, actor=f"{actor.name} ({actor.origin})", record=record)
            self.failures.pop(batch.id, None)
            self.work = Work(batch, source.size)
            begun(batch)
            with closing(Quarantine(self.quarantine(batch.id))) as kept:
                if goes_on and batch.line > plan.line:
                    kept.resume(batch.line)
                else:
                    kept.begin()
                Importer(writer, custodian, plan, kept).run(batch, record=record, tell=self._hear)

    def _undo(self, number: int, actor: Actor, begun: Begun, *, keep_changed: bool) -> None:
        """In a thread: every subscriber that the batch brought."""
        record = self._record(Custodian(self._place.master), actor)
        with opened(self._place.location) as writer:
            undo = Rollback(writer, number, keep_changed=keep_changed)
            batch, _ = undo.begin(record)
            self.failures.pop(batch.id, None)
            self.work = Work(batch)
            begun(batch)
            removed = 0
            while step := undo.step(batch):
                removed += step
                self._hear(batch)
            undo.finish(batch, removed, record)

    def _hear(self, batch: Batch) -> None:
        if self.work is not None:
            self.work.batch = batch
        if self._ends:
            raise Interrupted("the HSS ended meanwhile; ask for the same again, and it goes on")

    def _look(self, path: Path, mapping: str) -> Forecast:
        def hear(_position: int, _found: Forecast) -> None:
            if self._ends:
                raise Interrupted("the HSS ended meanwhile")

        with closing(Source.open(path)) as source:
            return look(self._place.location, self._plan(source, mapping), quarantine=None, tell=hear)

    def _plan(self, source: Source, mapping: str) -> Plan:
        with transaction(self._place.location, read_only=True) as connection:
            settings = read_settings(connection)
        return prepare(source, self._mapping(mapping), settings, os.environ, default_apn=self._place.default_apn)

    def _mapping(self, name: str) -> Mapping:
        """One that comes with Akadia, or is in the operator's folder: no path of the caller's is opened."""
        if name in built_in():
            return load(name)
        own = self._place.mappings / f"{name}.toml" if self._place.mappings else None
        if own is None or not own.is_file():
            known = sorted({*built_in(), *self._own_mappings()})
            raise MappingRefused(f"there is no mapping {name}; there are {', '.join(known)}")
        return load(str(own))

    def _own_mappings(self) -> list[str]:
        return [path.stem for path in self._place.mappings.glob("*.toml")] if self._place.mappings else []

    def _record(self, custodian: Custodian, actor: Actor) -> Record:
        return audited(AuditTrail(custodian.keyring, self._now), actor)
