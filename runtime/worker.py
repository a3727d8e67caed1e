"""Which of several processes of one daemon this one is, as its parent says in the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

WORKER = "AKADIA_WORKER"
"""The environment variable that a worker finds its place in, such as "2/1764419632"."""


@dataclass(frozen=True, slots=True)
class Worker:
    """`slot` is a small number that no other living worker of the parent has, from 1 on.

    `since` is the second of Unix time at which the parent began: the same for all, as for one daemon.
    """

    slot: int
    since: int

    def __str__(self) -> str:
        return f"{self.slot}/{self.since}"


def this_worker(environment: Mapping[str, str] = os.environ) -> Worker | None:
    """This process's place; None when it is the only one of its daemon."""
    slot, _, since = environment.get(WORKER, "").partition("/")
    return Worker(int(slot), int(since)) if slot.isdecimal() and since.isdecimal() else None
