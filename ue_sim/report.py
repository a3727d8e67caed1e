"""How the UE's steps are told, to a person or to a program."""

import json
import sys
from collections.abc import Mapping

from ue_sim.shell import StepReport
from ue_sim.ue_events import STEP_NAMES

_NAME_WIDTH = 36


def step_object(report: StepReport) -> dict[str, object]:
    """One step for a program."""
    return {
        "n": report.step.value,
        "name": STEP_NAMES[report.step],
        "ok": True,
        "ms": round(report.milliseconds, 1),
        "evidence": dict(report.evidence),
    }


def step_lines(report: StepReport) -> str:
    """One step for a person: its number, name and time, then what shows that it held."""
    head = f"{report.step.value}  {STEP_NAMES[report.step]:<{_NAME_WIDTH}}{report.milliseconds:8.1f} ms"
    return "\n".join([head, *evidence_lines(report.evidence)])


def evidence_lines(evidence: Mapping[str, str]) -> list[str]:
    """The evidence, one fact a line, its names aligned."""
    width = max((len(name) for name in evidence), default=0)
    return [f"     {name:<{width}}  {value}" for name, value in evidence.items()]


def say_step(report: StepReport, *, as_json: bool) -> None:
    """Print one step at once."""
    print(json.dumps(step_object(report)) if as_json else step_lines(report), flush=True)


def say_outcome(text: str, *, ok: bool, as_json: bool) -> None:
    """Print how it ended: on standard output when it went well, on standard error when not."""
    if as_json:
        print(json.dumps({"ok": ok, "outcome": text}), flush=True)
    else:
        print(text if ok else f"error: {text}", file=sys.stdout if ok else sys.stderr, flush=True)
