"""A path that is narrower in its middle than what tunnels carry: kernels say so, and streams go on (RFC 8201)."""

import re
from pathlib import Path

import pytest

from akadia.laboratory import Laboratory, create
from tests.namespaces import Namespace, NewNamespace, network_up
from tests.stack.test_tun import attached, carries_a_stream

pytestmark = pytest.mark.stack

NARROW = 1300
UE4, UE6 = "10.99.0.10", "2001:db8:b::77"


def _cable(one: Namespace, name: str, other: Namespace, far_name: str) -> None:
    one.ip(f"link add {name} type veth peer name {far_name} netns {other.holder.pid}")
    one.ip(f"link set {name} up")
    other.ip(f"link set {far_name} up")


def _forwards(router: Namespace) -> None:
    for setting in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
        done = router.run("sh", "-c", f"echo 1 >/proc/sys/net/{setting}")
        assert done.returncode == 0, done.stderr


def _lead(laboratory: Laboratory, ue: Namespace, gateway: Namespace, near: Namespace, far: Namespace) -> None:
    """Join the UE and the gateway by two routers, between which the link is narrow."""
    block = laboratory.plan.block
    _cable(ue, "cable0", near, "port0")
    _cable(near, "middle", far, "middle")
    _cable(far, "port0", gateway, "cable0")
    for router in (near, far):
        router.ip(f"link set middle mtu {NARROW}")
        _forwards(router)
    _forwards(gateway)
    for host, device, addresses in (
        (ue, "cable0", (f"{UE4}/24", f"{UE6}/64")),
        (near, "port0", ("10.99.0.1/24", "2001:db8:b::1/64")),
        (near, "middle", ("10.98.0.1/24", "2001:db8:c::1/64")),
        (far, "middle", ("10.98.0.2/24", "2001:db8:c::2/64")),
        (far, "port0", ("192.0.2.1/24", "2001:db8:d::1/64")),
        (gateway, "cable0", (*(f"192.0.2.{end}/24" for end in (2, 3, 4, 53)), "2001:db8:d::4/64")),
    ):
        for address in addresses:
            host.ip(f"address add {address} dev {device}" + (" nodad" if ":" in address else ""))
    for host, via4, via6 in (
        (ue, "10.99.0.1", "2001:db8:b::1"),
        (near, "10.98.0.2", "2001:db8:c::2"),
        (gateway, "192.0.2.1", "2001:db8:d::1"),
    ):
        host.ip(f"route add default via {via4}")
        host.ip(f"-6 route add default via {via6}")
    far.ip("route add 10.99.0.0/24 via 10.98.0.1")
    far.ip("-6 route add 2001:db8:b::/64 via 2001:db8:c::1")
    far.ip(f"-6 route add {block.home_prefix} via 2001:db8:d::4")


@pytest.mark.parametrize("address", [UE4, UE6])
def test_streams_go_both_ways_through_a_narrow_path(namespace: NewNamespace, tmp_path: Path, address: str) -> None:
    laboratory, ue, gateway = create(tmp_path / "lab"), namespace(), namespace()
    block = laboratory.plan.block
    _lead(laboratory, ue, gateway, namespace(), namespace())
    text = laboratory.config.read_text(encoding="utf-8")
    place = f'address = "{address}"\nhome_prefix = "{block.home_prefix}"\ngateway = "192.0.2.4"\n'
    text, found = re.subn(r"(?m)(?<=^\[ue\])(.*\n)address = .*\n", lambda head: head[1] + place, text)
    assert found == 1
    text = text.replace(f"127.{block.a}.{block.b}.", "192.0.2.").replace('"127.0.0.0/8"', '"192.0.2.0/24"')
    laboratory.config.write_text(text.replace('tun = ""', 'tun = "home0"'), encoding="utf-8")
    host = str(block.home_prefix[2])
    gateway.ip(f"-6 address add {host}/128 dev lo")
    with network_up(gateway, laboratory), attached(ue, laboratory) as home_address:
        assert carries_a_stream(gateway, host, ue) == home_address
        assert carries_a_stream(ue, home_address, gateway) == host
