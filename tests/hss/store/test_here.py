"""What is done in the loop's own thread is whole, and waits neither for other writers nor for a slow disk."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from hss.store.engines import transaction, writer_engine
from hss.store.errors import StoreConflict
from hss.store.here import LONGEST_PAUSE, PATIENCE, PAUSE, Here
from hss.store.together import Work
from hss.store.writers_turn import WritersTurn


@dataclass(frozen=True)
class Asked:
    work: Work[int, int]
    request: int


class Clock:
    """Stands still, but for what a work is said to take."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def here(database_path: Path, clock: Clock) -> Here:
    return Here(writer_engine(database_path, waits=False), WritersTurn(database_path), clock)


def put(connection: Connection, requests: Sequence[int]) -> Sequence[int]:
    for request in requests:
        about = {"name": f"n{request}", "ind": request}
        connection.execute(text("INSERT INTO requesting_node VALUES (:name, 5, :ind, 0, 0, NULL)"), about)
    return requests


def nodes(path: Path) -> int:
    with transaction(path, read_only=True) as connection:
        return int(connection.execute(text("SELECT count(*) FROM requesting_node")).scalar_one())


def test_answers_are_committed(here: Here, database_path: Path) -> None:
    assert here.answers([Asked(put, 1), Asked(put, 2)]) == [1, 2]
    assert nodes(database_path) == 2
    here.close()


def test_nothing_stays_of_what_failed_and_the_next_turn_is_anybodys(here: Here, database_path: Path) -> None:
    with pytest.raises(StoreConflict):
        here.answers([Asked(put, 1), Asked(put, 1)])
    assert nodes(database_path) == 0
    with WritersTurn(database_path):
        assert here.answers([Asked(put, 1)]) is None
    assert here.answers([Asked(put, 1)]) == [1]
    here.close()


def test_another_who_writes_without_a_turn_is_not_waited_for(here: Here, database_path: Path) -> None:
    with transaction(database_path) as connection:
        put(connection, [1])
        assert here.answers([Asked(put, 2)]) is None
    assert here.answers([Asked(put, 2)]) == [2]
    assert nodes(database_path) == 2
    here.close()


def test_slow_disk_is_tried_again_after_a_pause(here: Here, clock: Clock, database_path: Path) -> None:
    def slowly(connection: Connection, requests: Sequence[int]) -> Sequence[int]:
        clock.now += PATIENCE * 1.5
        return put(connection, requests)

    assert here.answers([Asked(slowly, 1)]) == [1]
    assert here.answers([Asked(put, 2)]) is None
    clock.now += PAUSE
    assert here.answers([Asked(put, 2)]) == [2]
    assert nodes(database_path) == 2
    here.close()


def test_disk_that_stays_slow_is_tried_ever_more_seldom(here: Here, clock: Clock) -> None:
    def take(_connection: Connection, requests: Sequence[int]) -> Sequence[int]:
        clock.now += 2 * PATIENCE * requests[0]
        return requests

    def tried_again_after(slow: int) -> float:
        began = clock.now
        while here.answers([Asked(take, slow)]) is None:
            clock.now += PAUSE / 4
        return clock.now - began

    found = [tried_again_after(1) for _ in range(8)]
    assert found[1:6] == pytest.approx([PAUSE * 2**often for often in range(5)], abs=PAUSE / 2)
    assert found[6:] == pytest.approx([LONGEST_PAUSE] * 2, abs=PAUSE / 2)
    for _ in range(10):
        tried_again_after(0)
    tried_again_after(1)
    assert tried_again_after(0) == pytest.approx(PAUSE, abs=PAUSE / 2), "it has been quick since"
    here.close()


def test_log_of_sqlite_is_written_back_by_others(database_path: Path) -> None:
    here = Here(writer_engine(database_path, waits=False, log_pages=0))
    size, log = database_path.stat().st_size, Path(f"{database_path}-wal")

    def fill(connection: Connection, requests: Sequence[int]) -> Sequence[int]:
        connection.execute(text("CREATE TABLE filling (content BLOB)"))
        connection.execute(text("INSERT INTO filling VALUES (zeroblob(6000000))"))
        return requests

    assert here.answers([Asked(fill, 1)]) == [1]
    assert (database_path.stat().st_size, log.stat().st_size > 6_000_000) == (size, True)
    here.close()
