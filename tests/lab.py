"""A real laboratory for tests: `akadia up` on a folder of its own, its logs, and the commands an operator has."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from akadia.laboratory import Laboratory, create
from akadia.template import RADIUS_PORT, AaaChoice, HssChoice
from runtime.logs import Level
from tests.house.source_tree import ROOT
from wire.identity import Imsi
from wire.secret import Secret

AKADIA = (sys.executable, "-P", "-m", "akadia")
LIMIT = 60.0
"""Seconds for any one command."""

_LINE = re.compile(r"\S+ (?P<level>[a-z]+) (?P<source>\S+) (?P<words>.*?)(?P<details>(?: [\w.]+=(?:\"[^\"]*\"|\S+))*)$")
_DETAIL = re.compile(r" ([\w.]+)=(?:\"([^\"]*)\"|(\S+))")


@dataclass(frozen=True)
class LogLine:
    """One line of a daemon's log, taken apart."""

    level: str
    event: str
    details: Mapping[str, str]

    @property
    def is_failure(self) -> bool:
        """Whether an operator is to look at it."""
        return self.level in {"warning", "error", "critical"}


@dataclass
class Lab:
    """A laboratory whose daemons run; `output` is all that `akadia up` printed."""

    laboratory: Laboratory
    output: Path
    _read: dict[str, int] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where everything is."""
        return self.laboratory.folder

    @property
    def imsi(self) -> Imsi:
        """The test subscriber."""
        return Imsi(self.laboratory.imsi)

    @property
    def keys(self) -> tuple[Secret, Secret]:
        """K and OPc of the test subscriber, from its card."""
        return card_keys(self.laboratory.usim)

    @property
    def radius(self) -> tuple[str, int]:
        """Where the AAA server takes RADIUS."""
        return str(self.laboratory.plan.block.aaa), RADIUS_PORT

    @property
    def radius_secret(self) -> str:
        """The secret of RADIUS clients on loopback."""
        return self.laboratory.radius_secret.read_text(encoding="ascii").strip()

    def akadia(self, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command of the front door on this laboratory, with `text` as its standard input."""
        return akadia("--config", str(self.laboratory.config), *arguments, text=text)

    def new_lines(self, daemon: str) -> list[LogLine]:
        """What a daemon logged since this was asked last."""
        path = self.folder / "logs" / f"{daemon}.log"
        text = path.read_text(encoding="utf-8")
        before, self._read[daemon] = self._read.get(daemon, 0), len(text)
        return [parse_line(line) for line in text[before:].splitlines()]


def parse_line(line: str) -> LogLine:
    """Take a line of the text format apart; ValueError for what is none, such as one of a traceback."""
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError(f"not a line of a log: {line!r}")
    details = {name: quoted or plain for name, quoted, plain in _DETAIL.findall(match["details"])}
    return LogLine(match["level"], match["words"], details)


def card_keys(card: Path) -> tuple[Secret, Secret]:
    """K and OPc that a card's file holds."""
    table = tomllib.loads(card.read_text(encoding="utf-8"))
    return Secret.fromhex(table["k"]), Secret.fromhex(table["opc"])


def akadia(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run the front door; its output is captured, its exit code is the caller's to look at."""
    return subprocess.run(
        [*AKADIA, *arguments], cwd=ROOT, input=text, capture_output=True, text=True, check=False, timeout=LIMIT
    )


@contextmanager
def running_lab(
    folder: Path,
    *,
    hss: HssChoice = "local",
    aaa: AaaChoice = "diameter",
    capture: bool = False,
    log_level: Level = "info",
    more: str = "",
    edit: Callable[[str], str] = str,
) -> Iterator[Lab]:
    """Make a laboratory in `folder`/lab, `edit` its configuration, put `more` behind it, and run it until the end."""
    lab = Lab(create(folder / "lab", hss=hss, aaa=aaa, capture=capture, log_level=log_level), output=folder / "up.txt")
    config = lab.laboratory.config
    config.write_text(edit(config.read_text(encoding="utf-8")) + more, encoding="utf-8")
    with lab.output.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [*AKADIA, "--config", str(lab.laboratory.config), "up"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            assert said == "ready\n", lab.output.read_text(encoding="utf-8")
            yield lab
        finally:
            process.terminate()
            try:
                process.communicate(timeout=LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
