"""TUN devices with the kernel itself, in network namespaces that end with the processes in them."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from akadia.laboratory import Laboratory, create
from tests.namespaces import AKADIA, Namespace, NewNamespace, apart, line_of, network_up, process, until

pytestmark = pytest.mark.stack

ATTACH = ("ue", "attach", "--tun", "ak0", "--stay", "--json", "--pings", "1")

SERVER = """
import socket, sys
with socket.create_server((sys.argv[1], 7777), family=socket.AF_INET6) as listening:
    listening.settimeout(30)
    print("listening", flush=True)
    served, peer = listening.accept()
    with served:
        print(peer[0], flush=True)
        while octets := served.recv(65536):
            served.sendall(octets)
"""

CLIENT = """
import socket, sys, threading
sent = bytes(range(256)) * 1000
with socket.create_connection((sys.argv[1], 7777), timeout=30) as stream:
    def send():
        stream.sendall(sent)
        stream.shutdown(socket.SHUT_WR)
    threading.Thread(target=send).start()
    came = b""
    while octets := stream.recv(65536):
        came += octets
    print(came == sent, flush=True)
"""


@contextmanager
def attached(where: Namespace, laboratory: Laboratory) -> Iterator[str]:
    """A UE with a TUN device in a namespace; its Home Address."""
    with process(where.command(*AKADIA, "--config", str(laboratory.config), *ATTACH)) as ue:
        told = json.loads(until(ue, '{"n": 8,'))
        assert told["evidence"]["pings"] == "1 of 1"
        device, home_address = told["evidence"]["TUN device"].split()
        assert device == "ak0"
        yield home_address.partition("/")[0]


def assert_has(where: Namespace, address: str) -> None:
    """The device has the Home Address, and no address of the kernel's own beside it."""
    (link,) = json.loads(where.ip("-json -6 address show dev ak0"))
    assert [entry["local"] for entry in link["addr_info"]] == [address]
    assert (link["mtu"], "UP" in link["flags"]) == (1400, True)


REPLIES = ["reply 1", "reply 2", "reply 3"]


def test_kernel_pings_the_home_agent_through_the_ue(namespace: NewNamespace, tmp_path: Path) -> None:
    laboratory, here = create(tmp_path / "lab"), namespace()
    with network_up(here, laboratory):
        with attached(here, laboratory) as home_address:
            assert_has(here, home_address)
            assert here.ping(str(laboratory.plan.block.home_agent), device="ak0") == REPLIES
        assert "ak0" not in here.ip("-brief link"), "the device ends with the attach"


def carries_a_stream(server: Namespace, address: str, client: Namespace) -> str:
    """Send 256,000 octets over TCP there and back; whose address the server saw."""
    with process(server.command(sys.executable, "-c", SERVER, address)) as serving:
        assert line_of(serving) == "listening"
        done = client.run(sys.executable, "-c", CLIENT, address)
        assert done.stdout == "True\n", done.stderr
        return line_of(serving)


def test_kernels_talk_between_ue_and_home_network(namespace: NewNamespace, tmp_path: Path) -> None:
    laboratory, ue, gateway = create(tmp_path / "lab"), namespace(), namespace()
    apart(laboratory, ue, gateway)
    home_agent = str(laboratory.plan.block.home_agent)
    host = str(laboratory.plan.block.home_prefix[2])
    gateway.ip(f"-6 address add {host}/128 dev lo")
    with network_up(gateway, laboratory), attached(ue, laboratory) as home_address:
        assert home_agent not in gateway.ip("-6 address"), "the home agent's address is not the kernel's"
        assert ue.ping(home_agent, device="ak0") == gateway.ping(home_agent) == REPLIES
        assert ue.ping(host, device="ak0") == gateway.ping(home_address) == REPLIES
        assert carries_a_stream(gateway, host, ue) == home_address
        assert carries_a_stream(ue, home_address, gateway) == host


@pytest.mark.parametrize(("device", "words"), [("ak0", ATTACH), ("home0", ("pdngw", "serve"))])
def test_missing_privilege_is_one_line_that_says_what_to_do(
    namespace: NewNamespace, tmp_path: Path, device: str, words: tuple[str, ...]
) -> None:
    laboratory, here = create(tmp_path / "lab"), namespace()
    text = laboratory.config.read_text(encoding="utf-8")
    laboratory.config.write_text(text.replace('tun = ""', 'tun = "home0"'), encoding="utf-8")
    unprivileged = ("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin")
    done = here.run(*unprivileged, *AKADIA, "--config", str(laboratory.config), *words)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"error: TUN device {device}: Operation not permitted; run as root or with CAP_NET_ADMIN, or name no TUN device"
    )
    assert "Traceback" not in done.stderr
