"""Turns of writers: one at a time for a database, and no turn is no hindrance."""

import fcntl
import os
from pathlib import Path
from threading import Event, Thread

import pytest

from hss.store.writers_turn import WritersTurn


def test_next_writer_waits_for_the_end_of_the_turn(tmp_path: Path) -> None:
    first, second = WritersTurn(tmp_path / "a.sqlite"), WritersTurn(tmp_path / "a.sqlite")
    entered = Event()

    def write() -> None:
        with second:
            entered.set()

    with first:
        thread = Thread(target=write)
        thread.start()
        assert not entered.wait(0.2)
    assert entered.wait(10)
    thread.join()
    first.close()
    second.close()


def test_turn_ends_with_what_is_raised_in_it(tmp_path: Path) -> None:
    first, second = WritersTurn(tmp_path / "a.sqlite"), WritersTurn(tmp_path / "a.sqlite")
    with pytest.raises(ValueError, match="wrong"), first:
        raise ValueError("wrong")
    with second:
        pass
    first.close()
    second.close()


def test_turn_is_taken_again_after_it_was_closed(tmp_path: Path) -> None:
    turn = WritersTurn(tmp_path / "a.sqlite")
    for _ in range(2):
        with turn:
            pass
        turn.close()
    turn.close()


def test_who_can_but_read_the_folder_holds_nobody_up(tmp_path: Path) -> None:
    stranger = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(stranger, fcntl.LOCK_EX)
    turn, other = WritersTurn(tmp_path / "a.sqlite"), WritersTurn(tmp_path / "b.sqlite")
    assert turn.enter_now()
    assert other.enter_now()
    (mode,) = {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert mode == 0o600
    os.close(stranger)
    turn.close()
    other.close()


def test_file_systems_without_locks_give_every_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    turn = WritersTurn(tmp_path / "a.sqlite")
    with turn:
        pass
    turn.close()
