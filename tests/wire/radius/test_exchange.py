"""One Access-Request on a virtual clock: sent again, proved, delivered once, given up in time."""

import pytest

from wire.radius.codec import build_packet, parse_packet
from wire.radius.exchange import (
    TRANSITIONS,
    Begun,
    DatagramArrived,
    Deliver,
    Done,
    Drop,
    Event,
    GiveUp,
    RadiusExchange,
    Timers,
    Transmit,
    Unsent,
    Waiting,
)
from wire.radius.messages import access_request, reply, signed_request
from wire.radius.packet import Code, RadiusPacket, response_authenticator, with_authenticator
from wire.sansio import Tick, UnlistedTransition

SECRET = b"xyzzy5461"
REQUEST = access_request(identifier=9, authenticator=bytes(range(16)), secret=SECRET, eap=b"\x02\x01\x00\x05\x01")
ANSWER = reply(parse_packet(REQUEST), Code.ACCESS_CHALLENGE, secret=SECRET, eap=b"\x01\x02\x00\x05\x01")


def middle(count: int) -> bytes:
    """Entropy that makes RAND all but 0."""
    return bytes([0x7F, *(0xFF for _ in range(count - 1))])


def begun(timers: Timers | None = None) -> RadiusExchange:
    exchange = RadiusExchange(REQUEST, SECRET, random=middle, timers=timers)
    assert exchange.deadline is None
    assert exchange.handle(Begun(), 100.0) == [Transmit(REQUEST)]
    return exchange


def test_client_retransmits_the_same_octets_with_doubled_waits() -> None:
    # RFC 5080 §2.2.1: IRT 2, then doubled, at most MRT 16, five times, 30 seconds in all
    exchange = begun()
    sent_at = []
    for _ in range(3):
        now = exchange.deadline
        assert now is not None
        assert exchange.handle(Tick(), now) == [Transmit(REQUEST)]
        sent_at.append(now - 100.0)
    assert sent_at == pytest.approx([2, 6, 14], abs=1e-4)


def test_client_gives_up_at_the_overall_limit() -> None:
    exchange = begun(Timers(mrd=5.0))
    assert exchange.handle(Tick(), 102.1) == [Transmit(REQUEST)]
    assert exchange.deadline == 105.0
    assert exchange.handle(Tick(), 105.0) == [GiveUp("no answer to 2 requests within 5.0 s")]
    assert exchange.state == Done()
    assert exchange.deadline is None


def test_client_gives_up_after_the_greatest_count() -> None:
    exchange = begun(Timers(irt=1.0, mrc=2, mrd=30.0))
    assert exchange.handle(Tick(), 101.1) == [Transmit(REQUEST)]
    assert exchange.handle(Tick(), 103.2) == [GiveUp("no answer to 2 requests within 3.2 s")]


@pytest.mark.parametrize(("octet", "factor"), [(0, 0.9), (255, 1.1)])
def test_client_jitters_its_timers_by_a_tenth(octet: int, factor: float) -> None:
    exchange = RadiusExchange(REQUEST, SECRET, random=lambda count: bytes([octet]) * count)
    exchange.handle(Begun(), 0.0)
    assert exchange.deadline == pytest.approx(2 * factor)


def test_client_never_waits_longer_than_the_greatest_time() -> None:
    exchange = begun(Timers(irt=2.0, mrt=3.0, mrc=0, mrd=30.0))
    for _ in range(4):
        now = exchange.deadline
        assert now is not None
        exchange.handle(Tick(), now)
        assert isinstance(exchange.state, Waiting)
        assert exchange.state.rt <= 3.3


def test_client_does_nothing_before_its_deadline() -> None:
    exchange = begun()
    assert exchange.handle(Tick(), 100.5) == []
    assert isinstance(exchange.state, Waiting)


def test_client_delivers_the_first_genuine_answer_alone() -> None:
    exchange = begun()
    assert exchange.handle(DatagramArrived(ANSWER), 101.0) == [Deliver(parse_packet(ANSWER))]
    assert exchange.deadline is None
    assert exchange.handle(DatagramArrived(ANSWER), 101.0) == []
    assert exchange.handle(Tick(), 200.0) == []


def forged(case: str) -> bytes:
    packet = parse_packet(REQUEST)
    bare = build_packet(RadiusPacket(Code.ACCESS_ACCEPT, 9, packet.authenticator))
    match case:
        case "another secret":
            return reply(packet, Code.ACCESS_ACCEPT, secret=b"another")
        case "another request":
            return reply(RadiusPacket(1, 9, bytes(16)), Code.ACCESS_ACCEPT, secret=SECRET)
        case "without Message-Authenticator":
            return with_authenticator(bare, response_authenticator(bare, packet.authenticator, SECRET))
        case "wrong Message-Authenticator":
            broken = ANSWER[:22] + bytes(16) + ANSWER[38:]
            return with_authenticator(broken, response_authenticator(broken, packet.authenticator, SECRET))
        case "a request":
            return REQUEST
        case "another Identifier":
            return reply(RadiusPacket(1, 8, packet.authenticator), Code.ACCESS_ACCEPT, secret=SECRET)
        case _:
            return ANSWER[:-1]


@pytest.mark.parametrize(
    ("case", "cause"),
    [
        ("another secret", "Response Authenticator is wrong"),
        ("another request", "Response Authenticator is wrong"),
        ("without Message-Authenticator", "Message-Authenticator is missing or wrong"),
        ("wrong Message-Authenticator", "Message-Authenticator is missing or wrong"),
        ("a request", "code 1 answers no request"),
        ("another Identifier", "code 2 answers no request"),
        ("cut off", "malformed answer"),
    ],
)
def test_client_drops_what_is_not_the_answer_and_goes_on_waiting(case: str, cause: str) -> None:
    exchange = begun()
    (dropped,) = exchange.handle(DatagramArrived(forged(case)), 101.0)
    assert isinstance(dropped, Drop)
    assert cause in dropped.cause
    assert exchange.handle(DatagramArrived(ANSWER), 101.5) == [Deliver(parse_packet(ANSWER))]


def test_exchange_begins_before_anything_else() -> None:
    exchange = RadiusExchange(REQUEST, SECRET, random=middle)
    assert exchange.state == Unsent()
    with pytest.raises(UnlistedTransition):
        exchange.handle(Tick(), 0.0)


def test_every_transition_is_taken() -> None:
    answered: list[Event] = [
        Begun(),
        DatagramArrived(b""),
        Tick(),
        DatagramArrived(ANSWER),
        DatagramArrived(ANSWER),
        Tick(),
    ]
    unanswered: list[Event] = [Begun(), Tick()]
    taken = set()
    for events in (answered, unanswered):
        exchange = RadiusExchange(REQUEST, SECRET, random=middle)
        for turn, event in enumerate(events):
            before = type(exchange.state)
            exchange.handle(event, 3.0 * turn if events is answered else 100.0 * turn)
            taken.add((before, type(event), type(exchange.state)))
    listed = {(state, event, after) for (state, event), following in TRANSITIONS.items() for after in following}
    assert taken == listed


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        (Code.ACCOUNTING_REQUEST, Code.ACCOUNTING_RESPONSE),
        (Code.DISCONNECT_REQUEST, Code.DISCONNECT_NAK),
        (Code.COA_REQUEST, Code.COA_ACK),
    ],
)
def test_signed_request_is_answered_by_its_own_codes_without_message_authenticator(code: Code, answer: Code) -> None:
    # RFC 5176 §3.6: a NAS need not put one into an ACK or NAK
    request = signed_request(code, identifier=9, secret=SECRET)
    exchange = RadiusExchange(request, SECRET, random=middle)
    exchange.handle(Begun(), 0.0)
    bare = build_packet(RadiusPacket(answer, 9, bytes(16)))
    for other in (Code.ACCESS_ACCEPT, answer):
        unsigned = bytes([other]) + bare[1:]
        genuine = with_authenticator(unsigned, response_authenticator(unsigned, request[4:20], SECRET))
        (effect,) = exchange.handle(DatagramArrived(genuine), 1.0)
    assert isinstance(effect, Deliver)
    assert effect.packet.code == answer
