"""`akadia demo`: a laboratory from nothing, the eight steps on real sockets, and everything down again."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from akadia.laboratory import Laboratory, create
from akadia.supervisor import DaemonFailed, Supervisor, daemons_of
from akadia.template import DNS_PORT, DSMIP_PORT, IKE_PORT, AaaChoice
from runtime.capture import merge
from runtime.config import read_config
from runtime.logs import configure
from runtime.process import run as run_until_stopped
from runtime.secret_file import read_secret
from runtime.wireshark import KeyTables
from ue_sim.app import WIRESHARK_FOLDER, open_ue, ping_evidence
from ue_sim.report import evidence_lines, step_lines, step_object
from ue_sim.shell import StepReport, UeFailed
from ue_sim.ue_events import STEP_NAMES, Step

PINGS = 5
CAPTURE_NAME = "all.pcapng"

_WIRESHARK_PORTS = {IKE_PORT: "ISAKMP", DNS_PORT: "DNS", DSMIP_PORT: "IPv6"}


@dataclass(slots=True)
class Outcome:
    """What the demo has to tell; `failure` is the step that did not hold, with its cause."""

    aaa: AaaChoice
    reports: list[StepReport] = field(default_factory=list)
    failure: tuple[Step, str] | None = None
    home_address: str | None = None
    sent: int = 0
    received: int = 0

    @property
    def ok(self) -> bool:
        """Whether all eight steps held and no ping was lost."""
        held = {report.step for report in self.reports} == set(Step)
        return held and self.failure is None and self.sent > 0 == self.lost

    @property
    def lost(self) -> int:
        """How many pings never came back."""
        return self.sent - self.received

    def as_object(self) -> dict[str, object]:
        """The whole of it for a program; every step is there, held or not."""
        held = {report.step: step_object(report) for report in self.reports}
        return {
            "ok": self.ok,
            "aaa": self.aaa,
            "steps": [held.get(step) or self._missing(step) for step in Step],
            "home_address": self.home_address,
            "ping": {"sent": self.sent, "received": self.received},
        }

    def _missing(self, step: Step) -> dict[str, object]:
        evidence: Mapping[str, str] = {}
        if self.failure is not None and self.failure[0] is step:
            evidence = {"cause": self.failure[1]}
        return {"n": step.value, "name": STEP_NAMES[step], "ok": False, "ms": None, "evidence": evidence}


def run(*, aaa: AaaChoice, as_json: bool, keep: Path | None) -> int:
    """Run the demo; 0 only if all eight steps held. With `keep` the laboratory, logs and a capture stay there."""
    outcome = Outcome(aaa)

    async def play(stop: asyncio.Event) -> None:
        task = asyncio.create_task(_play(outcome, keep, quiet=as_json))
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait((task, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not task.done():
            outcome.failure = (Step(min(len(outcome.reports) + 1, 8)), "interrupted")
            task.cancel()
        await asyncio.gather(task, return_exceptions=not task.done())

    run_until_stopped(play)
    if as_json:
        print(json.dumps(outcome.as_object(), indent=2))
    else:
        print(_closing_words(outcome, keep))
    return 0 if outcome.ok else 1


async def _play(outcome: Outcome, keep: Path | None, *, quiet: bool) -> None:
    async with _laboratory(outcome.aaa, keep) as laboratory:
        raw = read_config(laboratory.config)
        if not quiet:
            print(_opening_words(laboratory), flush=True)

        def tell(report: StepReport) -> None:
            outcome.reports.append(report)
            if not quiet:
                print(step_lines(report), flush=True)

        configure("error")
        try:
            async with Supervisor(daemons_of(raw), logs=laboratory.folder / "logs"), open_ue(raw, tell) as ue:
                attached = await ue.attach()
                outcome.home_address = str(attached.home_address)
                pings = await ue.ping(attached.ha_address, PINGS)
                outcome.sent, outcome.received = pings.sent, pings.received
                if outcome.lost:
                    outcome.failure = (Step.TUNNEL, f"{outcome.lost} of {outcome.sent} pings were lost")
                else:
                    ue.step_done(Step.TUNNEL, ping_evidence(pings.sent, pings.round_trips))
                await ue.detach()
        except UeFailed as failed:
            outcome.failure = (failed.step, failed.cause)
        except DaemonFailed as failed:
            outcome.failure = (Step.DISCOVERY, str(failed))
        if keep is not None:
            _keep_capture(laboratory)


@asynccontextmanager
async def _laboratory(aaa: AaaChoice, keep: Path | None) -> AsyncIterator[Laboratory]:
    """A laboratory for one run, whose AAA server asks the HSS over SWx; kept, it logs everything and captures."""
    if keep is not None:
        yield create(keep, hss="swx", aaa=aaa, capture=True, log_level="debug")
        return
    with tempfile.TemporaryDirectory(prefix="akadia-demo-") as folder:
        yield create(Path(folder), hss="swx", aaa=aaa)


def _keep_capture(laboratory: Laboratory) -> None:
    """One file of all traffic, and what Wireshark needs to read it."""
    folder = laboratory.folder / "capture"
    tables = KeyTables(folder / WIRESHARK_FOLDER)
    tables.add_settings(radius_secret=read_secret(laboratory.radius_secret), ports=_WIRESHARK_PORTS)
    parts = [path for path in folder.glob("*.pcapng") if path.name != CAPTURE_NAME]
    merge(parts, folder / CAPTURE_NAME)


def _opening_words(laboratory: Laboratory) -> str:
    plan, block = laboratory.plan, laboratory.plan.block
    link = {"diameter": "Diameter S6b", "radius": "RADIUS"}[plan.aaa]
    return (
        f"UE {block.ue} - PDN GW {block.pdngw} - {link} - AAA {block.aaa} - SWx - HSS {block.hss}; DNS {block.dns}\n"
        f"subscriber {laboratory.imsi}, APN {plan.apn}"
    )


def _closing_words(outcome: Outcome, keep: Path | None) -> str:
    lines = []
    if outcome.failure is not None:
        step, cause = outcome.failure
        lines += [f"{step.value}  {STEP_NAMES[step]} failed", *evidence_lines({"cause": cause})]
    else:
        lines.append("all eight steps held")
    if keep is not None:
        folder = keep.absolute() / "capture"
        lines.append(f"all traffic: WIRESHARK_CONFIG_DIR={folder / WIRESHARK_FOLDER} wireshark {folder / CAPTURE_NAME}")
    return "\n".join(lines)
