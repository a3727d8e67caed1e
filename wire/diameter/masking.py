"""The same message with every key filled with zeros, for what is written to a capture."""

from wire.diameter.avp import parse_avps
from wire.diameter.dictionary import Kind, by_code
from wire.diameter.message import FLAG_REQUEST, HEADER_LENGTH
from wire.diameter.results import VENDOR_3GPP
from wire.errors import DecodeError

_KEYS = frozenset(
    {(464, 0), (343, 0), (625, VENDOR_3GPP), (626, VENDOR_3GPP), (1448, VENDOR_3GPP), (1450, VENDOR_3GPP),
     (1453, VENDOR_3GPP), (1454, VENDOR_3GPP)}
)  # fmt: skip
_XRES_IN_ANSWERS = (610, VENDOR_3GPP)
_DEEPEST = 8


def mask_keys(message: bytes) -> bytes:
    """`message` with the values of its key AVPs zeroed, at any depth; the length never changes.

    EAP-Master-Session-Key, Confidentiality-Key, Integrity-Key, KASME, XRES and, in answers, SIP-Authorization: in a
    request that one is RAND ‖ AUTS, which is no secret. What cannot be read as AVPs, or is nested too deeply, is zeroed
    altogether.
    """
    masked = bytearray(message)
    is_request = len(message) > 4 and bool(message[4] & FLAG_REQUEST)
    _mask(masked, HEADER_LENGTH, len(message), is_request, _DEEPEST)
    return bytes(masked)


def _mask(message: bytearray, start: int, end: int, is_request: bool, depth: int) -> None:
    try:
        avps = parse_avps(bytes(message[start:end]), start)
    except DecodeError:
        depth = 0
    if depth == 0:
        message[start:end] = bytes(max(0, end - start))
        return
    for avp in avps:
        key, stop = (avp.code, avp.vendor), avp.offset + len(avp.data)
        definition = by_code(*key)
        if key in _KEYS or (key == _XRES_IN_ANSWERS and not is_request):
            message[avp.offset : stop] = bytes(len(avp.data))
        elif definition is not None and definition.kind is Kind.GROUPED:
            _mask(message, avp.offset, stop, is_request, depth - 1)
