"""What a daemon sent and received, as IP packets in a pcapng file that Wireshark opens.

The daemons own sockets, not interfaces; so the packets are made from what the sockets carried, each TCP connection with
a handshake before its first octets.
"""

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

from runtime import pcapng
from runtime.frames import Segment, TcpFlag, tcp_packet, udp_packet
from runtime.logs import get_logger
from runtime.taps import Address, DatagramTap, StreamTap

log = get_logger("runtime.capture")

__all__ = ["Capture", "DatagramTap", "NullCapture", "StreamTap", "merge", "open_capture"]

MAX_CONNECTIONS = 4096
"""TCP connections whose sequence numbers are remembered; the one idle for longest is forgotten first."""

_SEGMENT = 32768
_Flow = tuple[Address, Address]


class NullCapture:
    """The tap of a daemon that captures nothing."""

    listening = False

    def udp(self, *, source: Address, destination: Address, payload: bytes) -> None:
        """Forget the datagram."""

    def tcp(self, *, source: Address, destination: Address, payload: bytes) -> None:
        """Forget the octets."""

    def close(self) -> None:
        """Nothing is open."""


class Capture:
    """Writes every datagram and every stretch of a stream into `file`, at once and in order.

    `name` is the interface's name in the file; `clock` gives nanoseconds since 1970.
    """

    listening = True

    def __init__(self, file: BinaryIO, name: str, clock: Callable[[], int]) -> None:
        self._file = file
        self._clock = clock
        self._sequences: OrderedDict[_Flow, dict[Address, int]] = OrderedDict()
        file.write(pcapng.section_header() + pcapng.interface_description(name))

    def udp(self, *, source: Address, destination: Address, payload: bytes) -> None:
        """One UDP datagram."""
        self._write(udp_packet(source, destination, payload))

    def tcp(self, *, source: Address, destination: Address, payload: bytes) -> None:
        """The next octets of a TCP connection; whoever speaks first is shown as the one that opened it."""
        flow = min(source, destination), max(source, destination)
        if flow not in self._sequences:
            self._open(source, destination)
            self._sequences[flow] = {source: 1, destination: 1}
            if len(self._sequences) > MAX_CONNECTIONS:
                self._sequences.popitem(last=False)
        self._sequences.move_to_end(flow)
        sequences = self._sequences[flow]
        for start in range(0, len(payload), _SEGMENT):
            piece = payload[start : start + _SEGMENT]
            self._segment(
                Segment(
                    source, destination, sequences[source], sequences[destination], TcpFlag.PSH | TcpFlag.ACK, piece
                )
            )
            sequences[source] += len(piece)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _open(self, client: Address, server: Address) -> None:
        self._segment(Segment(client, server, 0, 0, TcpFlag.SYN))
        self._segment(Segment(server, client, 0, 1, TcpFlag.SYN | TcpFlag.ACK))
        self._segment(Segment(client, server, 1, 1, TcpFlag.ACK))

    def _segment(self, segment: Segment) -> None:
        self._write(tcp_packet(segment))

    def _write(self, octets: bytes) -> None:
        if self._file.closed:
            return
        try:
            self._file.write(pcapng.enhanced_packet(0, self._clock(), octets))
        except OSError as error:
            # A full disk ends the capture, not the service.
            log.error("capture ended", cause=error.strerror)
            self._file.close()


def open_capture(folder: Path | None, name: str, clock: Callable[[], int] = time.time_ns) -> Capture | NullCapture:
    """A capture into `folder`/`name`.pcapng, readable by its owner alone, or NullCapture when there is no folder."""
    if folder is None:
        return NullCapture()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = _fresh(folder / f"{name}.pcapng")
    # Unbuffered, so that a daemon that is killed leaves all that it saw.
    return Capture(path.open("wb", buffering=0), name, clock)


def merge(files: Iterable[Path], out: Path) -> int:
    """Write the packets of `files` to `out` in the order of their times; how many they were.

    Two daemons that talk to each other both saw their conversation: it is taken from the one that saw more of it.
    `out` is readable by its owner alone. DecodeError when a file is not a capture.
    """
    packets = [packet for path in sorted(files) for packet in pcapng.parse(path.read_bytes())]
    seen = Counter((_conversation(packet.octets), packet.interface) for packet in packets)
    best: dict[bytes, str] = {}
    for (conversation, interface), count in seen.items():
        if conversation not in best or count > seen[conversation, best[conversation]]:
            best[conversation] = interface
    kept = [packet for packet in packets if best[_conversation(packet.octets)] == packet.interface]
    names = sorted({packet.interface for packet in kept})
    with _fresh(out).open("wb") as file:
        file.write(pcapng.section_header() + b"".join(pcapng.interface_description(name) for name in names))
        for packet in sorted(kept, key=lambda packet: packet.time):
            file.write(pcapng.enhanced_packet(names.index(packet.interface), packet.time, packet.octets))
    return len(kept)


def _fresh(path: Path) -> Path:
    """An empty file for its owner alone: traffic shows who is where."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    return path


def _conversation(octets: bytes) -> bytes:
    """The protocol and both ends of a packet that this module made, in an order that both directions share."""
    if octets[:1] < b"\x60":
        protocol, start, end, ports = octets[9:10], octets[12:16], octets[16:20], octets[20:24]
    else:
        protocol, start, end, ports = octets[6:7], octets[8:24], octets[24:40], octets[40:44]
    one, other = sorted((start + ports[:2], end + ports[2:4]))
    return protocol + one + other
