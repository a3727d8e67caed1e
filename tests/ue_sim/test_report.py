"""The steps as a person reads them, and as a program does."""

import json

import pytest

from ue_sim.report import evidence_lines, say_outcome, say_step, step_lines, step_object
from ue_sim.shell import StepReport
from ue_sim.ue_events import STEP_NAMES, Step

REPORT = StepReport(Step.HOME_ADDRESS, 12.3456, {"Home Address": "2001:db8:1::100/64", "by": "CFG_REPLY"})


def test_step_for_a_program_has_number_name_time_and_evidence() -> None:
    assert step_object(REPORT) == {
        "n": 4,
        "name": "Home Address in CFG_REPLY",
        "ok": True,
        "ms": 12.3,
        "evidence": {"Home Address": "2001:db8:1::100/64", "by": "CFG_REPLY"},
    }


def test_step_for_a_person_has_its_facts_below_it_aligned() -> None:
    head, *facts = step_lines(REPORT).splitlines()
    assert head.split() == ["4", "Home", "Address", "in", "CFG_REPLY", "12.3", "ms"]
    assert facts == ["     Home Address  2001:db8:1::100/64", "     by            CFG_REPLY"]


def test_every_step_s_time_stands_in_the_same_column() -> None:
    ends = {len(step_lines(StepReport(step, 1.0, {}))) for step in Step}
    assert len(ends) == 1
    assert set(STEP_NAMES) == set(Step)


def test_step_without_evidence_is_one_line() -> None:
    assert evidence_lines({}) == []
    assert "\n" not in step_lines(StepReport(Step.TUNNEL, 0.0, {}))


def test_program_reads_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    say_step(REPORT, as_json=True)
    say_outcome("detached", ok=True, as_json=True)
    first, last = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert first == step_object(REPORT)
    assert last == {"ok": True, "outcome": "detached"}


@pytest.mark.parametrize("ok", [True, False])
def test_person_reads_a_failure_on_standard_error(capsys: pytest.CaptureFixture[str], ok: bool) -> None:
    say_outcome("no DNS answer", ok=ok, as_json=False)
    said = capsys.readouterr()
    assert (said.out, said.err) == (("no DNS answer\n", "") if ok else ("", "error: no DNS answer\n"))


def test_program_reads_a_failure_where_it_reads_the_steps(capsys: pytest.CaptureFixture[str]) -> None:
    say_outcome("no DNS answer", ok=False, as_json=True)
    said = capsys.readouterr()
    assert json.loads(said.out) == {"ok": False, "outcome": "no DNS answer"}
    assert said.err == ""
