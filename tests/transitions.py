"""Watches which entries of a machine's transition table a module of tests takes."""

import importlib
import inspect
from collections.abc import Callable
from types import ModuleType

import pytest

from wire.sansio import Transitions, check_transition

Taken = set[tuple[str, str, str]]


def entries(table: Transitions) -> Taken:
    """Every entry of a table, by names."""
    return {
        (state.__name__, event.__name__, following.__name__)
        for (state, event), targets in table.items()
        for following in targets
    }


def taken_by(tests: ModuleType, machine: str, monkeypatch: pytest.MonkeyPatch) -> Taken:
    """What the machine of module `machine` goes through in all tests of `tests` that take no argument."""
    taken: Taken = set()

    def watch(table: Transitions, state: object, event: object, following: object) -> None:
        check_transition(table, state, event, following)
        taken.add((type(state).__name__, type(event).__name__, type(following).__name__))

    monkeypatch.setattr(importlib.import_module(machine), "check_transition", watch)
    for test in _tests_of(tests):
        test()
    return taken


def _tests_of(module: ModuleType) -> list[Callable[[], None]]:
    return [
        found
        for name, found in vars(module).items()
        if name.startswith("test_") and callable(found) and not inspect.signature(found).parameters
    ]
