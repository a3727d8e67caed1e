"""Whole servers against mutated, reordered and replayed messages ; `make fuzz` does it at length."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from aaa.conversations.recent import Recent
from aaa.messages import AccessRequest, Reject, RejectCause
from aaa.service import EapAuthenticationService
from hss.auc import quintuplet
from tests.fuzz.whole.__main__ import TARGETS
from tests.fuzz.whole.record import RECORD, append, commit_of, row
from tests.fuzz.whole.running import Progress, run
from tests.fuzz.whole.server import Broken, hear_errors
from tests.house.source_tree import ROOT
from wire.eap.packet import failure

CASES = int(os.environ.get("FUZZ_ROUNDS", "1500"))


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("seed", [1, 2])
async def test_whole_server_keeps_its_promises(name: str, seed: int) -> None:
    errors = hear_errors()
    asyncio.get_running_loop().set_exception_handler(lambda _loop, about: errors.append(repr(about)))
    progress = Progress(CASES)
    await run([TARGETS[name](seed)], progress, errors)
    assert progress.done[name] >= CASES


MAC = "wire.eap.aka.mac_is_genuine"


@pytest.mark.parametrize(
    ("name", "check", "found"),
    [
        ("radius", "aaa.radius.decisions.authenticity", "an answer to a stranger"),
        ("accounting", "aaa.radius.accounting.front.is_genuine_request", "an answer to a stranger"),
        ("eap", MAC, "let in"),
        ("radius", MAC, "let in"),
        ("radsec", MAC, "let in"),
        ("diameter", MAC, "let in"),
        ("radsec", "aaa.radius.decisions.authenticity", "an answer to what is not protected"),
        ("proxy", "aaa.radius.decisions.authenticity", "a stranger's request goes on"),
    ],
)
async def test_check_that_is_left_out_is_found(
    name: str, check: str, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, lambda *_: True)
    with pytest.raises(Broken, match=found):
        await run([TARGETS[name](1)], Progress(20_000), [])


@pytest.mark.parametrize(
    ("name", "what", "instead", "found"),
    [
        (
            "radsec",
            "aaa.radius.radsec.server.find_client",
            lambda clients, *_: clients[0].client,
            "answer to a stranger",
        ),
        ("radsec", "wire.radius.exchange.RadiusExchange._refusal", lambda *_: None, "a forged answer"),
        ("radsec", "aaa.radius.radsec.server.RadsecServer.connection_ended", lambda *_: None, "refused|left of none"),
        ("proxy", "wire.radius.exchange.RadiusExchange._refusal", lambda *_: None, "another answer than"),
        ("proxy", "aaa.radius.proxy.routes.Routes.has_been_here", lambda *_: False, "in a circle"),
        ("proxy", "wire.radius.forwarding._rekeyed", lambda attribute, *_: attribute, "another answer than"),
        ("proxy", "aaa.radius.duplicates.DuplicateCache.outcome", lambda *_: None, "a duplicate"),
        ("hss", "hss.auc.hmac", SimpleNamespace(compare_digest=lambda *_: True), "SEQ of .* jumps"),
        ("hss", "hss.policy.rules.PeerPolicies.judge", lambda *_: None, "another's user"),
        ("hss", "hss.service.quintuplet", lambda f, _, *more: quintuplet(f, 32, *more), "is not fresh"),
        ("hss", "wire.diameter.duplicates.KEPT_SECONDS", -1.0, "gets another answer"),
    ],
)
async def test_fault_is_found(
    name: str, what: str, instead: object, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(what, instead)
    with pytest.raises(Broken, match=found):
        await run([TARGETS[name](1)], Progress(20_000), [])


@pytest.mark.parametrize("name", ["eap", "radius", "radsec", "diameter"])
async def test_state_that_is_told_apart_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: EapAuthenticationService, request: AccessRequest, cause: RejectCause, detail: str) -> Reject:
        return Reject(failure((request.eap[1] + ("altered" in detail)) % 256), cause, detail)

    monkeypatch.setattr(EapAuthenticationService, "_refused", refused)
    with pytest.raises(Broken, match="is told apart"):
        await run([TARGETS[name](1)], Progress(20_000), [])


@pytest.mark.parametrize("name", ["eap", "radius", "radsec", "diameter"])
async def test_table_that_grows_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Recent, "put", lambda self, token, kept: self._conversations.update({token: kept}))
    with pytest.raises(Broken, match="the table 'recent' has"):
        await run([TARGETS[name](1)], Progress(20_000), [])


def test_command_says_how_many_cases_it_ran() -> None:
    command = [sys.executable, "-m", "tests.fuzz.whole", "--cases", "500", "--seed", "3"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    told = json.loads(done.stdout)
    assert told["seed"] == 3
    assert set(told["cases"]) <= set(TARGETS)
    assert sum(told["cases"].values()) >= 500


def test_run_adds_its_row_to_the_table(tmp_path: Path) -> None:
    progress = Progress(10)
    progress.done.update({"eap": 400, "radius": 1200})
    copy = tmp_path / "RECORD.md"
    copy.write_text(RECORD.read_text(encoding="utf-8"), encoding="utf-8")
    append(row(progress, list(TARGETS), "0123abc", 7, "nothing"), copy)
    *_, before, last = copy.read_text(encoding="utf-8").splitlines()
    assert before.count("|") == last.count("|"), "the file ends with the table"
    assert " | 0123abc | 7 | 400 | 1,200 |  |  |  |  |  |  |  |  | 1,600 | " in last


def test_commit_is_named() -> None:
    assert commit_of() != ""
    assert commit_of(Path("/")) == "none"
