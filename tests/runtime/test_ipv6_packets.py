"""Whole IPv6 packets beside the kernel: on the loopback interface, where that is allowed."""

import asyncio
from collections.abc import AsyncIterator
from ipaddress import IPv6Address
from pathlib import Path

import pytest
import pytest_asyncio

from runtime.config import ConfigError
from runtime.ipv6_packets import Ipv6Packets, interface_of
from wire.ip.extensions import Type2RoutingHeader
from wire.ip.icmpv6 import Icmpv6Message, PacketTooBig, ParameterProblem, UnknownIcmpv6, build_icmpv6
from wire.ip.ipv6 import PROTO_ICMPV6, PROTO_MOBILITY, PROTO_NONE, PROTO_ROUTING, Ipv6Packet
from wire.mip6.binding_error import BindingError
from wire.mip6.discovery import AgentReply
from wire.mip6.messages import build_message

SELF, HOME = IPv6Address("::1"), IPv6Address("2001:db8::100")
ROUTED = Ipv6Packet(
    source=SELF, destination=SELF, next_header=PROTO_ROUTING, payload=Type2RoutingHeader(PROTO_NONE, HOME).build()
)


@pytest_asyncio.fixture
async def came() -> AsyncIterator[tuple[Ipv6Packets, "asyncio.Queue[bytes]"]]:
    packets: asyncio.Queue[bytes] = asyncio.Queue()
    try:
        opened = Ipv6Packets.open(SELF, packets.put_nowait)
    except ConfigError as refused:
        pytest.skip(str(refused))
    yield opened, packets
    opened.close()
    opened.close()


@pytest.mark.stack
async def test_packet_with_a_routing_header_is_read_though_no_kernel_takes_it(
    came: tuple[Ipv6Packets, "asyncio.Queue[bytes]"],
) -> None:
    opened, packets = came
    opened.send(Ipv6Packet(source=SELF, destination=SELF, next_header=PROTO_NONE, payload=b"").build())
    opened.send(ROUTED.build())
    assert await asyncio.wait_for(packets.get(), 5.0) == ROUTED.build()
    assert opened.send_errors == 0


@pytest.mark.stack
async def test_what_home_agents_say_to_a_care_of_address_is_read_and_no_other_icmpv6(
    came: tuple[Ipv6Packets, "asyncio.Queue[bytes]"],
) -> None:
    opened, packets = came
    others: list[Icmpv6Message] = [UnknownIcmpv6(kind, 0, bytes(4)) for kind in (1, 3, 5, 128, 129, 135, 144, 146, 147)]
    wanted: list[Icmpv6Message] = [AgentReply(7, (HOME,)).build(), ParameterProblem(1, 6, b""), PacketTooBig(1300, b"")]
    for message in (*others, *wanted):
        payload = build_icmpv6(message, SELF, SELF)
        opened.send(Ipv6Packet(source=SELF, destination=SELF, next_header=PROTO_ICMPV6, payload=payload).build())
    error = build_message(BindingError(1, HOME), SELF, SELF)
    opened.send(Ipv6Packet(source=SELF, destination=SELF, next_header=PROTO_MOBILITY, payload=error).build())
    came_through = [Ipv6Packet.parse(await asyncio.wait_for(packets.get(), 5.0)) for _ in range(4)]
    assert [packet.next_header for packet in came_through] == [PROTO_ICMPV6] * 3 + [PROTO_MOBILITY]
    assert [packet.payload[0] for packet in came_through[:3]] == [145, 4, 2]


@pytest.mark.stack
async def test_packet_that_the_kernel_refuses_is_counted(came: tuple[Ipv6Packets, "asyncio.Queue[bytes]"]) -> None:
    opened, _ = came
    opened.send(ROUTED.build()[:24] + IPv6Address("2001:db8::99").packed + ROUTED.build()[40:])
    assert opened.send_errors == 1


async def test_address_of_nobody_is_one_line() -> None:
    with pytest.raises(ConfigError, match="no interface has the address 2001:db8::99"):
        Ipv6Packets.open(IPv6Address("2001:db8::99"), lambda _octets: None)


def test_interface_is_found_by_its_address(tmp_path: Path) -> None:
    table = tmp_path / "if_inet6"
    table.write_text("20010db8000b00000000000000000077 02 40 00 80   cable0\n", encoding="ascii")
    assert interface_of(IPv6Address("2001:db8:b::77"), table) == "cable0"
    assert interface_of(SELF, table) is None
    assert interface_of(SELF, tmp_path / "none") is None
