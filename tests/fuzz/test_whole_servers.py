"""Whole servers against mutated, reordered and replayed messages ; `make fuzz` does it at length."""

import asyncio
import json
import os
import subprocess
import sys

import pytest

from tests.fuzz.whole.__main__ import TARGETS
from tests.fuzz.whole.running import Progress, run
from tests.fuzz.whole.server import Broken, hear_errors
from tests.house.source_tree import ROOT

CASES = int(os.environ.get("FUZZ_ROUNDS", "1500"))


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("seed", [1, 2])
async def test_whole_server_keeps_its_promises(name: str, seed: int) -> None:
    errors = hear_errors()
    asyncio.get_running_loop().set_exception_handler(lambda _loop, about: errors.append(repr(about)))
    progress = Progress(CASES)
    await run([TARGETS[name](seed)], progress, errors)
    assert progress.done[name] >= CASES


@pytest.mark.parametrize(
    ("check", "found"),
    [
        ("aaa.radius.decisions.authenticity", "an answer to a stranger"),
        ("wire.eap.aka.mac_is_genuine", "let in"),
    ],
)
async def test_check_that_is_left_out_is_found(check: str, found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, lambda *_: True)
    with pytest.raises(Broken, match=found):
        await run([TARGETS["radius"](1)], Progress(20_000), [])


def test_command_says_how_many_cases_it_ran() -> None:
    command = [sys.executable, "-m", "tests.fuzz.whole", "--cases", "500", "--seed", "3"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    told = json.loads(done.stdout)
    assert told["seed"] == 3
    assert set(told["cases"]) <= set(TARGETS)
    assert sum(told["cases"].values()) >= 500
