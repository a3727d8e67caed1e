"""What a storm says of itself."""

import pytest

from ue_sim.storm.tally import MOST_CAUSES, Tally


def test_fields_are_those_that_programs_read() -> None:
    tally = Tally(times=[number / 1000 for number in range(100, 0, -1)], seconds=4.0)
    tally.failure("step 3: MAC of AUTN is wrong")
    assert tally.fields() == {
        "attached": 100,
        "failed": 1,
        "p50_ms": 50.0,
        "p99_ms": 99.0,
        "per_s": 25.0,
        "by_cause": {"step 3: MAC of AUTN is wrong": 1},
    }


def test_storm_in_which_nobody_attached_has_no_times() -> None:
    said = Tally().fields()
    assert (said["p50_ms"], said["p99_ms"], said["per_s"]) == (None, None, 0.0)
    assert "0 attached" in Tally().text()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("no answer from 127.0.0.4:4500", "no answer from 127.0.0.5:4500"),
        ("SPI 0x12ab34cd is gone", "SPI 0x00000001 is gone"),
        ("2001:db8::1 is taken", "2001:db8::2:1 is taken"),
    ],
)
def test_causes_that_differ_in_addresses_alone_are_one(one: str, other: str) -> None:
    tally = Tally()
    tally.failure(one)
    tally.failure(other)
    assert list(tally.causes.values()) == [2]


def test_network_cannot_make_the_list_of_causes_grow() -> None:
    tally = Tally()
    for number in range(3 * MOST_CAUSES):
        tally.failure(f"cause{'x' * number}")
    assert len(tally.causes) == MOST_CAUSES + 1
    assert tally.failed == 3 * MOST_CAUSES
    assert "other causes" in tally.text()
