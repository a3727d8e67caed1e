"""Disconnect and CoA as the gateway takes them (RFC 5176)."""

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
import structlog.testing

from pdngw_proxy.aaa_link.port import Marks
from pdngw_proxy.aaa_link.radius_accounting import accounting_attributes
from pdngw_proxy.aaa_link.radius_dynamic import REPEATED_WITHIN, WINDOW, DynamicAuthorizationServer
from pdngw_proxy.aaa_link.radius_messages import Nas
from pdngw_proxy.aaa_link.radius_repeated import Repeated
from pdngw_proxy.aaa_link.records import Moment, SessionRecord, Usage
from wire.radius.codec import parse_packet
from wire.radius.dictionary import definition
from wire.radius.error_cause import ErrorCause
from wire.radius.messages import access_request, signed_request
from wire.radius.packet import Attribute, Code, RadiusPacket, is_genuine_response
from wire.secret import Secret

SECRET = Secret(b"xyzzy5461")
AAA = ("192.0.2.3", 40000)
NOW = 1_800_000_000
SESSION = Attribute.of("Acct-Session-Id", "5a5a")
STAMP = Attribute.of("Event-Timestamp", NOW)


@dataclass
class Keeper:
    """Has the session 5a5a of ue@nai; `done` is what it was told, `marks` what was asked for last."""

    done: list[tuple[str, object]] = field(default_factory=list)
    sessions: tuple[str, ...] = ("5a5a",)
    marks: Marks | None = None

    def named(self, marks: Marks) -> tuple[str, ...]:
        self.marks = marks
        is_his = marks.user_name in (None, "ue@nai")
        return tuple(one for one in self.sessions if is_his and marks.session in (None, one))

    def holds(self, session: str) -> bool:
        return session in self.sessions

    def abort(self, session: str, cause: str) -> bool:
        assert "Disconnect-Request" in cause
        self.done.append((session, "abort"))
        return self.holds(session)

    def limit(self, session: str, seconds: int) -> bool:
        self.done.append((session, seconds))
        return self.holds(session)

    def reauthenticate(self, session: str) -> bool:
        raise NotImplementedError


@dataclass
class Bench:
    keeper: Keeper = field(default_factory=Keeper)
    repeated: Repeated = field(default_factory=Repeated)
    now: float = NOW
    own: str = "192.0.2.1"
    server: DynamicAuthorizationServer = field(init=False)

    def __post_init__(self) -> None:
        nas = Nas("pgw", IPv4Address(self.own))
        clients = [(ip_network(AAA[0]), SECRET)]
        self.server = DynamicAuthorizationServer(clients, nas, self.keeper, self.repeated, lambda: self.now)

    def ask(self, code: Code, *attributes: Attribute) -> tuple[int, int | None]:
        octets = signed_request(code, identifier=9, secret=SECRET, attributes=attributes)
        answer = self.server.answer(octets, AAA)
        assert answer is not None
        assert is_genuine_response(answer, octets[4:20], SECRET)
        packet = parse_packet(answer)
        return packet.code, packet.integer("Error-Cause")


def accepted(said: bytes) -> RadiusPacket:
    return RadiusPacket(Code.ACCESS_ACCEPT, 9, bytes(16), (Attribute.of("Class", said),))


def test_disconnect_ends_the_session() -> None:
    bench = Bench()
    named = (Attribute.of("NAS-Identifier", "pgw"), Attribute.of("User-Name", "ue@nai"))
    assert bench.ask(Code.DISCONNECT_REQUEST, SESSION, *named, STAMP) == (Code.DISCONNECT_ACK, None)
    assert bench.keeper.done == [("5a5a", "abort")]


def test_session_may_be_named_by_all_that_accounting_says_of_it() -> None:
    """RFC 5176 §3: what identifies a NAS or a session, as the server was told it."""
    record = SessionRecord(
        session="5a5a",
        moment=Moment.START,
        identity="ue@nai",
        user_name="ue@nai",
        apn="internet",
        home_address=IPv6Address("2001:db8::7"),
        care_of=IPv4Address("192.0.2.9"),
        seconds=0,
        usage=Usage(),
        ipv4_home_address=IPv4Address("10.1.2.3"),
    )
    nas = Nas("pgw", IPv4Address("192.0.2.1"))
    told = accounting_attributes(record, nas, (Attribute.of("Class", b"class"),), at=NOW, delay=0)
    of_the_record = {definition(name).key for name in ("Acct-Status-Type", "Acct-Delay-Time", "Acct-Authentic")}
    named = [attribute for attribute in told if attribute.key not in of_the_record]
    assert Bench().ask(Code.DISCONNECT_REQUEST, *named) == (Code.DISCONNECT_ACK, None)


def test_gateway_at_every_address_has_the_one_that_the_server_names() -> None:
    named = (Attribute.of("NAS-IP-Address", "192.0.2.7"), SESSION, STAMP)
    assert Bench().ask(Code.DISCONNECT_REQUEST, *named) == (
        Code.DISCONNECT_NAK, ErrorCause.NAS_IDENTIFICATION_MISMATCH
    )  # fmt: skip
    everywhere = Bench(own="0.0.0.0")
    assert everywhere.ask(Code.DISCONNECT_REQUEST, *named) == (Code.DISCONNECT_ACK, None)


def test_session_of_another_user_is_not_ended() -> None:
    """RFC 5176 §3, §6.1."""
    bench = Bench()
    other = Attribute.of("User-Name", "somebody@else")
    refused = (Code.DISCONNECT_NAK, ErrorCause.SESSION_CONTEXT_NOT_FOUND)
    assert bench.ask(Code.DISCONNECT_REQUEST, SESSION, other, STAMP) == refused
    assert bench.keeper.done == []


def test_all_sessions_end_that_are_named_without_acct_session_id() -> None:
    bench = Bench()
    bench.keeper.sessions = ("5a5a", "5b5b")
    named: dict[str, str | bytes] = {
        "User-Name": "ue@nai", "Chargeable-User-Identity": b"who", "Framed-IPv6-Address": "2001:db8::7",
        "Framed-IP-Address": "10.1.2.3", "Calling-Station-Id": "192.0.2.9", "Called-Station-Id": "internet",
    }  # fmt: skip
    attributes = [Attribute.of(name, value) for name, value in named.items()]
    assert bench.ask(Code.DISCONNECT_REQUEST, *attributes, STAMP) == (Code.DISCONNECT_ACK, None)
    assert bench.keeper.done == [("5a5a", "abort"), ("5b5b", "abort")]
    assert bench.keeper.marks == Marks(None, "ue@nai", "cui:77686f", "2001:db8::7", "10.1.2.3", "192.0.2.9", "internet")


@pytest.mark.parametrize("timeout", [(), (Attribute.of("Session-Timeout", 60),)])
def test_coa_to_authorize_only_is_an_unsupported_service(timeout: tuple[Attribute, ...]) -> None:
    """RFC 5176 §3.2."""
    only = Attribute.of("Service-Type", 17)
    state = Attribute.of("State", b"what comes back")
    bench = Bench()
    octets = signed_request(
        Code.COA_REQUEST, identifier=9, secret=SECRET, attributes=[SESSION, only, state, *timeout, STAMP]
    )
    answer = parse_packet(bench.server.answer(octets, AAA) or b"")
    assert (answer.code, answer.integer("Error-Cause")) == (Code.COA_NAK, ErrorCause.UNSUPPORTED_SERVICE)
    assert answer.octets("State") == b"what comes back"
    assert bench.keeper.done == []


def test_state_of_a_coa_comes_back_with_its_ack() -> None:
    """RFC 5176 §3.3."""
    bench = Bench()
    state, shorter = Attribute.of("State", b"what comes back"), Attribute.of("Session-Timeout", 60)
    octets = signed_request(Code.COA_REQUEST, identifier=9, secret=SECRET, attributes=[SESSION, state, shorter, STAMP])
    answer = parse_packet(bench.server.answer(octets, AAA) or b"")
    assert (answer.code, answer.octets("State")) == (Code.COA_ACK, b"what comes back")
    assert bench.ask(Code.COA_REQUEST, SESSION, state, state, shorter) == (
        Code.COA_NAK,
        ErrorCause.INVALID_ATTRIBUTE_VALUE,
    )
    assert bench.ask(Code.DISCONNECT_REQUEST, SESSION, state) == (Code.DISCONNECT_NAK, ErrorCause.UNSUPPORTED_ATTRIBUTE)


def test_coa_shortens_the_session() -> None:
    bench = Bench()
    shorter = Attribute.of("Session-Timeout", 60)
    assert bench.ask(Code.COA_REQUEST, SESSION, shorter) == (Code.COA_ACK, None)
    assert bench.keeper.done == [("5a5a", 60)]


def test_class_of_a_disconnect_goes_into_the_stop_beside_that_of_the_accept() -> None:
    """RFC 5176 §3.6, note 4."""
    bench = Bench()
    bench.repeated.accept("5a5a", accepted(b"accepted"))
    classes = [Attribute.of("Class", value) for value in (b"accepted", b"disconnected", b"")]
    assert bench.ask(Code.DISCONNECT_REQUEST, SESSION, *classes) == (Code.DISCONNECT_ACK, None)
    assert [one.value for one in bench.repeated.of("5a5a")] == [b"accepted", b"disconnected"]


@pytest.mark.parametrize("changes", [(), (Attribute.of("Session-Timeout", 60),)], ids=["alone", "beside"])
def test_class_of_a_coa_replaces_that_of_the_accept(changes: tuple[Attribute, ...]) -> None:
    """RFC 5176 §3.6, note 3."""
    bench = Bench()
    bench.repeated.accept("5a5a", accepted(b"accepted"))
    changed = Attribute.of("Class", b"changed")
    assert bench.ask(Code.COA_REQUEST, SESSION, changed, *changes) == (Code.COA_ACK, None)
    assert [one.value for one in bench.repeated.of("5a5a")] == [b"changed"]
    assert bench.keeper.done == [("5a5a", 60) for _ in changes]


@pytest.mark.parametrize(
    ("code", "nak"), [(Code.DISCONNECT_REQUEST, Code.DISCONNECT_NAK), (Code.COA_REQUEST, Code.COA_NAK)]
)
def test_class_of_what_was_not_done_is_not_processed(code: Code, nak: Code) -> None:
    class Behind(Keeper):
        def named(self, marks: Marks) -> tuple[str, ...]:
            assert marks.session == "5a5a"
            return ("gone",)

    bench = Bench(Behind())
    refused = (nak, ErrorCause.SESSION_CONTEXT_NOT_FOUND)
    assert bench.ask(code, SESSION, Attribute.of("Class", b"said")) == refused
    assert bench.repeated.of("gone") == ()


@pytest.mark.parametrize(
    ("code", "attributes", "cause"),
    [
        (Code.DISCONNECT_REQUEST, (Attribute.of("Acct-Session-Id", "other"),), ErrorCause.SESSION_CONTEXT_NOT_FOUND),
        (Code.DISCONNECT_REQUEST, (Attribute.of("User-Name", "ue"),), ErrorCause.SESSION_CONTEXT_NOT_FOUND),
        (Code.DISCONNECT_REQUEST, (Attribute.of("NAS-Identifier", "pgw"),), ErrorCause.MISSING_ATTRIBUTE),
        (Code.COA_REQUEST, (SESSION,), ErrorCause.MISSING_ATTRIBUTE),
        (Code.COA_REQUEST, (SESSION, Attribute.of("Idle-Timeout", 60)), ErrorCause.UNSUPPORTED_ATTRIBUTE),
        (Code.DISCONNECT_REQUEST, (SESSION, Attribute.of("Session-Timeout", 1)), ErrorCause.UNSUPPORTED_ATTRIBUTE),
        (
            Code.DISCONNECT_REQUEST,
            (SESSION, Attribute.of("NAS-Identifier", "another")),
            ErrorCause.NAS_IDENTIFICATION_MISMATCH,
        ),
        (Code.DISCONNECT_REQUEST, (SESSION, SESSION), ErrorCause.INVALID_ATTRIBUTE_VALUE),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_cause(
    code: Code, attributes: tuple[Attribute, ...], cause: ErrorCause
) -> None:
    nak = Code.DISCONNECT_NAK if code is Code.DISCONNECT_REQUEST else Code.COA_NAK
    assert Bench().ask(code, *attributes) == (nak, cause)


def test_request_that_comes_again_gets_the_same_answer_and_does_nothing_twice() -> None:
    bench = Bench()
    for _ in range(3):
        assert bench.ask(Code.DISCONNECT_REQUEST, SESSION) == (Code.DISCONNECT_ACK, None)
    assert len(bench.keeper.done) == 1


@pytest.mark.parametrize(("stamps", "later"), [((), REPEATED_WITHIN), ((STAMP,), WINDOW)], ids=["bare", "stamped"])
def test_same_order_much_later_is_a_new_one_where_nothing_says_when_it_was_given(
    stamps: tuple[Attribute, ...], later: int
) -> None:
    # of 256 Identifiers one comes again, and nothing else in a CoA need be different
    bench, order = Bench(), (SESSION, Attribute.of("Session-Timeout", 60), *stamps)
    bench.ask(Code.COA_REQUEST, *order)
    bench.now += later
    assert bench.ask(Code.COA_REQUEST, *order) == (Code.COA_ACK, None)
    assert len(bench.keeper.done) == (1 if stamps else 2)


@pytest.mark.parametrize("secret", [b"another", SECRET])
@pytest.mark.parametrize("late", [WINDOW + 1, -WINDOW - 1])
def test_stale_and_forged_requests_get_no_answer(secret: bytes, late: int) -> None:
    bench = Bench()
    stamp = Attribute.of("Event-Timestamp", NOW + late)
    octets = signed_request(Code.DISCONNECT_REQUEST, identifier=9, secret=secret, attributes=(SESSION, stamp))
    assert bench.server.answer(octets, AAA) is None
    assert bench.keeper.done == []


def test_strangers_and_other_codes_get_no_answer_and_few_lines() -> None:
    bench = Bench()
    good = signed_request(Code.DISCONNECT_REQUEST, identifier=9, secret=SECRET, attributes=(SESSION,))
    other = access_request(identifier=1, authenticator=bytes(16), secret=SECRET, eap=None)
    with structlog.testing.capture_logs() as lines:
        for number in range(100):
            assert bench.server.answer(good, ("192.0.2.66", number)) is None
            assert bench.server.answer(other, AAA) is None
            assert bench.server.answer(good[:-1], AAA) is None
    assert bench.keeper.done == []
    assert len(lines) <= 30
    assert bench.ask(Code.DISCONNECT_REQUEST, SESSION) == (Code.DISCONNECT_ACK, None)
