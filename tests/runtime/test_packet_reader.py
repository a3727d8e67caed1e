"""What every packet socket does alike; those of Mobile IPv6 and of Neighbor Discovery have tests of their own."""

import asyncio
import socket
import struct

import pytest
from structlog.testing import capture_logs

from runtime.packet_reader import PacketReader, attach_filter

DROP = (struct.pack("=HBBI", 0x06, 0, 0, 0),)
PASS = (struct.pack("=HBBI", 0x06, 0, 0, 0xFFFF),)


class Packets(socket.socket):
    """Stands in for a packet socket: the first octet of each packet is the kernel's word of it."""

    def recvfrom(self, most: int, /) -> tuple[bytes, tuple[str, int, int]]:  # type: ignore[override]
        packet = self.recv(most)
        return packet, ("eth1", 0x86DD, packet[0])


class Reader(PacketReader):
    """Wants packets of kind 1."""

    def _is_for_us(self, packet: bytes, kind: int) -> bool:
        assert packet
        return kind == 1


async def test_wanted_packets_are_given_on_and_one_that_breaks_its_handler_stops_none() -> None:
    ours, kernel = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    beside = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    packets = Packets(fileno=ours.detach())
    packets.setblocking(False)
    came: list[bytes] = []

    def on_packet(packet: bytes) -> None:
        came.append(packet)
        if packet == b"\1bad":
            raise ValueError("broken")

    reader = Reader(packets, beside, on_packet, 100)
    with capture_logs() as lines:
        for packet in (b"\1bad", b"\2other", b"\1good"):
            kernel.send(packet)
        async with asyncio.timeout(5):
            while b"\1good" not in came:  # noqa: ASYNC110 - what is awaited is a plain list
                await asyncio.sleep(0.01)
    assert came == [b"\1bad", b"\1good"]
    assert [line["cause"] for line in lines] == ["ValueError('broken')"]
    reader.close()
    reader.close()
    assert (packets.fileno(), beside.fileno()) == (-1, -1)
    kernel.close()


@pytest.mark.stack
def test_kernel_gives_only_what_the_filter_lets_through() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending,
    ):
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(5)
        attach_filter(listening, DROP)
        sending.sendto(b"dropped", listening.getsockname())
        attach_filter(listening, PASS)
        sending.sendto(b"passed", listening.getsockname())
        assert listening.recv(100) == b"passed"
