"""Segments of TCP that follow each other, put together as one packet that a kernel takes at once.

A network card and its driver do the same on their way in, and TCP does not see how its octets were cut
(RFC 9293 §3.8). Checksums are not looked at but added up: that of the whole is wrong when that of a segment is,
so that whoever takes the whole finds it.
"""

from collections.abc import Iterable, Sequence

from wire.ip.checksum import internet_checksum

Buffer = bytes | memoryview

_TCP = 6
_PSH, _ACK = 0x08, 0x10
_IPV4_WITHOUT_OPTIONS = 0x45
_DONT_FRAGMENT_ALONE = b"\x40\x00"
_MOST_OCTETS = 65535
"""Of a whole IPv4 packet, and of what stands behind an IPv6 header; the smaller limit serves both."""


class _Layout:
    """Of the headers of one IP version: where TCP begins, the length's octets, the addresses; which octets may differ.

    In IPv4 the identification may, which has no meaning where a packet may not be cut (RFC 6864 §4.1).
    """

    def __init__(self, *, tcp: int, length: slice, addresses: slice, differing: tuple[int, ...]) -> None:
        self.tcp = tcp
        self.length = length
        self.addresses = addresses
        self._differing = (*differing, *range(tcp + 4, tcp + 8), tcp + 16, tcp + 17)
        self.masks = {octets: self._mask(octets) for octets in range(tcp + 20, tcp + 61, 4)}
        """By octets of both headers, the bits in which all segments agree: all but lengths, numbers, PSH, checksums."""

    def _mask(self, header_octets: int) -> int:
        octets = bytearray(b"\xff" * header_octets)
        for at in self._differing:
            octets[at] = 0
        octets[self.tcp + 13] ^= _PSH
        return int.from_bytes(octets)


_IPV6 = _Layout(tcp=40, length=slice(4, 6), addresses=slice(8, 40), differing=(4, 5))
_IPV4 = _Layout(tcp=20, length=slice(2, 4), addresses=slice(12, 20), differing=(2, 3, 4, 5, 10, 11))


class Train:
    """A packet, and the segments that were put behind it; `segment_octets` of payload have all but the last.

    `header_octets` are those of IP and TCP, 0 where it is one packet of any kind.
    """

    __slots__ = (
        "_closed", "_following", "_layout", "_octets", "_payloads", "_pushed", "_sum", "_total",
        "header_octets", "segment_octets",
    )  # fmt: skip

    def __init__(self, octets: bytes, layout: _Layout | None = None, header_octets: int = 0) -> None:
        self.header_octets = header_octets
        self.segment_octets = len(octets) - header_octets
        self._octets = octets
        self._layout = layout
        self._payloads: list[Buffer] = []
        self._total = self._sum = self._following = 0
        self._closed = self._pushed = False
        if layout is not None:
            self._couple(octets, layout.tcp)
            # behind an odd number of octets the next ones would count as their neighbours in the checksum
            self._closed |= bool(self.segment_octets & 1)

    @property
    def segments(self) -> int:
        """How many packets it is made of."""
        return len(self._payloads) or 1

    @property
    def is_ipv4(self) -> bool:
        """Whether these are segments of TCP over IPv4; False for IPv6 and for what is no segment."""
        return self._layout is _IPV4

    def buffers(self) -> Sequence[Buffer]:
        """The packet's octets, in pieces that follow each other."""
        if self._layout is None or len(self._payloads) < 2:
            return (self._octets,)
        return (self._header(self._layout), *self._payloads)

    def follow(self, octets: bytes) -> bool:
        """Put a segment whose headers agree behind the others; False when it is not the one that follows."""
        layout = self._layout
        if layout is None or self._closed:
            return False
        tcp = layout.tcp
        payload_octets = len(octets) - self.header_octets
        if (
            int.from_bytes(octets[tcp + 4 : tcp + 8]) != self._following
            or payload_octets > self.segment_octets
            or self.header_octets + self._total + payload_octets > _MOST_OCTETS
        ):
            return False
        self._couple(octets, tcp)
        self._closed |= payload_octets < self.segment_octets
        return True

    def _couple(self, octets: bytes, tcp: int) -> None:
        payload = memoryview(octets)[self.header_octets :]
        self._payloads.append(payload)
        self._total += len(payload)
        self._following = (int.from_bytes(octets[tcp + 4 : tcp + 8]) + len(payload)) & 0xFFFF_FFFF
        self._closed = self._pushed = bool(octets[tcp + 13] & _PSH)
        # TCP's header with its checksum, and the length: what the payload lacks to 0, but for addresses and protocol
        self._sum += int.from_bytes(octets[tcp : self.header_octets]) + len(octets) - tcp

    def _header(self, layout: _Layout) -> bytes:
        tcp = layout.tcp
        header = bytearray(self._octets[: self.header_octets])
        behind = self.header_octets - tcp + self._total
        header[layout.length] = (behind + (tcp if layout is _IPV4 else 0)).to_bytes(2)
        header[tcp + 13] |= _PSH * self._pushed
        header[tcp + 16 : tcp + 18] = bytes(2)
        constant = int.from_bytes(header[layout.addresses]) + _TCP
        lacking = self._sum + constant * (len(self._payloads) - 1) - int.from_bytes(header[tcp:]) - behind
        header[tcp + 16 : tcp + 18] = (lacking % 0xFFFF).to_bytes(2)
        if layout is _IPV4:
            header[10:12] = bytes(2)
            header[10:12] = internet_checksum(bytes(header[:tcp])).to_bytes(2)
        return bytes(header)


def coalesce(packets: Iterable[bytes]) -> list[Train]:
    """The packets as trains, each where its first packet was; segments that follow each other keep their order."""
    trains: list[Train] = []
    found: dict[int, Train] = {}
    for octets in packets:
        layout = _layout_of(octets)
        header_octets = layout.tcp + (octets[layout.tcp + 12] >> 4) * 4 if layout is not None else 0
        mask = layout.masks.get(header_octets) if layout is not None else None
        if mask is None or header_octets >= len(octets):
            trains.append(Train(octets))
            continue
        agreed = int.from_bytes(octets[:header_octets]) & mask
        train = found.get(agreed)
        if train is None or not train.follow(octets):
            found[agreed] = train = Train(octets, layout, header_octets)
            trains.append(train)
    return trains


def _layout_of(octets: bytes) -> _Layout | None:
    """Of a segment of TCP that says nothing but here is data: no options or extensions of IP, no fragment, no SYN."""
    if len(octets) <= 60:
        return None
    version, length = octets[0] >> 4, len(octets)
    if version == 6:
        plain = octets[6] == _TCP and int.from_bytes(octets[4:6]) == length - 40
        return _IPV6 if plain and octets[53] & ~_PSH == _ACK else None
    plain = (
        octets[0] == _IPV4_WITHOUT_OPTIONS
        and octets[9] == _TCP
        and octets[6:8] == _DONT_FRAGMENT_ALONE
        and int.from_bytes(octets[2:4]) == length
    )
    return _IPV4 if plain and octets[33] & ~_PSH == _ACK and not internet_checksum(octets[:20]) else None
