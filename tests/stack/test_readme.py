"""The commands that README.md shows are run as they stand there."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

README = Path(__file__).parents[2] / "README.md"
SHORTCUT = 'akadia() { "$PYTHON" -P -m akadia "$@"; }\nset -euo pipefail\n'


def blocks() -> list[str]:
    """Every fenced block with a command of ours in it, comments cut off."""
    found = re.findall(r"```\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    return [re.sub(r"\s+# .*", "", block) for block in found if block.lstrip().startswith("akadia ")]


def run(script: str, folder: Path) -> str:
    """Run lines of a block in `folder`; what they print."""
    done = subprocess.run(
        ["bash", "-c", SHORTCUT + script],
        cwd=folder,
        env=environment(),
        check=False,
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHON": sys.executable}


@contextmanager
def running(line: str, folder: Path) -> Iterator[None]:
    """Run `… up` until the block ends; it must say ready."""
    process = subprocess.Popen(
        ["bash", "-c", "exec " + line.replace("akadia", f"{sys.executable} -P -m akadia", 1)],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode == 0


def test_laboratory_and_subscribers_as_shown(tmp_path: Path) -> None:
    apart = ("auc-socket", "curl", "load radius")
    laboratory, subscribers = (block for block in blocks() if not any(words in block for words in apart))
    init, up, attach = laboratory.strip().splitlines()
    run(init, tmp_path)
    with running(up, tmp_path):
        assert "8  DS-MIPv6 tunnel" in run(attach, tmp_path)
        listed = run(subscribers, tmp_path)
    assert "001010000000002 enabled" in listed
    assert "001010000000002 barred" in run("akadia --config lab/akadia.toml subscriber list", tmp_path)


def test_load_as_shown(tmp_path: Path) -> None:
    (block,) = (block for block in blocks() if "load radius" in block)
    run("akadia init lab", tmp_path)
    with running("akadia --config lab/akadia.toml up", tmp_path):
        told = run(block, tmp_path)
    assert "accounting: 400 records: " in told
    assert told.endswith("\naccounting failed: 0\n")


def test_socket_for_hostapd_as_shown(tmp_path: Path) -> None:
    (block,) = (block for block in blocks() if "auc-socket" in block)
    run("akadia init lab", tmp_path)
    process = subprocess.Popen(
        ["bash", "-c", "exec " + block.strip().replace("akadia", f"{sys.executable} -P -m akadia", 1)],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        assert "auc socket ready" in process.stderr.readline()
        assert (tmp_path / "auc.sock").is_socket()
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert (process.returncode, (tmp_path / "auc.sock").exists()) == (0, False)


def test_demo_transcript_has_the_lines_that_are_printed() -> None:
    transcript = README.read_text(encoding="utf-8").split("$ .venv/bin/akadia demo\n", 1)[1].split("```", 1)[0]
    from ue_sim.ue_events import STEP_NAMES

    for step, name in STEP_NAMES.items():
        assert re.search(rf"^{step.value}  {re.escape(name)} +[\d.]+ ms$", transcript, re.MULTILINE), name
    assert "all eight steps held" in transcript


@pytest.mark.interop
def test_api_as_shown(tmp_path: Path, foreign_peer: Callable[[str], str]) -> None:
    foreign_peer("curl")
    (block,) = (block for block in blocks() if "curl" in block)
    summary = json.loads(run("akadia init lab --json", tmp_path))
    with running("akadia --config lab/akadia.toml up", tmp_path):
        answer = run(block.replace("https://HSS:8443", summary["api"]["url"]), tmp_path)
    assert json.loads(answer)["imsi"] == "001010000000003"
