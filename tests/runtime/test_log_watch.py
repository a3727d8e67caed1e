"""Whom daemons are told to watch, and for how long."""

from pathlib import Path

import pytest

from runtime.config import ConfigError
from runtime.log_watch import LONGEST, MOST, Watch, read_watched, write_watched

IMSI = "001010000000001"


class Clock:
    """Stands still until it is told to move."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def watching(path: Path) -> tuple[Watch, Clock, list[frozenset[str]]]:
    told: list[frozenset[str]] = []
    clock = Clock()
    return Watch(path, told.append, clock), clock, told


def test_daemon_is_told_once_and_forgets_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "log-debug.json"
    watch, clock, told = watching(path)
    watch.look()
    assert told == []
    write_watched(path, {IMSI: 1010.0, "001010000000002": 1020.0})
    assert path.stat().st_mode & 0o777 == 0o600
    watch.look()
    watch.look()
    clock.now = 1010.0
    watch.look()
    clock.now = 1020.0
    watch.look()
    assert told == [frozenset({IMSI, "001010000000002"}), frozenset({"001010000000002"}), frozenset()]


def test_nobody_is_left_when_the_file_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "log-debug.json"
    watch, _, told = watching(path)
    write_watched(path, {IMSI: 1010.0})
    watch.look()
    write_watched(path, {})
    assert list(tmp_path.iterdir()) == []
    watch.look()
    assert told == [frozenset({IMSI}), frozenset()]


@pytest.mark.parametrize("text", ["", "[]", "17", '{"1": "soon"}', '{"1": null}'])
def test_file_that_somebody_else_wrote_is_told_once_and_watches_nobody(tmp_path: Path, text: str) -> None:
    path = tmp_path / "log-debug.json"
    watch, _, told = watching(path)
    write_watched(path, {IMSI: 1010.0})
    watch.look()
    path.write_text(text)
    with pytest.raises(ConfigError, match="remove it"):
        watch.look()
    watch.look()
    assert told == [frozenset({IMSI}), frozenset()]


def test_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log-debug.json"
    write_watched(path, {IMSI: 1010.0})
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        read_watched(path)


def test_nobody_is_watched_for_longer_than_a_day_whatever_the_file_says(tmp_path: Path) -> None:
    path = tmp_path / "log-debug.json"
    watch, clock, told = watching(path)
    write_watched(path, {IMSI: clock.now + LONGEST + 5})
    watch.look()
    assert told == []


def test_there_is_an_end_of_the_list(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can be watched at once"):
        write_watched(tmp_path / "log-debug.json", {str(number): 1.0 for number in range(MOST + 1)})
