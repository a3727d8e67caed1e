"""What the process of a storm asks of its machine; tests/stack/test_storm.py runs whole ones."""

import resource

import pytest

from ue_sim.storm.app import make_room_for_files

FILES = resource.RLIMIT_NOFILE


@pytest.mark.parametrize(
    ("before", "wanted", "after"),
    [((1024, 4096), 3000, (3000, 4096)), ((1024, 4096), 9000, (4096, 4096)), ((1024, 4096), 100, (1024, 4096))],
)
def test_room_for_files_is_made_as_far_as_it_may_be(
    before: tuple[int, int], wanted: int, after: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = [before]
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _kind, now: limits.append(now))
    make_room_for_files(wanted)
    assert limits[-1] == after
