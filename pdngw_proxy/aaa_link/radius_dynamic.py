"""Disconnect and CoA: the AAA server ends or shortens a session of ours (RFC 5176)."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address

from pdngw_proxy.aaa_link.port import Marks, SessionKeeper
from pdngw_proxy.aaa_link.radius_messages import Nas, chargeable_of
from pdngw_proxy.aaa_link.radius_repeated import Repeated
from runtime.log_limit import LogLimit
from runtime.logs import get_logger
from runtime.taps import Address
from wire.errors import DecodeError
from wire.radius.codec import parse_packet
from wire.radius.eap import authenticity
from wire.radius.error_cause import ErrorCause, error_cause_text
from wire.radius.messages import reply
from wire.radius.packet import Attribute, Code, RadiusPacket, is_genuine_request
from wire.secret import Secret

log = get_logger("pdngw.radius")

Network = IPv4Network | IPv6Network

WINDOW = 300
"""Seconds that Event-Timestamp may differ from our clock, against replays (RFC 5176 §6.3)."""
REPEATED_WITHIN = 60
"""Seconds in which a request without Event-Timestamp that is the same as one before is that one (RFC 5080 §2.2.1)."""
_REMEMBERED = 1024

_ACK = {Code.DISCONNECT_REQUEST: Code.DISCONNECT_ACK, Code.COA_REQUEST: Code.COA_ACK}
_NAK = {Code.DISCONNECT_REQUEST: Code.DISCONNECT_NAK, Code.COA_REQUEST: Code.COA_NAK}
_IDENTIFYING = (
    "User-Name", "NAS-IP-Address", "NAS-IPv6-Address", "NAS-Identifier", "NAS-Port-Type", "Acct-Session-Id",
    "Framed-IPv6-Address", "Framed-IP-Address", "Calling-Station-Id", "Called-Station-Id", "Class",
    "Chargeable-User-Identity",
)  # fmt: skip
"""All by which accounting has named a session: a server may say of it what it was told."""
_BESIDE = ("Message-Authenticator", "Event-Timestamp", "Proxy-State", "Acct-Terminate-Cause", "Reply-Message")
_CHANGING = ("Session-Timeout", "State")


class _Refused(Exception):
    def __init__(self, cause: ErrorCause) -> None:
        super().__init__(error_cause_text(cause))
        self.cause = cause


@dataclass(frozen=True, slots=True)
class _Wanted:
    marks: Marks
    seconds: int | None
    classes: tuple[bytes, ...]


class DynamicAuthorizationServer:
    """Serves `clients`, the first whose network fits, for `keeper`; `clock` is Unix time. Strangers get no answer.

    `repeated` is where accounting finds what a session's requests have said of Class.
    """

    def __init__(
        self,
        clients: Sequence[tuple[Network, Secret]],
        nas: Nas,
        keeper: SessionKeeper,
        repeated: Repeated,
        clock: Callable[[], float],
    ) -> None:
        self._clients = clients
        self._nas = nas
        self._keeper = keeper
        self._repeated = repeated
        self._clock = clock
        self._answers: OrderedDict[tuple[Address, bytes], tuple[bytes, float]] = OrderedDict()
        self._lines = LogLimit()

    def answer(self, octets: bytes, source: Address) -> bytes | None:
        """The answer to a datagram, None for silence; a request that comes again gets what it got (RFC 5080 §2.2.2)."""
        known, until = self._answers.get((source, octets), (None, 0.0))
        if known is not None and self._clock() < until:
            return known
        address = ip_address(source[0])
        secret = next((secret for network, secret in self._clients if address in network), None)
        try:
            packet = parse_packet(octets)
            cause = self._fault(packet, secret)
        except DecodeError as error:
            self._drop(f"malformed: {error}", source)
            return None
        if cause is not None or secret is None:
            self._drop(cause or "", source)
            return None
        stamp = packet.integer("Event-Timestamp")
        until = self._clock() + REPEATED_WITHIN if stamp is None else stamp + WINDOW + 1.0
        return self._remember(source, octets, self._serve(packet, secret), until)

    def _fault(self, packet: RadiusPacket, secret: Secret | None) -> str | None:
        if secret is None:
            return "no AAA server of ours has this address"
        if packet.code not in _ACK or not _is_genuine(packet, secret):
            return "not a Disconnect or CoA made with our secret"
        stamp = packet.integer("Event-Timestamp")
        if stamp is not None and abs(self._clock() - stamp) > WINDOW:
            return f"Event-Timestamp: {abs(self._clock() - stamp):.0f} s off"
        return None

    def _serve(self, packet: RadiusPacket, secret: Secret) -> bytes:
        code = Code(packet.code)
        # RFC 5176 §3.3: State of a CoA comes back in any answer
        state = [Attribute.of("State", value) for value in packet.values("State") if code is Code.COA_REQUEST]
        try:
            sessions = self._obey(code, self._wanted(packet))
        except _Refused as refused:
            log.warning("request of the AAA server refused", request=code.name, cause=str(refused))
            cause = [Attribute.of("Error-Cause", refused.cause)]
            return reply(packet, _NAK[code], secret=secret, attributes=[*state, *cause])
        log.info("request of the AAA server obeyed", request=code.name, session=" ".join(sessions))
        return reply(packet, _ACK[code], secret=secret, attributes=state)

    def _wanted(self, packet: RadiusPacket) -> _Wanted:
        changes = packet.code == Code.COA_REQUEST
        known = (*_IDENTIFYING, *_BESIDE, *(_CHANGING if changes else ()))
        if changes and packet.values("Service-Type"):
            # RFC 5176 §3.2
            raise _Refused(ErrorCause.UNSUPPORTED_SERVICE)
        if sum(len(packet.values(name)) for name in known) != len(packet.attributes):
            raise _Refused(ErrorCause.UNSUPPORTED_ATTRIBUTE)
        try:
            self._check_nas(packet)
            marks, seconds = _marks(packet), packet.integer("Session-Timeout") if changes else None
            packet.octets("State")
        except DecodeError:
            raise _Refused(ErrorCause.INVALID_ATTRIBUTE_VALUE) from None
        classes = tuple(filter(None, packet.values("Class")))
        if marks == Marks() or (changes and seconds is None and not classes):
            raise _Refused(ErrorCause.MISSING_ATTRIBUTE)
        return _Wanted(marks, seconds, classes)

    def _check_nas(self, packet: RadiusPacket) -> None:
        """What identifies a NAS must identify us (RFC 5176 §3)."""
        addresses = (packet.text("NAS-IP-Address"), packet.text("NAS-IPv6-Address"))
        named, own = packet.text("NAS-Identifier"), self._nas.address
        is_another = not own.is_unspecified and any(one not in (None, str(own)) for one in addresses)
        if named not in (None, self._nas.identifier) or is_another:
            raise _Refused(ErrorCause.NAS_IDENTIFICATION_MISMATCH)

    def _obey(self, code: Code, wanted: _Wanted) -> tuple[str, ...]:
        """To all sessions that are named (RFC 5176 §3), and which those were."""
        sessions = self._keeper.named(wanted.marks)
        # a list: where one session fails the others are ended or changed all the same
        done = [self._do(code, session, wanted) for session in sessions]
        if not done or not all(done):
            raise _Refused(ErrorCause.SESSION_CONTEXT_NOT_FOUND)
        return sessions

    def _do(self, code: Code, session: str, wanted: _Wanted) -> bool:
        if code is Code.DISCONNECT_REQUEST:
            is_done = self._keeper.abort(session, "the AAA server disconnects it (Disconnect-Request)")
            note = self._repeated.add_class
        else:
            is_done = self._change(session, wanted.seconds)
            note = self._repeated.replace_class
        if is_done and wanted.classes:
            note(session, wanted.classes)
        return is_done

    def _change(self, session: str, seconds: int | None) -> bool:
        return self._keeper.holds(session) if seconds is None else self._keeper.limit(session, seconds)

    def _remember(self, source: Address, octets: bytes, answer: bytes, until: float) -> bytes:
        """A stamped one is a replay for as long as it would be taken, another one soon a new order."""
        self._answers.pop((source, octets), None)
        if len(self._answers) >= _REMEMBERED:
            self._answers.popitem(last=False)
        self._answers[source, octets] = answer, until
        return answer

    def _drop(self, cause: str, source: Address) -> None:
        withheld = self._lines.allow(cause.partition(":")[0], self._clock())
        if withheld is not None:
            log.warning("dynamic authorization dropped", cause=cause, source=source[0], withheld=withheld)


def _marks(packet: RadiusPacket) -> Marks:
    return Marks(
        session=packet.text("Acct-Session-Id"),
        user_name=packet.text("User-Name"),
        chargeable=chargeable_of(packet),
        home_address=packet.text("Framed-IPv6-Address"),
        ipv4_home_address=packet.text("Framed-IP-Address"),
        care_of=packet.text("Calling-Station-Id"),
        apn=packet.text("Called-Station-Id"),
    )


def _is_genuine(packet: RadiusPacket, secret: Secret) -> bool:
    """A Message-Authenticator may be missing (RFC 5176 §3.4), and must be right where there is one."""
    return is_genuine_request(packet.wire, secret) and authenticity(packet, secret) is not False
