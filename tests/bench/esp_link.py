"""A UE and a PDN GW in network namespaces, each with a TUN device, and ESP in UDP on the cable between them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from runtime.tun import CONTROL
from tests.bench.gateway_site import Suite, new_laboratory, started
from tests.bench.processes import ROOT, BenchFailed, cpu_seconds
from tests.bench.rows import Round
from tests.bench.site import akadia_words
from tests.namespaces import Namespace, apart, new_namespace

DAEMONS = {"dns": "dns listening", "aaa": "aaa ready", "pdngw": "pdngw ready"}
MEGABIT = 1e6 / 8
_TOOLS = ("ip", "unshare", "nsenter")
_SIDE = (sys.executable, "-m", "tests.bench.flows")


def missing() -> str:
    """Why there can be no such link here, or nothing."""
    if os.geteuid():
        return "network namespaces and TUN devices need root"
    lacking = [*(tool for tool in _TOOLS if shutil.which(tool) is None), *(CONTROL,) * (not Path(CONTROL).exists())]
    return f"there is no {lacking[0]}" if lacking else ""


@dataclass(frozen=True)
class EspLink:
    """A UE that is attached; `host` is one of its home network, `pids` are the UE and the PDN GW."""

    ue: Namespace
    home: Namespace
    host: str
    pids: tuple[int, int]

    def tcp(self, seconds: float) -> Round:
        """A download for so long; an operation is a megabit."""
        told, cpu = self._flow(("serve-tcp", self.host, str(seconds)), ("ask-tcp", self.host))
        return Round(max(int(told["arrived"] / MEGABIT), 1), told["seconds"], cpu)

    def packets(self, octets: int, seconds: float) -> Round:
        """Packets of so many octets from the UE."""
        told, cpu = self._flow(("serve-udp", self.host), ("ask-udp", self.host, str(octets), str(seconds)))
        return Round(int(told["arrived"]), told["seconds"], cpu)

    def _flow(self, serve: tuple[str, ...], ask: tuple[str, ...]) -> tuple[dict[str, float], float]:
        """What arrived, and the CPU that both ends of the tunnel took for it."""
        words = self.home.command(*_SIDE, *serve)
        with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE) as serving:
            assert serving.stdout is not None
            serving.stdout.readline()
            before = cpu_seconds(self.pids)
            try:
                asked = self.ue.run(*_SIDE, *ask)
                cpu = cpu_seconds(self.pids) - before
            finally:
                serving.terminate()
        if asked.returncode:
            raise BenchFailed(f"nothing comes through the tunnel: {asked.stderr.strip().splitlines()[-1]}")
        told: dict[str, float] = json.loads(asked.stdout)
        if not told["arrived"]:
            raise BenchFailed("nothing comes through the tunnel")
        return told, cpu


@contextmanager
def esp_link(folder: Path, suite: Suite) -> Iterator[EspLink]:
    """A laboratory in two namespaces, and its UE attached by `akadia ue attach --tun`."""
    laboratory = new_laboratory(folder, suite)
    with ExitStack() as running:
        ue, home = (running.enter_context(new_namespace()) for _ in range(2))
        apart(laboratory, ue, home)
        host = laboratory.plan.block.home_prefix[2]
        home.ip(f"-6 address add {host}/128 dev lo")
        gateway = [
            started(running, laboratory, home.command(*akadia_words(laboratory.config, name, "serve")), ready)
            for name, ready in DAEMONS.items()
        ][-1]
        words = akadia_words(laboratory.config, "ue", "attach", "--tun", "ak0", "--stay", "--json", "--pings", "1")
        attached = started(running, laboratory, ue.command(*words), '"n": 8')
        yield EspLink(ue, home, str(host), (attached, gateway))
