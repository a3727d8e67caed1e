"""Failures in their table: found by any of their names, and never more of them than are wanted."""

from datetime import UTC, datetime, timedelta

import pytest

from hss.failure_api import Certainty, DialogueLine, FailureRecord, Hypothesis, Retention, Verdict
from hss.session_api import LedgerUnavailable
from hss.sessions.failures import SqlFailures
from hss.store.database import Database
from hss.store.location import Location
from wire.identity import Imsi

IMSI = Imsi("001010000000001")
NOW = datetime.now(UTC)
LINES = (
    DialogueLine("from the UE", "EAP-Response/Identity", 52),
    DialogueLine("to the UE", "EAP-Request/AKA-Challenge", 68, (("AT_RAND", 16), ("AT_AUTN", 16))),
)


def failed(reference: str = "1f2e", **changes: object) -> FailureRecord:
    verdict = Verdict(Hypothesis.SQN, Certainty.PROVEN, "SEQ 5 is 5 steps behind")
    values: dict[str, object] = {
        "at": NOW, "client": "radius/lab", "cause": "the UE rejects", "detail": "d", "imsi": IMSI,
        "session": "gw;1;2", "method": "AKA", "apn": "internet", "access": "WLAN", "ms": 12, "verdict": verdict,
        "dialogue": LINES,
    }  # fmt: skip
    return FailureRecord(reference, **values | changes)  # type: ignore[arg-type]


@pytest.fixture(name="failures")
def _failures(database: Database) -> SqlFailures:
    return SqlFailures(database, Retention(records=3, days=2))


@pytest.mark.parametrize("wanted", ["1f2e", "gw;1;2", str(IMSI), "lab", "radius/lab"])
async def test_failure_is_found_by_each_of_its_names_as_it_was_kept(failures: SqlFailures, wanted: str) -> None:
    bare = failed("99", client="diameter/gw", imsi=None, session="", verdict=None, apn=None, dialogue=())
    await failures.keep((failed(), bare))
    assert await failures.find(wanted, 5) == (failed(),)
    assert await failures.find("99", 5) == (bare,)
    assert await failures.find("", 5) == ()


async def test_oldest_give_way_to_the_newest(failures: SqlFailures) -> None:
    for number in range(9):
        await failures.keep((failed(str(number)),))
    assert [one.reference for one in await failures.find(str(IMSI), 9)] == ["8", "7", "6"]
    assert [one.reference for one in await failures.find(str(IMSI), 1)] == ["8"]


async def test_failure_that_is_told_again_is_kept_once(failures: SqlFailures) -> None:
    await failures.keep((failed("1"),))
    await failures.keep((failed("1"), failed("2")))
    await failures.keep((failed("2"),))
    assert [one.reference for one in await failures.find(str(IMSI), 9)] == ["2", "1"]


async def test_what_is_too_old_is_forgotten(failures: SqlFailures) -> None:
    await failures.keep((failed("old", at=NOW - timedelta(days=3)), failed("new")))
    assert [one.reference for one in await failures.find(str(IMSI), 9)] == ["new"]


async def test_what_strangers_made_long_is_cut(failures: SqlFailures) -> None:
    await failures.keep((failed(session="s" * 999, detail="a\0" * 999, apn="a" * 200),))
    (found,) = await failures.find("1f2e", 1)
    assert (len(found.session), len(found.detail), len(found.apn or "")) == (255, 500, 100)
    assert await failures.find("s" * 999, 1) == (found,)


async def test_store_that_is_closed_is_said(location: Location) -> None:
    failures = SqlFailures(Database(location), Retention())
    with pytest.raises(LedgerUnavailable):
        await failures.keep((failed(),))
    with pytest.raises(LedgerUnavailable):
        await failures.find("1f2e", 1)
