"""IPv6 fragments put together again by the node that they are for, within limits (RFC 8200 §4.5, RFC 5722)."""

from dataclasses import dataclass, field, replace
from ipaddress import IPv6Address

from wire.buffer import Reader
from wire.ip.fragments import PROTO_FRAGMENT
from wire.ip.ipv6 import HEADER_OCTETS, Ipv6Packet

REASSEMBLY_SECONDS = 60.0
"""From the first piece that came; then the rest is given up (RFC 8200 §4.5)."""

_UNIT = 8
_LARGEST = 0xFFFF
_MOST_PIECES = 64

Key = tuple[IPv6Address, IPv6Address, int]


@dataclass(slots=True)
class _Pieces:
    began: float
    by_offset: dict[int, bytes] = field(default_factory=dict)
    first: Ipv6Packet | None = None
    end: int | None = None
    octets: int = 0


class Reassembly:
    """At most `most` packets in pieces, `most_of_one` of them of one source; the oldest give way.

    Pieces that overlap, or say two ends, undo their whole packet: nobody honest sends them (RFC 5722 §4).
    """

    def __init__(self, *, most: int = 256, most_of_one: int = 8, most_octets: int = 1 << 20) -> None:
        self._most, self._most_of_one, self._most_octets = most, most_of_one, most_octets
        self._waiting: dict[Key, _Pieces] = {}
        self._octets = 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def octets(self) -> int:
        """How many octets of packets in pieces are kept."""
        return self._octets

    def add(self, piece: Ipv6Packet, now: float) -> Ipv6Packet | None:
        """Take one piece; the packet when it was the last one missing, else None. DecodeError for no piece at all.

        A packet that says that it is its own only piece is one (RFC 6946 §4). The Fragment header has to come first.
        """
        reader = Reader(piece.payload, base=HEADER_OCTETS)
        next_header = reader.u8()
        reader.skip(1)
        word, identification = reader.u16(), reader.u32()
        offset, more, octets = word & ~7, bool(word & 1), reader.rest()
        if not offset and not more:
            return replace(piece, next_header=next_header, payload=octets)
        self._give_up_old(now)
        key = piece.source, piece.destination, identification
        if not octets or (more and len(octets) % _UNIT) or offset + len(octets) > _LARGEST:
            self._forget(key)
            return None
        pieces = self._waiting.get(key) or self._begin(key, now)
        if not self._fits(pieces, offset, octets, more):
            self._forget(key)
            return None
        if offset not in pieces.by_offset:
            self._keep(pieces, offset, octets)
        if not more:
            pieces.end = offset + len(octets)
        if not offset:
            pieces.first = replace(piece, next_header=next_header)
        return self._whole(key, pieces)

    def _begin(self, key: Key, now: float) -> _Pieces:
        of_one = [other for other in self._waiting if other[0] == key[0]]
        if len(of_one) >= self._most_of_one:
            self._forget(of_one[0])
        while len(self._waiting) >= self._most or self._octets >= self._most_octets:
            self._forget(next(iter(self._waiting)))
        return self._waiting.setdefault(key, _Pieces(now))

    def _fits(self, pieces: _Pieces, offset: int, octets: bytes, more: bool) -> bool:
        """Whether a piece is exactly one that was there, or overlaps none and no end (RFC 5722 §4)."""
        end = offset + len(octets)
        if pieces.end is not None and (end > pieces.end or (not more and end != pieces.end)):
            return False
        known = pieces.by_offset.get(offset)
        if known is not None:
            return known == octets
        if len(pieces.by_offset) >= _MOST_PIECES:
            return False
        last = not more
        return all((at >= end and not last) or at + len(others) <= offset for at, others in pieces.by_offset.items())

    def _keep(self, pieces: _Pieces, offset: int, octets: bytes) -> None:
        pieces.by_offset[offset] = octets
        pieces.octets += len(octets)
        self._octets += len(octets)

    def _whole(self, key: Key, pieces: _Pieces) -> Ipv6Packet | None:
        if pieces.first is None or pieces.octets != pieces.end:
            return None
        self._forget(key)
        return replace(pieces.first, payload=b"".join(octets for _, octets in sorted(pieces.by_offset.items())))

    def _forget(self, key: Key) -> None:
        pieces = self._waiting.pop(key, None)
        if pieces is not None:
            self._octets -= pieces.octets

    def _give_up_old(self, now: float) -> None:
        """They are in the order in which they began."""
        while self._waiting:
            key, oldest = next(iter(self._waiting.items()))
            if now < oldest.began + REASSEMBLY_SECONDS:
                return
            self._forget(key)


def is_piece(octets: bytes) -> bool:
    """Whether a packet begins with a Fragment header."""
    return len(octets) > HEADER_OCTETS and octets[0] >> 4 == 6 and octets[6] == PROTO_FRAGMENT
