"""What shares one transaction, and the order that it is done in."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection

RequestT = TypeVar("RequestT")
AnswerT = TypeVar("AnswerT")

Work = Callable[[Connection, Sequence[RequestT]], Sequence[AnswerT]]
"""What is done for many requests in one transaction: an answer for each, in their order."""


class Wanted(Protocol):
    """One request, and the work that answers it."""

    @property
    def work(self) -> Work[Any, Any]:
        """What answers it."""

    @property
    def request(self) -> object:
        """What `work` takes."""


def answers(connection: Connection, wanted: Sequence[Wanted]) -> Sequence[object]:
    """An answer for each of `wanted`, in their order, inside the transaction of `connection`."""
    first = wanted[0].work
    requests = [one.request for one in wanted if one.work is first]
    if len(requests) == len(wanted):
        only = first(connection, requests)
        if len(only) != len(wanted):
            raise ValueError(f"{_name_of(first)} gave {len(only)} answers for {len(wanted)} requests")
        return only
    works = dict.fromkeys(one.work for one in wanted)
    found: list[object] = [None] * len(wanted)
    # every process in the same order: two that wait for each other cost a second and a transaction
    for work in sorted(works, key=_name_of):
        places = [place for place, one in enumerate(wanted) if one.work is work]
        for place, answer in zip(places, work(connection, [wanted[p].request for p in places]), strict=True):
            found[place] = answer
    return found


def _name_of(work: Work[Any, Any]) -> str:
    return f"{getattr(work, '__module__', '')}.{getattr(work, '__qualname__', '')}"
