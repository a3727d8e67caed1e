"""`python -m tests.bench.stub_aaa HOST:PORT SECRET_FILE`: the least that a PDN GW can ask over RADIUS.

It challenges whoever comes with the keys of tests/network_side.py and lets in whoever answers: no store, no log, and no
look at RES, which a UE that would not know its keys could not make an AUTH of (RFC 7296 §2.16).
"""

import asyncio
import os
import sys
from functools import partial
from pathlib import Path

from runtime.process import run
from runtime.udp import Address, UdpEndpoint
from tests.network_side import NetworkSide
from wire.eap.packet import EapCode, EapType
from wire.identity import EapMethod
from wire.radius.codec import parse_packet
from wire.radius.eap import join_eap
from wire.radius.messages import reply
from wire.radius.mppe import msk_attributes
from wire.radius.packet import Attribute, Code, RadiusPacket

_EAP_HEADER = 5
"""Octets of code, identifier, length and type (RFC 3748 §4.1)."""


class StubAaa:
    """Answers requests; `waiting` are those who have been challenged, by State."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._waiting: dict[bytes, NetworkSide] = {}

    def answer(self, octets: bytes) -> bytes:
        """The Access-Challenge or Access-Accept."""
        request = parse_packet(octets)
        eap = join_eap(request) or b""
        if eap[_EAP_HEADER - 1] == EapType.IDENTITY:
            return self._challenge(request, eap[_EAP_HEADER:])
        return self._accept(request, eap[1])

    def _challenge(self, request: RadiusPacket, identity: bytes) -> bytes:
        side = NetworkSide(EapMethod.AKA, identity)
        state = os.urandom(16)
        self._waiting[state] = side
        attributes = (Attribute.of("State", state),)
        return reply(request, Code.ACCESS_CHALLENGE, secret=self._secret, attributes=attributes, eap=side.challenge())

    def _accept(self, request: RadiusPacket, identifier: int) -> bytes:
        side = self._waiting.pop(request.octets("State") or b"")
        keys = msk_attributes(
            side.keys.msk, secret=self._secret, request_authenticator=request.authenticator, random=os.urandom
        )
        success = bytes((EapCode.SUCCESS, identifier, 0, 4))
        return reply(request, Code.ACCESS_ACCEPT, secret=self._secret, attributes=keys, eap=success)


async def serve(host: str, port: int, secret: bytes, stop: asyncio.Event) -> None:
    """Until `stop` is set."""
    stub = StubAaa(secret)

    def arrived(octets: bytes, peer: Address) -> None:
        endpoint.send(stub.answer(octets), peer)

    endpoint = UdpEndpoint.bind((host, port), arrived)
    print("stub ready", flush=True)
    await stop.wait()
    endpoint.close()


if __name__ == "__main__":
    where, _, number = sys.argv[1].rpartition(":")
    shared = Path(sys.argv[2]).read_text(encoding="ascii").strip().encode()
    sys.exit(run(partial(serve, where, int(number), shared)))
