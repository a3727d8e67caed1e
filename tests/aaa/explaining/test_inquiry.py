"""Each failure ends in one line and a record, whatever the witness and the ledger do; a flood is only told."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from aaa.explaining import inquiry
from aaa.explaining.failed import FailedAttempt
from aaa.explaining.inquiry import BUSY_EVERY, WAITING_MAX, Inquiry
from aaa.messages import RejectCause
from aaa.metrics import FAILURE_RECORDS
from aaa.radius.proxy.rejections import RejectedUnheard
from hss.api import Refusal, ServiceRefused
from hss.failure_api import Certainty, Evidence, FailureRecord, Hypothesis, KeyWitness, Verdict
from hss.session_api import Grant, LedgerUnavailable
from tests.aaa.explaining.erring import AKA, Site, Ue, Witness
from tests.aaa.memory_hss import IMSI, OPC, K
from tests.aaa.radius.accounting.reports import MOMENT
from tests.aaa.radius.test_dynamic import session as at_nas
from tests.aaa.test_user_sessions import ONE
from wire.aka.milenage import Milenage, derive_opc
from wire.eap.constants import Subtype


class Ledger:
    """Keeps records in memory, or refuses to."""

    def __init__(self, *, fails: bool = False) -> None:
        self.records: list[FailureRecord] = []
        self.fails = fails
        self.kept = asyncio.Event()

    async def keep(self, records: tuple[FailureRecord, ...]) -> None:
        if self.fails:
            raise LedgerUnavailable("the store is closed")
        self.records += records
        self.kept.set()

    async def find(self, wanted: str, limit: int) -> tuple[FailureRecord, ...]:
        return tuple(one for one in self.records if one.reference == wanted)[:limit]


class Silent:
    """A witness that never answers, or refuses."""

    def __init__(self, *, refuses: bool) -> None:
        self.refuses = refuses

    async def examine(self, evidence: Evidence) -> Verdict | None:
        if self.refuses:
            raise ServiceRefused(Refusal.UNAVAILABLE, f"the store of {evidence.imsi} is closed")
        await asyncio.Event().wait()
        return None


def inquiry_of(witness: KeyWitness | None, ledger: Ledger | None, clock: Callable[[], float] = lambda: 5.0) -> Inquiry:
    numbers = iter(range(100_000))
    return Inquiry(
        witness=witness,
        ledger=ledger,
        network_names=("HRPD",),
        clock=clock,
        random=lambda length: next(numbers).to_bytes(length, "big"),
    )


async def failing(says: Subtype = Subtype.CHALLENGE) -> FailedAttempt:
    return await Site().run(Ue(AKA, Milenage(K, derive_opc(K, OPC)), says=says))


@pytest.fixture(name="logs")
def _logs() -> Iterator[list[Any]]:
    with capture_logs() as lines:
        yield lines


async def test_failure_is_told_in_one_line_and_kept(logs: list[Any]) -> None:
    ledger = Ledger()
    looking = inquiry_of(Witness(), ledger)
    looking.heard(await failing())
    await looking.close()
    (record,) = ledger.records
    assert record.verdict is not None
    assert (record.verdict.hypothesis, record.verdict.certainty) == (Hypothesis.OP_FOR_OPC, Certainty.PROVEN)
    assert (record.imsi, record.session, record.client) == (IMSI, "s1", "radius/ap")
    assert record.access == "RAT-Type 0, network WLAN"
    assert [line.message for line in record.dialogue] == [
        "EAP-Response/Identity",
        "EAP-Request/AKA-Challenge",
        "EAP-Response/AKA-Challenge",
        "EAP-Request/AKA-Notification",
    ]
    (line,) = [line for line in logs if line["event"] == "authentication rejected"]
    assert line["why"] == record.verdict.cause
    assert (line["certainty"], line["explain"]) == ("proven", "00000000")
    assert (line["cause"], line["detail"]) == ("the UE's RES or MAC is wrong", "AT_MAC is wrong")
    shown = repr(logs) + repr(record)
    assert K.hex() not in shown
    assert OPC.hex() not in shown


async def test_without_keys_and_ledger_there_is_a_line_all_the_same(logs: list[Any]) -> None:
    looking = inquiry_of(None, None)
    looking.heard(await failing(Subtype.AUTHENTICATION_REJECT))
    await looking.close()
    (line,) = logs
    assert "MAC-A" in line["why"]
    assert "explain" not in line


@pytest.mark.parametrize("refuses", [True, False])
async def test_witness_who_does_not_answer_holds_nobody_up(
    logs: list[Any], refuses: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inquiry, "WITNESS_LIMIT", 0.05)
    ledger = Ledger()
    looking = inquiry_of(Silent(refuses=refuses), ledger)
    looking.heard(await failing())
    async with asyncio.timeout(5):
        await ledger.kept.wait()
    await looking.close()
    assert {line["event"] for line in logs} == {"failure not looked into", "authentication rejected"}
    assert ledger.records[0].verdict is not None
    assert ledger.records[0].verdict.certainty is Certainty.INDICATED


class Broken:
    """A witness with a fault of its own."""

    async def examine(self, evidence: Evidence) -> Verdict | None:
        raise ZeroDivisionError(f"about {evidence.imsi}")


async def test_fault_in_looking_ends_one_failure_alone(logs: list[Any]) -> None:
    ledger = Ledger()
    looking, attempt = inquiry_of(Broken(), ledger), await failing()
    looking.heard(attempt)
    looking.heard(attempt)
    await looking.close()
    told = [line["event"] for line in logs]
    assert told == ["authentication rejected", "failure not looked into"] * 2
    assert [record.verdict for record in ledger.records] == [None, None]


async def test_ledger_that_keeps_nothing_is_told_once(logs: list[Any]) -> None:
    looking = inquiry_of(Witness(), Ledger(fails=True))
    attempt = await failing()
    for _ in range(3):
        looking.heard(attempt)
    await looking.close()
    told = [line["event"] for line in logs]
    assert told.count("authentication rejected") == 3
    assert [event for event in told if event != "authentication rejected"] == [
        "failures wait to be kept",
        "failures not kept",
    ]


async def test_of_users_rejected_for_load_some_have_line_and_record_and_all_are_counted(
    logs: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inquiry, "BUSY_AT_ONCE", 2)
    ledger, witness, now = Ledger(), Witness(), [5.0]
    looking, attempt = inquiry_of(witness, ledger, lambda: now[0]), await failing()
    busy = replace(attempt, ending=replace(attempt.ending, cause=RejectCause.TOO_BUSY, detail="9 rounds"))
    before = FAILURE_RECORDS.value("dropped")
    logs.clear()
    for _ in range(40):
        looking.heard(busy)
    looking.heard(attempt)
    now[0] += BUSY_EVERY
    looking.heard(busy)
    await looking.close()
    late = "9 rounds; 38 more before it have neither line nor record"
    told = [line for line in logs if line["cause"] == "too busy"]
    assert [line["detail"] for line in told] == ["9 rounds", "9 rounds", late]
    kept = {record.reference: record for record in ledger.records}
    assert [kept[line["explain"]].detail for line in told] == ["9 rounds", "9 rounds", late]
    assert [kept[line["explain"]].imsi for line in told] == [IMSI] * 3
    assert FAILURE_RECORDS.value("dropped") == before + 38
    assert len(ledger.records) == 4, "load crowds out nobody whose failure is another"
    assert len(witness.asked) == 1, "nobody is asked what the keys say of load"


async def test_flood_of_failures_is_told_and_looked_into_within_bounds(logs: list[Any]) -> None:
    ledger, witness = Ledger(), Witness()
    looking, attempt = inquiry_of(witness, ledger), await failing()
    for _ in range(WAITING_MAX + 50):
        looking.heard(attempt)
    await looking.close()
    told = [line for line in logs if line["event"] == "authentication rejected"]
    assert len(told) == WAITING_MAX + 50
    assert sum("why" not in line for line in told) == 50
    assert len(ledger.records) == len(witness.asked) == WAITING_MAX


async def test_close_gives_up_on_a_witness_who_never_answers(logs: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    looking = inquiry_of(Silent(refuses=False), Ledger())
    looking.heard(await failing())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    monkeypatch.setattr(inquiry, "WITNESS_LIMIT", 0.05)
    await looking.close()
    assert logs[-1]["event"] == "failures not looked into"


async def test_wrong_secret_is_kept_with_its_client_and_not_too_often() -> None:
    ledger = Ledger()
    looking = inquiry_of(None, ledger)
    verdict = Verdict(Hypothesis.SHARED_SECRET, Certainty.PROVEN, "a line end")
    references = [looking.unproven("radius/ap", "Message-Authenticator is wrong", verdict) for _ in range(9)]
    assert looking.unproven("radius/other", "Message-Authenticator is wrong", verdict)
    await looking.close()
    assert [bool(one) for one in references] == [True] * 3 + [False] * 6
    assert [record.client for record in ledger.records] == ["radius/ap"] * 3 + ["radius/other"]
    assert ledger.records[0].reference == references[0]
    assert ledger.records[0].verdict == verdict
    without = inquiry_of(None, None)
    assert without.unproven("radius/ap", "wrong", verdict) == ""
    await without.close()


async def test_session_that_could_not_begin_is_told_and_kept(logs: list[Any]) -> None:
    ledger = Ledger()
    looking = inquiry_of(None, ledger)
    looking.unused(ONE)
    await looking.close()
    (record,) = ledger.records
    assert (record.imsi, record.client, record.apn) == (ONE.imsi, "diameter/pgw", "internet")
    (line,) = logs
    assert line["event"] == "authentication of no use"
    assert (line["client"], line["session"]) == (record.client, record.session) == ("diameter/pgw", ONE.session_id)
    assert (line["cause"], line["detail"], line["explain"]) == (record.cause, record.detail, record.reference)
    logs.clear()
    looking = inquiry_of(None, ledger)
    looking.unused_at_nas(replace(at_nas(), imsi=IMSI))
    await looking.close()
    assert [(line["event"], line["client"], line["session"]) for line in logs] == [
        ("authentication of no use", "radius/lab", "0001")
    ]
    assert ledger.records[-1].cause == logs[0]["cause"] != record.cause
    without = inquiry_of(None, None)
    without.unused(ONE)
    await without.close()
    assert "explain" not in logs[-1]


async def test_user_whom_another_realm_rejects_is_kept_as_often_as_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inquiry, "WAITING_MAX", 2)
    ledger = Ledger()
    looking = inquiry_of(None, ledger)
    one = RejectedUnheard("ap", "rejected by realm a", "Access-Reject of hq", f"0{IMSI}@example.org", "0001")
    references = [looking.unheard(one) for _ in range(3)]
    await looking.close()
    assert references == [*(record.reference for record in ledger.records), ""]
    record = ledger.records[0]
    assert (record.imsi, record.client, record.session) == (IMSI, "radius/ap", "0001")
    assert (record.cause, record.detail) == (one.cause, one.detail)


async def test_user_who_gets_nothing_of_being_let_in_is_told_and_kept(logs: list[Any]) -> None:
    ledger = Ledger()
    looking = inquiry_of(None, ledger)
    looking.returned(Grant(b"class", IMSI, "user", "AKA", "ap", "ap1", MOMENT, apn="internet"), 3, 9.0)
    await looking.close()
    (record,), (line,) = ledger.records, logs
    assert (record.imsi, record.client, record.apn, record.method) == (IMSI, "radius/ap", "internet", "AKA")
    assert record.cause.startswith("the user was let in 3 times within 9 s")
    assert record.verdict is not None
    assert (record.verdict.hypothesis, record.verdict.certainty) == (Hypothesis.MSK, Certainty.INDICATED)
    assert (line["event"], line["explain"]) == ("user let in again and again", record.reference)


async def test_silent_users_crowd_out_nobody_else(logs: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inquiry, "SILENT_AT_ONCE", 2)
    ledger = Ledger()
    looking = inquiry_of(None, ledger)
    failed = await failing(Subtype.AUTHENTICATION_REJECT)
    silent = replace(failed, ending=replace(failed.ending, cause=RejectCause.UE_SILENT))
    logs.clear()
    for attempt in (*[silent] * 5, failed):
        looking.heard(attempt)
    await looking.close()
    assert [record.cause for record in ledger.records] == [RejectCause.UE_SILENT.value] * 2 + [
        failed.ending.cause.value
    ]
    told = [line["event"] for line in logs if line["event"].startswith("authentication")]
    assert sorted(told) == ["authentication not finished"] * 5 + ["authentication rejected"]
