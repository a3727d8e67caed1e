"""Where a packet of a TLS connection belongs, or why the connection ends (RFC 6613 §2.6.4, RFC 6614 §2.1)."""

from dataclasses import dataclass
from enum import Enum

from aaa.radius.clients import RadiusClient
from aaa.radius.decisions import Discard, admit
from aaa.radius.radsec.requests import ANSWERS
from wire.errors import DecodeError
from wire.radius.codec import parse_packet
from wire.radius.packet import Code, is_genuine_request


class Port(Enum):
    """The port that a packet would have come to over UDP."""

    AUTHENTICATION = "authentication"
    ACCOUNTING = "accounting"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client answers to a request of ours."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """A packet that is allowed, and that nobody here serves."""

    cause: str


@dataclass(frozen=True, slots=True)
class Broken:
    """A packet after which nothing on this connection can be believed."""

    cause: str


_PORTS = {
    Code.ACCESS_REQUEST: Port.AUTHENTICATION,
    Code.STATUS_SERVER: Port.AUTHENTICATION,
    Code.ACCOUNTING_REQUEST: Port.ACCOUNTING,
}


def route(octets: bytes, client: RadiusClient) -> Port | Answer | Ignored | Broken:
    """Where `octets`, one whole packet of `client`, are to go; an answer is proved by whoever waits for it."""
    if octets[0] in ANSWERS:
        return _answer(octets)
    packet = admit(octets, client)
    if isinstance(packet, Discard):
        return Broken(f"{packet.cause} {packet.detail}".strip())
    code = packet.code
    if code == Code.ACCOUNTING_REQUEST and not is_genuine_request(octets, client.secret):
        return Broken('Request Authenticator is wrong; is the client\'s secret "radsec"?')
    port = next((port for known, port in _PORTS.items() if known == code), None)
    return port or Ignored(f"code {code} is not served over TLS")


def _answer(octets: bytes) -> Answer | Broken:
    try:
        parse_packet(octets)
    except DecodeError as error:
        return Broken(f"the answer is malformed: {error}")
    return Answer()
