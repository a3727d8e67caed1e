"""A packet socket on the event loop: IPv6 packets of one interface beside the kernel, those of a filter alone."""

import asyncio
import ctypes
import socket
import struct
from collections.abc import Callable, Sequence

from runtime.logs import get_logger
from runtime.udp import DRAIN_LIMIT

log = get_logger("runtime.packets")

ETH_P_IPV6 = 0x86DD
"""EtherType of IPv6 (RFC 2464 §3)."""

_SO_ATTACH_FILTER = 26


def attach_filter(packets: socket.socket, program: Sequence[bytes]) -> None:
    """Have the kernel give `packets` only what `program`, instructions of <linux/filter.h>, lets through."""
    octets = ctypes.create_string_buffer(b"".join(program))
    attached = struct.pack("@HP", len(program), ctypes.addressof(octets))
    packets.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, attached)


class PacketReader:
    """Gives `on_packet` what `_is_for_us` accepts, packets of `largest` octets at most.

    Made inside a running loop; `close` closes `listening` and `beside`, the socket that goes with it.
    """

    def __init__(
        self, listening: socket.socket, beside: socket.socket, on_packet: Callable[[bytes], None], largest: int
    ) -> None:
        self.send_errors = 0
        self._listening = listening
        self._beside = beside
        self._on_packet = on_packet
        self._largest = largest
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(listening.fileno(), self._drain)

    def close(self) -> None:
        """Stop; closing twice does nothing."""
        if self._closed:
            return
        self._closed = True
        self._loop.remove_reader(self._listening.fileno())
        self._listening.close()
        self._beside.close()

    def _is_for_us(self, packet: bytes, kind: int, /) -> bool:
        """`kind` is the kernel's word of it, socket.PACKET_OUTGOING and others."""
        raise NotImplementedError

    def _drain(self) -> None:
        for _ in range(DRAIN_LIMIT):
            if self._closed:
                return
            try:
                packet, (_, _, kind, *_) = self._listening.recvfrom(self._largest)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                log.debug("packet not read", cause=error.strerror or str(error))
                return
            if self._is_for_us(packet, kind):
                self._deliver(packet)

    def _deliver(self, packet: bytes) -> None:
        try:
            self._on_packet(packet)
        except Exception as error:
            # The outermost place: whatever one packet broke, the next one is still served.
            log.exception("packet handler failed", cause=repr(error))
