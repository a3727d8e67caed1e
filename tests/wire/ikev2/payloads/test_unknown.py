"""Payloads of unknown types."""

from wire.buffer import Reader
from wire.ikev2.message import build_chain, read_chain
from wire.ikev2.payloads.unknown import UnknownPayload
from wire.ikev2.payloads.vendor import VendorId


def test_unknown_payload_survives_the_round_trip() -> None:
    payloads = (UnknownPayload(200, b"what this is"), VendorId(b"akadia"))
    first, chain = build_chain(payloads)
    assert first == 200
    assert read_chain(first, Reader(chain)) == payloads
