"""What a front can decide about a packet, beside serving it (RFC 2865 §3, RFC 3579 §3.2, RFC 5080 §2.2.2)."""

from aaa.radius.clients import RadiusClient
from aaa.radius.duplicates import RequestKey
from aaa.radius.policy import RateLimits, Service
from aaa.radius.proxy.config import RealmConfig
from wire.errors import DecodeError
from wire.frozen import dataclass
from wire.radius.codec import parse_packet
from wire.radius.eap import authenticity
from wire.radius.messages import reply
from wire.radius.packet import Code, RadiusPacket


@dataclass(frozen=True, slots=True)
class Discard:
    """Say nothing; `cause` is one of few texts for the log, `detail` what was particular to this datagram.

    `is_unproven` when it was made with another secret than the client's, `is_too_much` when there is nothing wrong with
    it.
    """

    cause: str
    client: str | None = None
    detail: str = ""
    is_unproven: bool = False
    is_too_much: bool = False


@dataclass(frozen=True, slots=True)
class Repeat:
    """A duplicate: send the answer it had, or nothing while there is none."""

    octets: bytes | None


@dataclass(frozen=True, slots=True)
class Send:
    """Send `octets` at once; `refusal` is the cause for the log when they refuse."""

    octets: bytes
    client: str
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class Forward:
    """Ask the servers of `realm`, then give their answer to the front's `settle`, or call its `abandon`."""

    key: RequestKey
    client: RadiusClient
    packet: RadiusPacket
    octets: bytes
    realm: RealmConfig


STRANGER = Discard("no client is configured for this address")


def admit(octets: bytes, client: RadiusClient) -> RadiusPacket | Discard:
    """Read what `client` sent; silence for what is malformed or made with another secret.

    The Message-Authenticator of a packet that is admitted is right where there is one.
    """
    try:
        packet = parse_packet(octets)
    except DecodeError as error:
        return Discard("the packet is malformed", client.name, str(error))
    if authenticity(packet, client.secret) is False:
        cause = "Message-Authenticator is wrong; does the client have another secret?"
        return Discard(cause, client.name, is_unproven=True)
    return packet


def within_policy(client: RadiusClient, service: Service, limits: RateLimits, now: float) -> Discard | None:
    """Silence for what `client` may not ask, or asks too often."""
    policy = client.policy
    if service not in policy.services:
        return Discard("the client may not ask for this", client.name, service)
    if not limits.allow(client.name, policy, now):
        return Discard("the client sends more requests than it may", client.name)
    return None


def answer_status(packet: RadiusPacket, client: RadiusClient, code: Code) -> Discard | Send:
    """The answer to a Status-Server that was admitted, which never leaves this server (RFC 5997 §4)."""
    if packet.seal_at is None:
        return Discard("Status-Server without Message-Authenticator", client.name)
    return Send(reply(packet, code, secret=client.secret), client.name)
