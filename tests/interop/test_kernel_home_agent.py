"""Linux's own ESP and Mobile IPv6 as the home agent of our mobile node (RFC 6275, RFC 4877).

Our PDN GW agrees on keys with our UE by IKEv2, and is gone without a word; from then on its address and its security
associations are those of a Linux kernel. That takes Home Address options and ESP in transport mode for the Mobility
Header, and ESP in UDP in tunnel mode for everything else, and answers with type 2 routing headers. It has no home
agent's program, so that a small one asks for Binding Updates and sends Binding Acknowledgements that were written
before: what is shown is that each kernel's packets are taken by the other end, and no binding cache of Linux.
"""

import re
import shlex
import sys
from collections.abc import Callable
from contextlib import ExitStack
from ipaddress import IPv6Address
from pathlib import Path

import pytest

from tests.interop.test_kernel_mobile_ipv6 import (
    CARE_OF,
    NODE,
    Attached,
    Ground,
    configuration_of_ue,
    ground,
    left_by,
)
from tests.interop.user_mode_linux import run_kernel
from tests.namespaces import AKADIA, network_up, process
from wire.mip6.binding_ack import AckFlag, BindingAck
from wire.mip6.binding_update import BindingUpdate
from wire.mip6.header import checksum_holds
from wire.mip6.ipv6_options import AlternateCareOf
from wire.mip6.messages import MobilityMessage, build_message, parse_message
from wire.mip6.options import find
from wire.mip6.refresh_request import RefreshRequest
from wire.mip6.revocation import RevocationAck, RevocationIndication, RevocationStatus

__all__ = ["ground"]

pytestmark = pytest.mark.interop

LINK = "2001:db8:b::4"
_REFUSALS = "grep -v '[[:space:]]0$' /proc/net/xfrm_stat"


def network(ground: Ground, left: Attached) -> list[str]:
    """The commands that make the kernel the UE's home agent. Of a policy's templates the innermost is the first."""
    home, agent = str(left.home_address), ground.agent
    esp = "proto esp mode"
    to_ue, from_ue = f"src {agent} dst {home}", f"src {home} dst {agent}"
    mobility_out = f"tmpl {to_ue} {esp} transport tmpl {to_ue} proto route2 mode ro"
    mobility_in = f"tmpl {from_ue} {esp} transport tmpl {from_ue} proto hao mode ro"
    in_udp = " encap espinudp 4500 4500 ::"
    return [
        f"ip -6 address add {LINK}/64 dev vec0 nodad",
        f"ip -6 address add {agent}/128 dev vec0 nodad",
        f"ip -6 route add {home}/128 via {CARE_OF} dev vec0 src {agent}",
        left.esp(agent, home, left.transport[0], "transport"),
        left.esp(home, agent, left.transport[1], "transport"),
        left.esp(agent, CARE_OF, left.tunnel[0], "tunnel") + in_udp,
        left.esp(CARE_OF, agent, left.tunnel[1], "tunnel") + in_udp,
        f"ip xfrm state add {from_ue} proto hao mode ro coa {CARE_OF}",
        f"ip xfrm state add {to_ue} proto route2 mode ro coa {CARE_OF}",
        f"ip xfrm policy add {to_ue} proto 135 dir out priority 10 {mobility_out}",
        f"ip xfrm policy add {from_ue} proto 135 dir in priority 10 {mobility_in}",
        f"ip xfrm policy add {to_ue} dir out priority 20 tmpl src {agent} dst {CARE_OF} {esp} tunnel",
        f"ip xfrm policy add {from_ue} dir in priority 20 tmpl src {CARE_OF} dst {agent} {esp} tunnel",
    ]


def word(ground: Ground, left: Attached, message: MobilityMessage) -> str:
    """Send it to the mobile node, and say what comes back."""
    return f"bu={build_message(message, IPv6Address(ground.agent), left.home_address).hex()}"


def ack(left: Attached, ahead: int) -> BindingAck:
    """Accepts the Binding Update whose number is so far ahead of the UE's last."""
    return BindingAck(status=0, flags=AckFlag.KEY_MANAGEMENT, sequence=left.number(ahead), lifetime=90)


def read(ground: Ground, left: Attached, said: str) -> MobilityMessage:
    """A Mobility Header of the mobile node, whose checksum is over the Home Address."""
    octets = bytes.fromhex(said)
    assert checksum_holds(octets, left.home_address, IPv6Address(ground.agent))
    return parse_message(octets)


def test_linux_takes_updates_and_packets_of_our_mobile_node_and_is_taken_by_it(
    ground: Ground, foreign_peer: Callable[[str], str], tmp_path: Path
) -> None:
    linux = foreign_peer("linux.uml")
    foreign_peer("modprobe")
    config = configuration_of_ue(ground, "aes256gcm16")
    # nobody answers IKE any more, and the UE is not to ask
    text, found = re.subn(r"(?m)(?<=^\[ue\])", "\nliveness_interval = 900", config.read_text(encoding="utf-8"))
    assert found == 1
    config.write_text(text, encoding="utf-8")
    ground.come()
    with ExitStack() as stack:
        with network_up(ground.home, ground.laboratory):
            words = ("--config", str(config), "ue", "attach", "--stay", "--json", "--pings", "0")
            ue = stack.enter_context(process(ground.ue.command(*AKADIA, *words)))
            left = left_by(ue, config)
            # what the gateway says when it goes does not arrive
            ground.home.ip("link set port6 nomaster")
        ground.home.ip("link set port6 master link6")
        ground.home.ip(f"-6 route replace {ground.agent}/128 via {LINK} dev link6")
        node = (sys.executable, "-I", "-S", str(NODE), ground.agent, str(left.home_address), "espinudp=4500")
        told = (
            word(ground, left, RefreshRequest()),
            *(word(ground, left, ack(left, ahead)) for ahead in (1, 2, 3)),
            f"ping={left.home_address}",
            word(ground, left, RevocationIndication(trigger=1, sequence=7)),
        )
        commands = [*network(ground, left), shlex.join((*node, *told)), _REFUSALS]
        lines = run_kernel(ground.home, "tap6", tmp_path, linux, commands)
    said = [line.removeprefix("said ") for line in lines if line.startswith("said ")]
    assert len(said) == 1 + len(told), "\n".join(lines)
    _, update, *_, silence, pings, revoked = said
    asked = read(ground, left, update)
    assert isinstance(asked, BindingUpdate)
    assert asked.sequence == left.number(1)
    care_of = find(asked.options, AlternateCareOf)
    assert care_of is not None
    assert str(care_of.address) == CARE_OF
    # it is content with what was acknowledged, and repeats nothing
    assert silence == "nothing"
    assert pings == "3 of 3"
    answer = read(ground, left, revoked)
    assert isinstance(answer, RevocationAck)
    assert (answer.status, answer.sequence) == (RevocationStatus.SUCCESS, 7)
    # The kernel took everything by its own rules: no packet was refused by a policy or for want of a state.
    assert [line for line in lines if line.startswith("Xfrm")] == [], "\n".join(lines)
