"""Linux's own ESP and Mobile IPv6 as the mobile node of our home agent (RFC 6275, RFC 4877).

IKEv2 is our UE's: it attaches, and then its network interface, its Home Address and its keys are those of a Linux
kernel, which makes Home Address options, reads type 2 routing headers and has the transport-mode and the
tunnel-mode SAs in its XFRM. Its sequence numbers go on where the UE's may have been. The kernel has no daemon of Mobile
IPv6: a small program sends and reads the messages. Linux as the home agent is in test_kernel_home_agent.py.
"""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address
from pathlib import Path

import pytest

from akadia.laboratory import Laboratory, create
from tests.interop.user_mode_linux import run_kernel
from tests.namespaces import AKADIA, Namespace, NewNamespace, network_up, process, until
from wire.mip6.binding_ack import BindingAck
from wire.mip6.binding_update import BindingFlag, BindingUpdate
from wire.mip6.header import checksum_holds
from wire.mip6.ipv6_options import AlternateCareOf
from wire.mip6.messages import build_message, parse_message
from wire.mip6.statuses import BindingStatus

pytestmark = pytest.mark.interop

CARE_OF, ROUTER = "2001:db8:b::77", "2001:db8:b::1"
_REFUSALS = "grep -v '[[:space:]]0$' /proc/net/xfrm_stat"
NODE = Path(__file__).with_name("kernel_node.py")
FLAGS = BindingFlag.ACKNOWLEDGE | BindingFlag.HOME_REGISTRATION | BindingFlag.KEY_MANAGEMENT
OF_UE = FLAGS | BindingFlag.MOBILE_ROUTER
"""What our UE's binding has; no update of it may change R (RFC 3963 §6.2)."""


@dataclass(frozen=True)
class Attached:
    """What the UE has left to the kernel."""

    home_address: IPv6Address
    sequence: int
    transport: tuple[str, str]
    tunnel: tuple[str, str]
    esn: bool
    keys: dict[str, tuple[str, str, str]]
    """By SPI: cipher key, integrity, integrity key, as Wireshark's table has them."""

    def number(self, ahead: int) -> int:
        """A sequence number of a Binding Update, so far ahead of the UE's last."""
        return (self.sequence + ahead) & 0xFFFF

    def algorithms(self, spi: str) -> str:
        """The keys of an SA in ip(8)'s words."""
        cipher, integrity, mac = self.keys[spi]
        if integrity == "NULL":
            return f"aead 'rfc4106(gcm(aes))' {cipher} 128"
        return f"enc 'cbc(aes)' {cipher} auth-trunc 'hmac(sha256)' {mac} 128"

    def esp(self, source: str, destination: str, spi: str, mode: str) -> str:
        """The command that gives the kernel one SA."""
        extended = " flag esn" if self.esn else ""
        return (
            f"ip xfrm state add src {source} dst {destination} proto esp spi {spi} mode {mode} "
            f"{self.algorithms(spi)} replay-window 64 replay-oseq 1000{extended}"
        )


@dataclass(frozen=True)
class Ground:
    """The home network, and a foreign one with the cable of the UE and the TAP device of the kernel."""

    laboratory: Laboratory
    home: Namespace
    ue: Namespace

    @property
    def agent(self) -> str:
        """The home agent's address."""
        return str(self.laboratory.plan.block.home_agent)

    @property
    def host(self) -> str:
        """A host of the home network."""
        return str(self.laboratory.plan.block.home_prefix[2])

    def come(self) -> None:
        """The UE is in the foreign network."""
        self.ue.ip(f"address replace {CARE_OF}/64 dev cable6 nodad")
        self.ue.ip(f"-6 route replace default via {ROUTER} dev cable6")

    def go(self) -> None:
        """Its address is free for the kernel."""
        self.ue.ip(f"address delete {CARE_OF}/64 dev cable6")
        self.home.ip("-6 neighbour flush dev link6")


@pytest.fixture
def ground(namespace: NewNamespace, tmp_path: Path) -> Ground:
    laboratory, home, ue = create(tmp_path / "lab"), namespace(), namespace()
    block = laboratory.plan.block
    for words in ("link add link6 type bridge", "tuntap add tap6 mode tap", "link set tap6 master link6"):
        home.ip(words)
    ue.ip(f"link add cable6 type veth peer name port6 netns {home.holder.pid}")
    home.ip("link set port6 master link6")
    for device in ("link6", "tap6", "port6"):
        home.ip(f"link set {device} up")
    ue.ip("link set cable6 up")
    home.ip(f"address add {ROUTER}/64 dev link6 nodad")
    home.ip(f"-6 address add {block.home_prefix[2]}/128 dev lo")
    done = home.run("sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding")
    assert done.returncode == 0, done.stderr
    return Ground(laboratory, home, ue)


def configuration_of_ue(ground: Ground, suite: str) -> Path:
    """The gateway is behind its TUN device; the UE is in the foreign network, and leaves its keys."""
    config = ground.laboratory.config
    text = config.read_text(encoding="utf-8").replace('tun = ""', 'tun = "home0"')
    config.write_text(text, encoding="utf-8")
    place = f'address = "{CARE_OF}"\nhome_agent = "{ground.agent}"\ngateway = "192.0.2.4"\n'
    text, found = re.subn(r"(?m)(?<=^\[ue\])(.*\n)address = .*\n", lambda head: head[1] + place, text)
    assert found == 1
    head, ue_section = text.split("[ue]")
    ue_section = ue_section.replace("esp_proposals = []", f'esp_proposals = ["{suite}"]')
    changed = config.with_name("ue.toml")
    head = head.replace('folder = ""', 'folder = "keys"')
    changed.write_text(f"{head}[ue]{ue_section}", encoding="utf-8")
    return changed


def attach(ground: Ground, config: Path) -> Attached:
    """Our UE attaches, and is gone without a word."""
    ground.come()
    words = ("--config", str(config), "ue", "attach", "--stay", "--json", "--pings", "0")
    with process(ground.ue.command(*AKADIA, *words)) as ue:
        left = left_by(ue, config)
        ue.kill()
    ground.go()
    return left


def left_by(ue: "subprocess.Popen[str]", config: Path) -> Attached:
    """What a UE says when it attaches, and the keys that it wrote down."""
    told = {}
    for step in range(4, 8):
        told[step] = json.loads(until(ue, f'{{"n": {step},'))["evidence"]
    rows = (config.parent / "keys" / "wireshark" / "esp_sa").read_text(encoding="ascii").splitlines()
    keys = {}
    for row in rows:
        _, _, _, spi, _, key, integrity, mac = json.loads(f"[{row}]")
        keys[spi] = (key, integrity, mac)
    transport, tunnel = (re.findall("0x[0-9a-f]{8}", told[5][name]) for name in ("Mobility Header", "tunnel"))
    return Attached(
        home_address=IPv6Address(told[4]["Home Address"].partition("/")[0]),
        sequence=int(told[7]["sequence"]),
        transport=(transport[0], transport[1]),
        tunnel=(tunnel[0], tunnel[1]),
        esn=told[5]["algorithms"].endswith(" ESN"),
        keys=keys,
    )


def network(ground: Ground, left: Attached) -> list[str]:
    """The commands that make the kernel the mobile node. Of a policy's templates the innermost is the first."""
    home, agent = str(left.home_address), ground.agent
    esp = "proto esp mode"
    out, back = f"src {home} dst {agent}", f"src {agent} dst {home}"
    mobility_out = f"tmpl {out} {esp} transport tmpl {out} proto hao mode ro"
    mobility_back = f"tmpl {back} {esp} transport tmpl {back} proto route2 mode ro"
    tunnel_out = f"tmpl src {CARE_OF} dst {agent} {esp} tunnel"
    tunnel_back = f"tmpl src {agent} dst {CARE_OF} {esp} tunnel"
    return [
        f"ip -6 address add {CARE_OF}/64 dev vec0 nodad",
        f"ip -6 address add {home}/128 dev vec0 home nodad",
        f"ip -6 route add default via {ROUTER} dev vec0",
        left.esp(home, agent, left.transport[1], "transport"),
        left.esp(agent, home, left.transport[0], "transport"),
        left.esp(CARE_OF, agent, left.tunnel[1], "tunnel"),
        left.esp(agent, CARE_OF, left.tunnel[0], "tunnel"),
        f"ip xfrm state add {out} proto hao mode ro coa {CARE_OF}",
        f"ip xfrm state add {back} proto route2 mode ro coa {CARE_OF}",
        f"ip xfrm policy add {out} proto 135 dir out priority 10 {mobility_out}",
        f"ip xfrm policy add {back} proto 135 dir in priority 10 {mobility_back}",
        f"ip xfrm policy add src {home} dst ::/0 dir out priority 20 {tunnel_out}",
        f"ip xfrm policy add src ::/0 dst {home} dir in priority 20 {tunnel_back}",
    ]


def update(left: Attached, agent: str, ahead: int, lifetime: int, flags: BindingFlag = FLAGS) -> str:
    """The word for a Binding Update whose number is so far ahead of the UE's last; the lifetime in units of 4 s."""
    message = BindingUpdate(
        sequence=left.number(ahead),
        flags=flags,
        lifetime=lifetime,
        options=(AlternateCareOf(IPv6Address(CARE_OF)),),
    )
    return f"bu={build_message(message, left.home_address, IPv6Address(agent)).hex()}"


def ack(left: Attached, agent: str, said: str) -> tuple[int, int, int]:
    """Status, sequence number and lifetime of a Binding Acknowledgement, whose checksum is over the Home Address."""
    octets = bytes.fromhex(said)
    assert checksum_holds(octets, IPv6Address(agent), left.home_address)
    message = parse_message(octets)
    assert isinstance(message, BindingAck)
    return message.status, message.sequence, message.lifetime


def as_kernel(ground: Ground, left: Attached, linux: str, folder: Path, *words: str) -> list[str]:
    """What the kernel's program says to each word."""
    node = (sys.executable, "-I", "-S", str(NODE), str(left.home_address), ground.agent, *words)
    lines = run_kernel(ground.home, "tap6", folder, linux, [*network(ground, left), shlex.join(node), _REFUSALS])
    said = [line.removeprefix("said ") for line in lines if line.startswith("said ")]
    assert len(said) == len(words), "\n".join(lines)
    # The kernel took everything by its own rules: no packet was refused by a policy or for want of a state.
    assert [line for line in lines if line.startswith("Xfrm")] == [], "\n".join(lines)
    return said


@pytest.mark.parametrize("suite", ["aes256gcm16", "aes128-sha256"])
def test_linux_binds_pings_and_leaves(
    ground: Ground, foreign_peer: Callable[[str], str], tmp_path: Path, suite: str
) -> None:
    linux = foreign_peer("linux.uml")
    foreign_peer("modprobe")
    config = configuration_of_ue(ground, suite)
    with network_up(ground.home, ground.laboratory):
        left = attach(ground, config)
        said = as_kernel(
            ground, left, linux, tmp_path,
            update(left, ground.agent, 1, 30, OF_UE), f"ping={ground.agent}",
            update(left, ground.agent, 1, 30, OF_UE),
            update(left, ground.agent, 2, 0), f"ping={ground.host}",
            update(left, ground.agent, 3, 60), f"ping={ground.host}",
        )  # fmt: skip
    taken_over, to_agent, repeated, unbound, away, bound, to_host = said
    accepted = BindingStatus.ACCEPTED
    assert ack(left, ground.agent, taken_over) == (accepted, left.number(1), 30)
    assert to_agent == "3 of 3"
    assert ack(left, ground.agent, repeated) == (BindingStatus.SEQUENCE_OUT_OF_WINDOW, left.number(1), 0)
    assert ack(left, ground.agent, unbound) == (accepted, left.number(2), 0)
    assert away == "0 of 3"
    assert ack(left, ground.agent, bound) == (accepted, left.number(3), 60)
    assert to_host == "3 of 3"
