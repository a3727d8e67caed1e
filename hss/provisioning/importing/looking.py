"""The dry run: what an import would do, row by row, with nothing written."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

from hss.provisioning.importing.batches import Refused, already, existing
from hss.provisioning.importing.preparing import Plan
from hss.provisioning.importing.quarantine import Quarantine
from hss.provisioning.importing.rows import NewRow
from hss.provisioning.importing.running import CHUNK
from hss.store.engines import reader_engine, require_store
from hss.store.errors import store_errors
from hss.store.location import Location

EXAMPLES = 5
"""How many rows are shown of those that would be added, and for each cause of refusal."""


@dataclass(slots=True)
class Forecast:
    """What an import would do."""

    added: int = 0
    causes: Counter[str] = field(default_factory=Counter)
    first_added: list[NewRow] = field(default_factory=list)
    first_refused: list[Refused] = field(default_factory=list)


def look(
    location: Location, plan: Plan, *, quarantine: Quarantine | None, tell: Callable[[int, Forecast], None]
) -> Forecast:
    """Read the whole file; `tell` hears the position and what was found so far. StoreError, SourceRefused."""
    forecast = Forecast()
    with _reader(location) as read, closing(_seen()) as seen:
        for chunk in plan.source.chunks(plan.position, plan.line, CHUNK):
            plan.source.require_unchanged()
            rows, refused = plan.rows(chunk)
            there = read([row.imsi for row in rows])
            for row in rows:
                if row.imsi in there or not _first(seen, row.imsi):
                    refused.append(already(row.line, row.imsi, own=row.imsi not in there))
                else:
                    _add(forecast, row)
            refused.sort(key=lambda each: each.line)
            _refuse(forecast, refused)
            if quarantine is not None:
                quarantine.write(refused, dict(chunk.lines))
            tell(chunk.position, forecast)
    return forecast


def _add(forecast: Forecast, row: NewRow) -> None:
    forecast.added += 1
    if len(forecast.first_added) < EXAMPLES:
        forecast.first_added.append(row)


def _refuse(forecast: Forecast, refused: list[Refused]) -> None:
    for each in refused:
        forecast.causes[each.cause.value] += 1
        if forecast.causes[each.cause.value] <= EXAMPLES:
            forecast.first_refused.append(each)


def _seen() -> sqlite3.Connection:
    """The IMSIs of the file so far: on disk, because a file may have many millions of them."""
    seen = sqlite3.connect("", isolation_level=None)
    seen.execute("CREATE TABLE seen (imsi TEXT PRIMARY KEY) WITHOUT ROWID")
    seen.execute("BEGIN")
    return seen


def _first(seen: sqlite3.Connection, imsi: str) -> bool:
    return seen.execute("INSERT OR IGNORE INTO seen VALUES (?)", (imsi,)).rowcount == 1


@contextmanager
def _reader(location: Location) -> Iterator[Callable[[Sequence[str]], dict[str, int | None]]]:
    require_store(location)
    engine = reader_engine(location)

    def there(imsis: Sequence[str]) -> dict[str, int | None]:
        with store_errors(), engine.begin() as connection:
            return existing(connection, imsis)

    try:
        yield there
    finally:
        engine.dispose()
