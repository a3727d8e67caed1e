"""A TCP stream as RADIUS packets by their Length (RFC 6613 §2.6.4)."""

from wire.radius.packet import HEADER_LENGTH, MAX_LENGTH


class RadiusFramer:
    """Cuts what arrives into packets; `lost` says why nothing more can be cut out of it."""

    def __init__(self) -> None:
        self._rest = b""
        self.lost: str | None = None

    def feed(self, octets: bytes) -> list[bytes]:
        """The packets that are whole now. Between two calls at most 4,095 octets are kept."""
        packets: list[bytes] = []
        data, at = self._rest + octets, 0
        while self.lost is None and len(data) - at >= 4:
            length = int.from_bytes(data[at + 2 : at + 4], "big")
            if not HEADER_LENGTH <= length <= MAX_LENGTH:
                self.lost = f"Length {length} is not between {HEADER_LENGTH} and {MAX_LENGTH}"
            elif len(data) - at < length:
                break
            else:
                packets.append(data[at : at + length])
                at += length
        self._rest = b"" if self.lost is not None else data[at:]
        return packets
