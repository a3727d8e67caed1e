"""What to do with a datagram on the authentication port: serve, repeat, answer at once, or keep silent.

RFC 2865 §3, RFC 3579 §3.2, RFC 5080 §2.2, RFC 5997 §4.
"""

from dataclasses import dataclass

from aaa.messages import AccessAnswer, AccessRequest
from aaa.radius.clients import ClientTable, RadiusClient
from aaa.radius.duplicates import Answered, DuplicateCache, InProgress, RequestKey, Source
from aaa.radius.translate import eap_failure, to_access_request, to_reply
from wire.errors import DecodeError
from wire.radius.codec import parse_packet
from wire.radius.eap import has_message_authenticator, is_authentic, join_eap
from wire.radius.messages import reply
from wire.radius.packet import Attribute, Code, RadiusPacket
from wire.sansio import RandomBytes


@dataclass(frozen=True, slots=True)
class Discard:
    """Say nothing; `cause` is one of few texts for the log, `detail` what was particular to this datagram."""

    cause: str
    client: str | None = None
    detail: str = ""


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
class Serve:
    """Ask the authentication service, then give its answer to `RadiusFront.answer` or call `RadiusFront.abandon`."""

    key: RequestKey
    client: RadiusClient
    packet: RadiusPacket
    request: AccessRequest


Decision = Discard | Repeat | Send | Serve


class RadiusFront:
    """Decides without sockets; `random` is entropy for the salts of keys."""

    def __init__(
        self, clients: ClientTable, *, random: RandomBytes, duplicates: DuplicateCache, max_in_progress: int = 2000
    ) -> None:
        self._clients = clients
        self._random = random
        self._duplicates = duplicates
        self._max_in_progress = max_in_progress
        self._in_progress = 0

    @property
    def in_progress(self) -> int:
        """How many requests the authentication service has now."""
        return self._in_progress

    def receive(self, octets: bytes, source: Source, now: float) -> Decision:
        """Decide about one datagram from `source`."""
        client = self._clients.find(source[0])
        if client is None:
            return Discard("no client is configured for this address")
        name = client.client.name
        try:
            packet = parse_packet(octets)
            is_protected = has_message_authenticator(octets)
        except DecodeError as error:
            return Discard("the packet is malformed", name, str(error))
        if is_protected and not is_authentic(octets, client.secret):
            return Discard("Message-Authenticator is wrong; does the client have another secret?", name)
        match packet.code:
            case Code.ACCESS_REQUEST:
                return self._access(packet, client, source, now, is_protected=is_protected)
            case Code.STATUS_SERVER:
                return _status(packet, client, is_protected=is_protected)
            case _:
                return Discard("this port serves no such code", name, f"code {packet.code}")

    def answer(self, serving: Serve, answer: AccessAnswer) -> bytes | None:
        """The octets to send for the service's answer; None for silence, or when the client has moved on.

        EncodeError when no packet can carry the answer: then the request is still in progress, and is to be abandoned.
        """
        octets = to_reply(serving.packet, answer, secret=serving.client.secret, random=self._random)
        self._in_progress -= 1
        return octets if self._duplicates.settle(serving.key, octets) else None

    def abandon(self, serving: Serve) -> None:
        """The service gave no answer: the client's next retransmission is a new request."""
        self._in_progress -= 1
        self._duplicates.forget(serving.key)

    def _access(
        self, packet: RadiusPacket, client: RadiusClient, source: Source, now: float, *, is_protected: bool
    ) -> Decision:
        name = client.client.name
        if join_eap(packet) is None:
            return _refuse_without_eap(packet, client, is_protected=is_protected)
        if not is_protected:
            return Discard("EAP-Message without Message-Authenticator", name)
        key = RequestKey.of(packet, source)
        match self._duplicates.outcome(key, now):
            case InProgress():
                return Repeat(None)
            case Answered(octets):
                return Repeat(octets)
        try:
            request = to_access_request(packet, client.client)
        except DecodeError as error:
            refused = reply(packet, Code.ACCESS_REJECT, secret=client.secret, eap=eap_failure(packet))
            return Send(refused, name, f"malformed attribute: {error.reason}")
        if self._is_full(request):
            return Discard("too many requests in progress", name)
        self._duplicates.begin(key, now)
        self._in_progress += 1
        return Serve(key, client, packet, request)

    def _is_full(self, request: AccessRequest) -> bool:
        # RFC 5080 §2.2.3: under load, conversations that have begun go before new ones, so that some of them end.
        limit = self._max_in_progress if request.state is not None else self._max_in_progress * 3 // 4
        return self._in_progress >= max(limit, 1)


def _refuse_without_eap(packet: RadiusPacket, client: RadiusClient, *, is_protected: bool) -> Decision:
    if not is_protected and packet.values("Proxy-State"):
        # CVE-2024-3596: an answer would repeat what a forger put into Proxy-State, under our Response Authenticator.
        return Discard("Proxy-State without Message-Authenticator", client.client.name)
    hint = [Attribute.of("Reply-Message", "EAP is required")]
    octets = reply(packet, Code.ACCESS_REJECT, secret=client.secret, attributes=hint)
    return Send(octets, client.client.name, "the request carries no EAP-Message")


def _status(packet: RadiusPacket, client: RadiusClient, *, is_protected: bool) -> Decision:
    if not is_protected:
        return Discard("Status-Server without Message-Authenticator", client.client.name)
    return Send(reply(packet, Code.ACCESS_ACCEPT, secret=client.secret), client.client.name)
