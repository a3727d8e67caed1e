"""A real HSS: a store made by the real commands, its configuration, and daemons that serve it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hss.config import HssConfig
from hss.keys.vault import write_master_key
from runtime.config import read_config
from tests.bench.cards import write_cards
from tests.bench.processes import ROOT, BenchFailed, Daemon, family_cpu_seconds, peak_mb
from tests.bench.rows import Round

PEERS = 8
"""So many AAA servers and MMEs may connect."""

PROFILES = {
    "milenage": (),
    "clock": ("--scheme", "time"),
    "token": ("--custody", "token"),
}
"""What `akadia profile add` is told; milenage is there from the beginning."""

_HSS = """
[network]
mcc = "001"
mnc = "01"
realm = "epc.mnc001.mcc001.3gppnetwork.org"
apn = "internet"
[hss]
database = "{database}"
master_key = "{master_key}"
origin_host = "{name}.example"
origin_realm = "example"
swx = "127.0.0.1:0"
instance = "{name}"
"""
_PEER = """
[[hss.peer]]
name = "aaa{number}"
origin_host = "aaa{number}.example"
origin_realm = "example"
addresses = ["127.0.0.0/8"]
applications = ["swx", "s6a"]
"""


@dataclass(frozen=True)
class Site:
    """A store with `subscribers`; `postmaster` is the database server's process, if there is one."""

    folder: Path
    database: str
    master_key: str
    subscribers: int
    postmaster: int | None = None

    def config(self, name: str = "hss") -> Path:
        """The configuration of the HSS process `name`."""
        path = self.folder / f"{name}.toml"
        text = _HSS.format(database=self.database, master_key=self.master_key, name=name)
        path.write_text(text + "".join(_PEER.format(number=number) for number in range(1, PEERS + 1)))
        return path

    @property
    def settings(self) -> HssConfig:
        """The configuration as the HSS reads it."""
        return read_config(self.config()).section("hss", HssConfig)

    @contextmanager
    def serving(self, name: str = "hss") -> Iterator["ServingHss"]:
        """`akadia hss serve`, until the end of the block."""
        words = akadia_words(self.config(name), "hss", "serve")
        daemon = Daemon(words, self.folder / f"{name}.log")
        try:
            said = daemon.said(r"hss ready.*swx=([0-9.]+):([0-9]+)")
            yield ServingHss(daemon.pid, said[1], int(said[2]))
        finally:
            daemon.end()


@dataclass(frozen=True)
class ServingHss:
    """An HSS process and where it listens."""

    pid: int
    host: str
    port: int


def akadia_words(config: Path, *words: str) -> list[str]:
    """A command of ours."""
    return [sys.executable, "-P", "-m", "akadia", "--config", str(config), *words]


def akadia(config: Path, *words: str) -> str:
    """Run a command of ours to its end; BenchFailed when it fails."""
    done = subprocess.run(akadia_words(config, *words), cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchFailed(f"akadia {' '.join(words)}: {done.stderr.strip().splitlines()[-1]}")
    return done.stdout


def prepare(site: Site, profile: str) -> None:
    """The master key, unless it is elsewhere, and an empty store with `profile`."""
    if site.master_key.startswith("pkcs11:"):
        akadia(site.config(), "keys", "init-token")
    else:
        write_master_key(site.folder / site.master_key, os.urandom)
    akadia(site.config(), "db", "upgrade")
    if profile != "milenage":
        akadia(site.config(), "profile", "add", profile, *PROFILES[profile])


def populate(site: Site, profile: str, tell: Callable[[str], None]) -> Round:
    """Make the file of the cards and bring it in by `akadia import`."""
    cards = site.folder / "cards.csv"
    if not cards.exists():
        tell(f"makes a file of {site.subscribers:,} cards")
        write_cards(cards, site.subscribers, profile)
    return run_import(site, cards, tell)


def run_import(site: Site, cards: Path, tell: Callable[[str], None]) -> Round:
    """`akadia import`, from its start to its end."""
    words = akadia_words(site.config(), "import", str(cards), "--mapping", "pysim", "--json")
    database_cpu = family_cpu_seconds(site.postmaster)
    began = told = time.monotonic()
    with (site.folder / "import.json").open("wb") as output, (site.folder / "import.log").open("wb") as log:
        process = subprocess.Popen(words, cwd=ROOT, stdout=output, stderr=log)
    peak = 0.0
    while True:
        peak = max(peak, peak_mb(process.pid))
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        if time.monotonic() - told > 10:
            told = time.monotonic()
            tell(f"imports {site.subscribers:,} cards, {told - began:.0f} s so far, {peak:.0f} MB")
        time.sleep(0.05)
    seconds = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise BenchFailed(f"the import failed: {(site.folder / 'import.log').read_text().splitlines()[-1]}")
    said = json.loads((site.folder / "import.json").read_text())
    if said["added"] != site.subscribers:
        raise BenchFailed(f"the import added {said['added']} of {site.subscribers}")
    cpu = usage.ru_utime + usage.ru_stime
    database_cpu = family_cpu_seconds(site.postmaster) - database_cpu
    return Round(site.subscribers, seconds, cpu, database_cpu, peak_mb=peak)
