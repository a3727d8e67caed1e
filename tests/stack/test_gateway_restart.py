"""A PDN GW is killed and begins anew: the AAA server ends what it had, and the HSS hears of it (RFC 6733 §8.16)."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import func, select

from akadia.laboratory import Laboratory, create
from akadia.template import AaaChoice
from hss.models import AccessSession, DiameterSession, Registration
from hss.store.engines import transaction
from hss.store.location import parse_location
from tests.lab import AKADIA
from tests.stack.test_up import ROOT, children

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]

IN_TIME = 30.0
"""Seconds: a departure is looked at three times, and PostgreSQL is not asked here."""


def kept(laboratory: Laboratory, table: type[DiameterSession] | type[Registration]) -> int:
    location = parse_location("akadia.sqlite", laboratory.folder)
    with transaction(location, read_only=True) as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def at_a_nas(laboratory: Laboratory) -> int:
    """Sessions of accounting that have not ended."""
    location = parse_location("akadia.sqlite", laboratory.folder)
    chosen = select(func.count()).select_from(AccessSession).where(AccessSession.ended.is_(None))
    with transaction(location, read_only=True) as connection:
        return connection.scalar(chosen) or 0


def at_a_gateway(laboratory: Laboratory) -> int:
    """Sessions of S6b that have not ended."""
    return kept(laboratory, DiameterSession)


def comes_true(question: Callable[[], bool]) -> bool:
    until = time.monotonic() + IN_TIME
    while time.monotonic() < until:
        if question():
            return True
        time.sleep(0.1)
    return False


class Running:
    """Parts of one laboratory, each under a supervisor of its own, so that one may die alone."""

    def __init__(self, laboratory: Laboratory, stack: ExitStack) -> None:
        self._laboratory = laboratory
        self._stack = stack

    def begin(self, *words: str) -> "subprocess.Popen[str]":
        command = [*AKADIA, "--config", str(self._laboratory.config), *words]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self._stack.callback(process.communicate)
        self._stack.callback(process.terminate)
        assert process.stdout is not None
        assert process.stdout.readline()
        return process


def test_what_a_gateway_had_before_it_was_killed_is_over(tmp_path: Path) -> None:
    laboratory = create(tmp_path / "lab")
    with ExitStack() as stack:
        lab = Running(laboratory, stack)
        lab.begin("up", "--only", "dns", "--only", "aaa")
        gateway = lab.begin("up", "--only", "pdngw")
        ue = lab.begin("ue", "attach", "--pings", "1", "--stay", "--json")
        assert comes_true(lambda: kept(laboratory, DiameterSession) == 1)
        assert kept(laboratory, Registration) == 1
        ue.kill()
        (daemon,) = children(gateway.pid)
        os.kill(daemon, signal.SIGKILL)
        assert gateway.wait(10) == 1
        # Origin-State-Id counts seconds
        time.sleep(1.1)
        assert kept(laboratory, DiameterSession) == 1, "a gateway that is away may come back with its sessions"
        lab.begin("up", "--only", "pdngw")
        assert comes_true(lambda: kept(laboratory, DiameterSession) == 0)
        assert comes_true(lambda: kept(laboratory, Registration) == 0)
    lines = (laboratory.folder / "logs" / "aaa.log").read_text(encoding="utf-8")
    assert "their gateway has begun anew" in lines


@pytest.mark.parametrize(
    ("aaa", "sessions", "said"),
    [
        ("diameter", at_a_gateway, "sessions not ended at the AAA server"),
        ("radius", at_a_nas, "accounting record lost"),
    ],
)
def test_what_a_gateway_could_not_end_when_it_stopped_is_over_when_it_begins(
    tmp_path: Path, aaa: AaaChoice, sessions: Callable[[Laboratory], int], said: str
) -> None:
    """The AAA server is away while the gateway stops (RFC 6733 §8.16, RFC 2866 §5.1)."""
    laboratory = create(tmp_path / "lab", aaa=aaa)
    with ExitStack() as stack:
        lab = Running(laboratory, stack)
        lab.begin("up", "--only", "dns")
        server = lab.begin("up", "--only", "aaa")
        gateway = lab.begin("up", "--only", "pdngw")
        ue = lab.begin("ue", "attach", "--pings", "1", "--stay", "--json")
        assert comes_true(lambda: sessions(laboratory) == 1)
        for process in (server, ue, gateway):
            process.terminate()
            process.wait(20)
        assert sessions(laboratory) == 1
        lab.begin("up", "--only", "aaa")
        lab.begin("up", "--only", "pdngw")
        assert comes_true(lambda: sessions(laboratory) == 0)
    lines = (laboratory.folder / "logs" / "pdngw.log").read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if said in line]) == 1
