"""A worker's place, from the environment."""

import pytest

from runtime.worker import WORKER, Worker, this_worker


def test_worker_finds_its_place() -> None:
    worker = Worker(2, 1764419632)
    assert this_worker({WORKER: str(worker)}) == worker


@pytest.mark.parametrize("text", ["", "2", "/", "two/1", "2/-1"])
def test_process_without_a_parent_has_no_place(text: str) -> None:
    assert this_worker({WORKER: text}) is None
    assert this_worker({}) is None
