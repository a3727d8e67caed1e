"""The DNS server's own process takes thousands of datagrams of nonsense and still serves the next UE."""

import random
import resource
import socket
import subprocess
import sys
from pathlib import Path

import dns.message
import pytest

from runtime.process import READY, SUPERVISOR_FD
from tests.fuzz.fuzz_dns import SEEDS
from tests.fuzz.mutation import mutate
from tests.stack.floods import FLOOD

pytestmark = pytest.mark.stack

DATAGRAMS = FLOOD

CONFIG = """
[network]
mcc = "001"
mnc = "01"
realm = "epc.mnc001.mcc001.3gppnetwork.org"
apn = "internet"
[dns]
address = "{host}:{port}"
[pdngw]
id = "pgw.epc.mnc001.mcc001.3gppnetwork.org"
address = "127.1.2.4"
ha_address = "2001:db8::1"
"""


def free_address() -> tuple[str, int]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.73.9.53", 0))
        host, port = probe.getsockname()
        return host, port


def resident_kilobytes(process: int) -> int:
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


def test_server_outlives_a_flood_of_nonsense(tmp_path: Path) -> None:
    host, port = free_address()
    config = tmp_path / "akadia.toml"
    # everywhere, and still from the address that was asked
    config.write_text(CONFIG.format(host="0.0.0.0", port=port))
    code = f"import pathlib, sys, akadia.dns_server as server; sys.exit(server.main(pathlib.Path({str(config)!r})))"
    ours, its = socket.socketpair()
    log = tmp_path / "log"
    with log.open("w") as errors:
        server = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=Path(__file__).resolve().parents[2],
            stderr=errors,
            pass_fds=(its.fileno(),),
            env={SUPERVISOR_FD: str(its.fileno())},
        )
    its.close()
    with server, ours, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        ours.settimeout(20)
        assert ours.recv(16) == READY
        client.connect((host, port))
        client.settimeout(10)
        before = resident_kilobytes(server.pid)
        flood(client, random.Random("dns"))
        after = resident_kilobytes(server.pid)
        assert serves(client)
        server.terminate()
        assert server.wait(10) == 0
    assert after - before < 16 * 1024
    lines = log.read_text().splitlines()
    assert not [line for line in lines if "Traceback" in line or " error " in line]
    assert 0 < len([line for line in lines if "query refused cause=" in line]) < DATAGRAMS // 10


def flood(client: socket.socket, chance: random.Random) -> None:
    """Nonsense in bursts with a good query after each, whose answer shows that the burst has been read."""
    for turn in range(DATAGRAMS):
        octets = chance.randbytes(chance.randrange(600)) if turn % 4 == 0 else mutate(chance.choice(SEEDS), chance)
        client.send(octets)
        if turn % 200 == 199:
            assert serves(client)


def serves(client: socket.socket) -> bool:
    query = dns.message.make_query("internet.ha-apn.mnc001.mcc001.pub.3gppnetwork.org", "AAAA")
    client.send(query.to_wire())
    while True:
        response = dns.message.from_wire(client.recv(4096), ignore_trailing=True)
        if response.id == query.id and response.answer:
            return bool(response.answer[0][0].to_text() == "2001:db8::1")
