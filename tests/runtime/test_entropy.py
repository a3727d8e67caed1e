"""Entropy in portions: nothing twice, not in two threads and not in a child."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from runtime.entropy import PORTION, Entropy


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many octets each call of the system was asked for; it counts upwards in them."""
    counts: list[int] = []

    def urandom(count: int) -> bytes:
        first = sum(counts)
        counts.append(count)
        return b"".join((first + at).to_bytes(2, "big")[1:] for at in range(count))

    monkeypatch.setattr(os, "urandom", urandom)
    return counts


def test_gives_as_many_octets_as_are_asked_for() -> None:
    give = Entropy()
    assert [len(give(count)) for count in (0, 1, 2, 16, PORTION, 3 * PORTION)] == [0, 1, 2, 16, PORTION, 3 * PORTION]


def test_asks_the_system_once_for_a_portion(asked: list[int]) -> None:
    give = Entropy()
    for _ in range(PORTION // 16):
        give(16)
    assert asked == [PORTION]


def test_gives_no_octet_twice_and_leaves_none_out(asked: list[int]) -> None:
    give = Entropy()
    given = b"".join(give(count) for count in (1, 2, 253) * 2)
    assert sorted(given[:256]) == sorted({*given[:256]})
    assert sum(asked) == PORTION


def test_gives_nothing_twice_to_two_threads() -> None:
    give = Entropy()
    with ThreadPoolExecutor(4) as threads:
        given = list(threads.map(lambda _: give(8), range(20_000)))
    assert len({*given}) == len(given)


def test_child_gives_other_octets_than_its_parent() -> None:
    give = Entropy()
    give(1)
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.write(writing, give(16))
        os._exit(0)
    os.waitpid(child, 0)
    of_the_child = os.read(reading, 16)
    os.close(reading)
    os.close(writing)
    assert len(of_the_child) == 16
    assert give(16) != of_the_child
