"""`akadia hss serve` of a laboratory, on SQLite or PostgreSQL, with its API."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from akadia.laboratory import Laboratory, create
from akadia.template import API_PORT
from hss.store.location import Location
from tests.api_client import ApiClient

LIMIT = 60.0


@dataclass(frozen=True)
class HssDaemon:
    """A running HSS; `output` is what it says."""

    laboratory: Laboratory
    output: Path

    def client(self, token: str = "") -> ApiClient:
        """A client with this token, or that of the laboratory."""
        own = self.laboratory.api_token.read_text(encoding="ascii").strip()
        return ApiClient((str(self.laboratory.plan.block.hss), API_PORT), self.laboratory.ca, token or own)

    def akadia(self, *words: str, text: str = "") -> str:
        """What a command prints on standard output; it must succeed."""
        command = [sys.executable, "-P", "-m", "akadia", "--config", str(self.laboratory.config), *words]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=LIMIT)
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def running_hss(folder: Path, location: Location | None = None, **changed: object) -> Iterator[HssDaemon]:
    """A laboratory's HSS, on PostgreSQL where `location` is given; `changed` are lines of [hss.api] or [log]."""
    database = "" if location is None or isinstance(location, Path) else _text(location)
    daemon = HssDaemon(create(folder / "lab", database=database), folder / "hss.log")
    _change(daemon.laboratory.config, changed)
    command = [sys.executable, "-P", "-m", "akadia", "--config", str(daemon.laboratory.config), "hss", "serve"]
    with daemon.output.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            _wait(daemon.output, process)
            yield daemon
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(LIMIT) == 0, daemon.output.read_text()


def _text(location: Location) -> str:
    assert not isinstance(location, Path)
    return location.set(drivername="postgresql").render_as_string(hide_password=False)


def _change(config: Path, changed: dict[str, object]) -> None:
    text = config.read_text()
    for name, value in changed.items():
        start = text.index("[log]" if name == "level" else "[hss.api]")
        end = text.index("\n[", start)
        table, count = re.subn(rf"(?m)^{name} = \S+", f"{name} = {value}", text[start:end])
        assert count == 1, f"{name} is {count} times in the table"
        text = text[:start] + table + text[end:]
    config.write_text(text)


def _wait(output: Path, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + LIMIT
    while "hss ready" not in output.read_text():
        assert process.poll() is None, output.read_text()
        assert time.monotonic() < until, output.read_text()
        time.sleep(0.05)
