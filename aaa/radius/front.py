"""What to do with a datagram on the authentication port: serve, repeat, answer at once, or keep silent.

RFC 2865 §3, RFC 3579 §3.2, RFC 5080 §2.2, RFC 5997 §4.
"""

from typing import Protocol

from aaa.messages import Accept, AccessAnswer, AccessRequest
from aaa.radius.bookkeeping import Bookkeeping
from aaa.radius.chargeable import CUI, Chargeable, wants_cui
from aaa.radius.clients import ClientTable, RadiusClient
from aaa.radius.decisions import Discard, Forward, Repeat, Send, answer_status, within_policy
from aaa.radius.duplicates import DuplicateCache, RequestKey, Source
from aaa.radius.proxy.routes import Routes
from aaa.radius.translate import eap_failure, to_access_request, to_reply
from wire.errors import DecodeError, EncodeError
from wire.frozen import dataclass
from wire.radius.codec import build_attribute, build_attributes
from wire.radius.messages import reply
from wire.radius.packet import EAP_MESSAGE, Attribute, Code, RadiusPacket
from wire.sansio import RandomBytes

_REAUTHENTICATE = build_attributes([Attribute.of("Termination-Action", 1)])
"""RADIUS-Request (RFC 2865 §5.29)."""
_PASSWORDS = frozenset({2, 3, 70})
"""User-Password, CHAP-Password, ARAP-Password."""


@dataclass(frozen=True, slots=True, eq=False)
class Serve:
    """Ask the authentication service, then give its answer to `RadiusFront.answer` or call `RadiusFront.abandon`."""

    key: RequestKey
    client: RadiusClient
    packet: RadiusPacket
    request: AccessRequest


class Saw(Protocol):
    """Hears how a client, by its name, protects an Access-Request."""

    def __call__(self, client: str, *, is_protected: bool) -> object:
        """One has come."""


Decision = Discard | Repeat | Send | Serve | Forward


class RadiusFront(Bookkeeping):
    """Decides without sockets; `random` is entropy for the salts of keys, `routes` says which realms are others'."""

    def __init__(
        self,
        clients: ClientTable,
        *,
        random: RandomBytes,
        duplicates: DuplicateCache,
        max_in_progress: int = 2000,
        routes: Routes | None = None,
        chargeable: Chargeable | None = None,
    ) -> None:
        self._chargeable = chargeable
        super().__init__(clients, duplicates=duplicates, max_in_progress=max_in_progress, routes=routes)
        self._saw: Saw | None = None
        self._random = random
        # RFC 5080 §2.2.3: under load, conversations that have begun go before new ones, so that some of them end.
        self._most, self._most_new = max(max_in_progress, 1), max(max_in_progress * 3 // 4, 1)

    def tell(self, saw: Saw) -> None:
        """Have `saw` hear of each Access-Request whether it has a Message-Authenticator."""
        self._saw = saw

    def receive(self, octets: bytes, source: Source, now: float, client: RadiusClient | None = None) -> Decision:
        """Decide about one packet from `source`; `client` is known where a connection has proved it."""
        admitted = self._admitted(octets, source, client)
        if isinstance(admitted, Discard):
            return admitted
        client, packet = admitted
        match packet.code:
            case Code.ACCESS_REQUEST:
                try:
                    return self._access(packet, client, source, now)
                except EncodeError as error:
                    return Discard("no answer has room beside its Proxy-State", client.name, str(error))
            case Code.STATUS_SERVER:
                return answer_status(packet, client, Code.ACCESS_ACCEPT)
            case code:
                return Discard("this port serves no such code", client.name, f"code {code}")

    def answer(self, serving: Serve, answer: AccessAnswer) -> bytes | None:
        """The octets to send for the service's answer; None for silence, or when the client has moved on.

        EncodeError when no packet can carry the answer: then the request is still in progress, and is to be abandoned.
        """
        packet, client, more = serving.packet, serving.client, b""
        if isinstance(answer, Accept) and (self._chargeable is not None or client.policy.reauthenticates):
            more = self._beside(packet, client, answer)
        octets = to_reply(packet, answer, secret=client.secret, random=self._random, more=more)
        return octets if self._settled(serving.key, octets) else None

    def _beside(self, packet: RadiusPacket, client: RadiusClient, accept: Accept) -> bytes:
        more = b""
        if self._chargeable is not None and wants_cui(packet):
            told = packet.octets("Chargeable-User-Identity") or b""
            more = build_attribute(CUI, self._chargeable.name(client.name, accept.imsi, told))
        if client.policy.reauthenticates and accept.profile.session_timeout is not None:
            more += _REAUTHENTICATE
        return more

    def reconsider(self, serving: Serve) -> None:
        """It was settled by silence, and its next copy is a new request all the same."""
        self._duplicates.forget(serving.key)

    def abandon(self, serving: Serve | Forward) -> None:
        """Nobody gave an answer: the client's next retransmission is a new request."""
        if isinstance(serving, Forward):
            self._abandon_forward(serving)
        else:
            self._abandoned(serving.key)

    def _access(self, packet: RadiusPacket, client: RadiusClient, source: Source, now: float) -> Decision:
        if self._saw is not None:
            self._saw(client.client.name, is_protected=packet.seal_at is not None)
        if client.policy.limits_access or packet.seal_at is None or EAP_MESSAGE not in packet.by_key:
            refused = self._unserved(packet, client, now)
            if refused is not None:
                return refused
        key = RequestKey((source, packet.identifier, packet.code), packet.authenticator)
        repeated = self._seen(key, now)
        if repeated is not None:
            return repeated
        realm = None if self._routes is None else self._routes.find(packet)
        if realm is not None:
            return self._forward(Forward(key, client, packet, packet.wire, realm), now)
        try:
            request = to_access_request(packet, client.client)
        except DecodeError as error:
            rejected = reply(packet, Code.ACCESS_REJECT, secret=client.secret, eap=eap_failure(packet))
            return Send(rejected, client.name, f"malformed attribute: {error.reason}")
        if self._in_progress >= (self._most_new if request.state is None else self._most):
            return Discard("too many requests in progress", client.name, is_too_much=True)
        self._begin(key, now)
        return Serve(key, client, packet, request)

    def _forward(self, forwarding: Forward, now: float) -> Decision:
        packet, client = forwarding.packet, forwarding.client
        if self._routes is not None and self._routes.has_been_here(packet):
            rejected = reply(packet, Code.ACCESS_REJECT, secret=client.secret, eap=eap_failure(packet))
            return Send(rejected, client.name, "the request has been here before: a loop of proxies")
        if self._in_progress >= self._max_in_progress:
            return Discard("too many requests in progress", client.name, is_too_much=True)
        return self._begin_forward(forwarding, now)

    def _unserved(self, packet: RadiusPacket, client: RadiusClient, now: float) -> Decision | None:
        refused = within_policy(client, "auth", self._limits, now)
        if refused is not None:
            return refused
        has_eap = packet.values("EAP-Message")
        if packet.seal_at is None:
            if has_eap:
                return Discard("EAP-Message without Message-Authenticator", client.name)
            if client.policy.require_message_authenticator:
                return Discard("Access-Request without Message-Authenticator", client.name)
        if not has_eap:
            return _refuse_without_eap(packet, client)
        if not client.policy.serves_realm(packet):
            failure = eap_failure(packet)
            octets = reply(packet, Code.ACCESS_REJECT, secret=client.secret, eap=failure)
            return Send(octets, client.name, "the client may not ask for this realm")
        return None


def _refuse_without_eap(packet: RadiusPacket, client: RadiusClient) -> Decision:
    if packet.seal_at is None and packet.values("Proxy-State"):
        # CVE-2024-3596: an answer would repeat what a forger put into Proxy-State, under our Response Authenticator.
        return Discard("Proxy-State without Message-Authenticator", client.name)
    if packet.seal_at is None and not any(key in _PASSWORDS for key, _ in packet.attributes):
        # RFC 3579 §3.3, note 1: it proves nothing at all
        return Discard("neither a password nor EAP nor Message-Authenticator", client.name)
    hint = [Attribute.of("Reply-Message", "EAP is required")]
    octets = reply(packet, Code.ACCESS_REJECT, secret=client.secret, attributes=hint)
    return Send(octets, client.name, "the request carries no EAP-Message")
