"""The lanes of one database: who writes, who reads, and what is done without a transaction around it."""

import asyncio
from pathlib import Path

from sqlalchemy import URL

from hss.store.engines import reader_engine, writer_engine
from hss.store.here import Here
from hss.store.lane import Lane, Limits
from hss.store.location import Location
from hss.store.postgres import postgres_at_once_engine, postgres_engine
from hss.store.write_back import LONGEST, WriteBack
from hss.store.writers_turn import WritersTurn
from wire.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Lanes:
    """`at_once` and `at_once_reader` are for work whose statements need no transaction that holds them together."""

    writer: Lane
    readers: tuple[Lane, ...]
    at_once: Lane
    at_once_reader: Lane
    write_back: WriteBack | None = None

    @property
    def all(self) -> tuple[Lane, ...]:
        """Each of them once."""
        return tuple(dict.fromkeys((self.writer, self.at_once, *self.readers, self.at_once_reader)))

    async def close(self) -> None:
        """As each lane's `close`."""
        for lane in self.all:
            await lane.close()
        if self.write_back is not None:
            await asyncio.get_running_loop().run_in_executor(None, self.write_back.close)


def open_lanes(location: Location, limits: Limits) -> Lanes:
    """Lanes for the running event loop, whose threads have begun."""
    return _of_sqlite(location, limits) if isinstance(location, Path) else _of_postgres(location, limits)


def _of_sqlite(path: Path, limits: Limits) -> Lanes:
    """BEGIN and COMMIT ask nobody far away: what is at once is done with the rest."""
    turn, write_back = WritersTurn(path), WriteBack(path)
    here = Here(writer_engine(path, waits=False, log_pages=0), turn)
    writer = Lane(writer_engine(path, log_pages=LONGEST), limits, "hss-writer", turn, here, write_back.wrote)
    readers = tuple(Lane(reader_engine(path, 1), limits, "hss-reader") for _ in range(limits.readers))
    # of its own: whoever counts or lists subscribers reads for long, and no login waits for him
    looking = Here(reader_engine(path, 1, waits=False))
    at_once = Lane(reader_engine(path, 1), limits, "hss-reader-at-once", here=looking)
    return Lanes(writer, readers, writer, at_once, write_back)


def _of_postgres(url: URL, limits: Limits) -> Lanes:
    writer = Lane(postgres_engine(url, connections=1, by_key=True), limits, "hss-writer")
    readers = tuple(
        Lane(postgres_engine(url, connections=1, read_only=True), limits, "hss-reader") for _ in range(limits.readers)
    )
    at_once = Lane(postgres_at_once_engine(url), limits, "hss-writer-at-once")
    return Lanes(
        writer, readers, at_once, Lane(postgres_at_once_engine(url, read_only=True), limits, "hss-reader-at-once")
    )
