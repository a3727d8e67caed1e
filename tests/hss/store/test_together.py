"""Each request is answered in its place, each work is done once, and all processes keep the same order."""

from collections.abc import Sequence
from dataclasses import dataclass
from unittest.mock import create_autospec

import pytest
from sqlalchemy import Connection

from hss.store.together import Work, answers

CONNECTION: Connection = create_autospec(Connection, instance=True)


@dataclass(frozen=True)
class Asked:
    work: Work[int, int]
    request: int


def recorded(done: list[str], name: str, factor: int) -> Work[int, int]:
    def work(connection: Connection, requests: Sequence[int]) -> Sequence[int]:
        assert connection is CONNECTION
        done.append(name)
        return [request * factor for request in requests]

    work.__qualname__ = name
    return work


def test_each_has_its_answer_and_works_are_in_the_order_of_their_names() -> None:
    done: list[str] = []
    first, second = recorded(done, "first", 10), recorded(done, "second", 100)
    asked = [Asked(second, 1), Asked(first, 2), Asked(second, 3)]
    assert answers(CONNECTION, asked) == [100, 20, 300]
    assert done == ["first", "second"]


def test_one_work_is_done_once_for_all() -> None:
    done: list[str] = []
    work = recorded(done, "only", 2)
    assert answers(CONNECTION, [Asked(work, number) for number in range(4)]) == [0, 2, 4, 6]
    assert done == ["only"]


def test_a_work_that_forgets_one_is_noticed() -> None:
    def forgetful(_connection: Connection, requests: Sequence[int]) -> Sequence[int]:
        return requests[1:]

    with pytest.raises(ValueError, match="shorter"):
        answers(CONNECTION, [Asked(forgetful, 1), Asked(forgetful, 2), Asked(recorded([], "a", 1), 3)])
    with pytest.raises(ValueError, match="answers"):
        answers(CONNECTION, [Asked(forgetful, 1), Asked(forgetful, 2)])
