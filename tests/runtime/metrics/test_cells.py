"""Numbers in memory that two may look into."""

import os

import pytest

from runtime.metrics import cells
from runtime.metrics.cells import NOWHERE, Cells, Named, shareable


def test_what_one_writes_the_other_reads_as_it_happens() -> None:
    descriptor = shareable()
    worker, parent = Cells(descriptor), Cells(descriptor)
    assert parent.series() == []
    first = worker.allocate("requests", ("a", "b c"), 1)
    worker.numbers[first] += 3
    assert parent.series() == [Named("requests", ("a", "b c"), first)]
    second = worker.allocate("seconds", (), 15)
    worker.numbers[second + 14] = 0.25
    assert [one.family for one in parent.series()] == ["requests", "seconds"]
    assert (parent.numbers[first], parent.numbers[second + 14]) == (3, 0.25)
    assert second > first >= 32
    for one in (worker, parent):
        one.close()
    os.close(descriptor)


def test_a_line_end_in_a_label_makes_no_name_of_its_own() -> None:
    alone = Cells()
    alone.allocate("requests", ('a\n["b", [], 40]\n',), 1)
    assert len(alone.series()) == 1


def test_there_is_an_end_of_the_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "NUMBERS", 40)
    alone = Cells()
    assert [alone.allocate("a", (str(turn),), 4) for turn in range(3)] == [32, 36, NOWHERE]
    assert alone.allocate("b", ("x" * 64 * 262_144,), 1) == NOWHERE
    assert len(alone.series()) == 2
