"""What SQLite's log has grown by goes into its file beside those who write, and the log begins anew once it is long."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from hss.store import write_back
from hss.store.engines import reader_engine, writer_engine
from hss.store.write_back import EVERY, SELDOM, WriteBack
from hss.store.writers_turn import WritersTurn

PATIENCE = 20.0


@pytest.fixture
def writing(database_path: Path) -> Iterator[Callable[[], None]]:
    """Writes some 50 pages by a commit that writes nothing back."""
    engine = writer_engine(database_path, log_pages=0)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE filling (content BLOB)"))

    def write() -> None:
        with engine.begin() as connection:
            connection.execute(text("INSERT INTO filling VALUES (zeroblob(200000))"))

    yield write
    engine.dispose()


@pytest.fixture
def back(database_path: Path) -> Iterator[WriteBack]:
    one = WriteBack(database_path)
    yield one
    one.close()


def comes_true(check: Callable[[], bool]) -> bool:
    until = time.monotonic() + PATIENCE
    while not check() and time.monotonic() < until:
        time.sleep(0.01)
    return check()


def test_log_goes_into_the_file_after_so_many_transactions(
    database_path: Path, writing: Callable[[], None], back: WriteBack
) -> None:
    size = database_path.stat().st_size
    for _ in range(EVERY - 1):
        writing()
        back.wrote()
    assert database_path.stat().st_size == size
    back.wrote()
    assert comes_true(lambda: database_path.stat().st_size > size + 6_000_000)


def test_writers_go_on_meanwhile(database_path: Path, writing: Callable[[], None], back: WriteBack) -> None:
    engine, size = writer_engine(database_path, log_pages=0), database_path.stat().st_size
    writing()
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO filling VALUES (zeroblob(200000))"))
        for _ in range(EVERY):
            back.wrote()
        assert comes_true(lambda: database_path.stat().st_size > size), "a writer was waited for"
    engine.dispose()


@pytest.mark.parametrize(("long", "expected"), [(8_000, 0), (100, 1)])
def test_long_log_is_caught_up_with_in_a_turn_and_begun_anew(
    database_path: Path, writing: Callable[[], None], monkeypatch: pytest.MonkeyPatch, long: int, expected: int
) -> None:
    turns: list[Path] = []

    class Turn(WritersTurn):
        def __enter__(self) -> None:
            # whoever writes between the first writing back and the turn, as others do under load
            writing()
            turns.append(database_path)

    monkeypatch.setattr(write_back, "WritersTurn", Turn)
    monkeypatch.setattr(write_back, "LONG", long)
    back = WriteBack(database_path)
    for _ in range(4):
        writing()
    before, begun = database_path.stat().st_size, generation(database_path)
    for _ in range(EVERY):
        back.wrote()
    assert comes_true(lambda: database_path.stat().st_size > before)
    back.close()
    writing()
    assert (len(turns), generation(database_path) > begun) == (expected, True)


def generation(path: Path) -> int:
    """How often the log was begun anew (https://www.sqlite.org/fileformat2.html §4.1)."""
    return int.from_bytes(Path(f"{path}-wal").read_bytes()[12:16], "big")


def test_few_pages_are_written_back_more_seldom(database_path: Path) -> None:
    back = WriteBack(database_path)
    paces = []
    for pages in (100, 200, -1, 250, 12_250, 600):
        back._pace(pages)
        paces.append(back._every)
    back.close()
    # 100 pages by 32 transactions, 100 by 320, no number, 50 by 512, 12,000 by 512, 600 of a log begun anew by 42
    assert paces == [320, 512, 512, 512, 42, 70]


def test_log_that_another_writes_back_changes_no_pace(database_path: Path) -> None:
    back = WriteBack(database_path)
    back._pace(-1)
    assert (back._every, back._pages) == (EVERY, 0)
    back.close()


def test_what_cannot_be_written_back_is_said_once(database_path: Path, back: WriteBack) -> None:
    database_path.unlink()
    with capture_logs() as lines:
        for _ in range(3):
            for _ in range(EVERY):
                back.wrote()
            assert comes_true(lambda: bool(lines))
            time.sleep(0.05)
        back.close()
    (line,) = lines
    assert (line["event"], line["database"]) == ("log not written back", str(database_path))
    assert "unable to open" in line["cause"]


def test_log_that_grows_because_somebody_reads_is_said_once_each_time(
    database_path: Path, writing: Callable[[], None], back: WriteBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_back, "LONG", 100)
    monkeypatch.setattr(write_back, "LONGEST", 300)
    reader = reader_engine(database_path)

    def wrote() -> None:
        for _ in range(20):
            writing()
        for _ in range(SELDOM):
            back.wrote()
        time.sleep(0.05)

    def has_said(lines_at_least: int) -> bool:
        wrote()
        return len(lines) >= lines_at_least

    def starts_anew() -> bool:
        writing()
        for _ in range(SELDOM):
            back.wrote()
        time.sleep(0.02)
        return not back._is_stuck

    with capture_logs() as lines:
        wrote()
        assert lines == [], "nobody reads"
        for time_of_it in (1, 2):
            with reader.begin() as reading:
                reading.execute(text("SELECT count(*) FROM filling")).one()
                assert comes_true(partial(has_said, time_of_it))
                assert not has_said(time_of_it + 1)
            assert comes_true(starts_anew)
    reader.dispose()
    assert len(lines) == 2
    assert lines[0]["event"] == "log grows"
    assert lines[0]["cause"].startswith("somebody reads for long in one transaction")
    assert (lines[0]["size"].endswith(" MB"), lines[0]["database"]) == (True, str(database_path))


def test_closing_twice_is_closing_once(database_path: Path) -> None:
    one = WriteBack(database_path)
    one.close()
    one.close()
