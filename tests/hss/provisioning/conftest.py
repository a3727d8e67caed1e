"""A configuration beside a database, and a way to type commands at it."""

import io
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from cyclopts import App

from hss.keys.vault import write_master_key
from hss.provisioning.cli import apps

IMSI = "001010000000001"
K = bytes.fromhex("465b5ce8b199b49faa5f0a2ee238a6bc")
OP = bytes.fromhex("cdc202d5123e20f62b6d676ac72cb318")
KEYS = f"k={K.hex()}\nop={OP.hex()}\namf=b9b9\n"
CONFIG = """
[network]
mcc = "001"
mnc = "01"
realm = "epc.mnc001.mcc001.3gppnetwork.org"
apn = "internet"
[hss]
origin_host = "hss.example"
origin_realm = "example"
swx = "127.1.2.2:3868"
"""


@pytest.fixture
def laboratory(tmp_path: Path, database_path: Path) -> Path:
    """A configuration beside a migrated database and a master key."""
    path = tmp_path / "akadia.toml"
    path.write_text(CONFIG)
    write_master_key(tmp_path / "master.key", Random(3).randbytes)
    assert database_path == tmp_path / "akadia.sqlite"
    return path


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(laboratory: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Type a command: exit code, standard output, standard error."""

    def typed(*words: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        front = App()
        for app in apps(lambda: laboratory):
            front.command(app)
        try:
            front(words, exit_on_error=False, print_error=False, result_action="return_value")
            code = 0
        except SystemExit as leaving:
            code = int(leaving.code or 0)
        out = capsys.readouterr()
        return code, out.out, out.err

    return typed
