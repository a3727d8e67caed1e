"""A log line that cannot be written harms nobody."""

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.log_stream import LogStream
from runtime.logs import configure, get_logger, silence


@pytest.fixture(autouse=True)
def _silent_afterwards() -> Iterator[None]:
    yield
    silence()


def test_lines_pass() -> None:
    stream = io.StringIO()
    log = LogStream(stream)
    assert log.write("a line\n") == 7
    log.flush()
    assert (stream.getvalue(), log.lost) == ("a line\n", 0)


def test_line_whose_reader_has_gone_is_lost_and_nothing_is_raised() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w", buffering=1)
    configure("info", "text", stream)
    for _ in range(3):
        get_logger("runtime.test").info("nobody hears it")
    log = LogStream(stream)
    log.write("nor this\n")
    log.flush()
    assert log.lost
    with pytest.raises(BrokenPipeError):
        stream.close()


def test_line_for_a_full_disk_is_lost_and_the_next_is_tried() -> None:
    with Path("/dev/full").open("w", buffering=1) as full:
        log = LogStream(full)
        log.write("no room\n")
        log.write("still none\n")
        assert log.lost == 2
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, full.fileno())
        os.close(nowhere)
        log.write("room again\n")
        assert log.lost == 2


def test_closed_stream_takes_nothing() -> None:
    stream = io.StringIO()
    stream.close()
    log = LogStream(stream)
    log.write("too late\n")
    assert log.lost == 1
