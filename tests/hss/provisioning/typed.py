"""Commands of the HSS's provisioning as an operator types them."""

from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from cyclopts import App

from hss.keys.vault import write_master_key
from hss.provisioning.cli import apps

CONFIG = """
[network]
mcc = "001"
mnc = "01"
realm = "epc.mnc001.mcc001.3gppnetwork.org"
apn = "internet"
[hss]
database = "{database}"
origin_host = "hss.example"
origin_realm = "example"
swx = "127.1.2.2:3868"
"""


class Answer(NamedTuple):
    """What a command leaves."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one line of what went wrong."""
        assert (self.code, self.out) == (1, ""), self
        line = self.err.rstrip().splitlines()[-1]
        assert line.startswith("error: "), self
        return line.removeprefix("error: ")


class Operator:
    """Types commands at one laboratory."""

    def __init__(self, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.config = config
        self._capsys = capsys

    def type(self, *words: str | Path) -> Answer:
        """Type a command."""
        front = App()
        for app in apps(lambda: self.config):
            front.command(app)
        try:
            front(list(map(str, words)), exit_on_error=False, print_error=False, result_action="return_value")
            code = 0
        except SystemExit as leaving:
            code = int(leaving.code or 0)
        out = self._capsys.readouterr()
        return Answer(code, out.out, out.err)

    def done(self, *words: str | Path) -> str:
        """What a command prints that must not fail."""
        answer = self.type(*words)
        assert answer.code == 0, answer
        return answer.out


def operator_in(folder: Path, database: str, capsys: pytest.CaptureFixture[str], *, seed: int = 3) -> Operator:
    """A new configuration with a master key."""
    config = folder / "akadia.toml"
    config.write_text(CONFIG.format(database=database))
    write_master_key(folder / "master.key", Random(seed).randbytes)
    return Operator(config, capsys)
