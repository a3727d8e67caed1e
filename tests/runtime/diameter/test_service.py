import asyncio
from dataclasses import replace

from structlog.testing import capture_logs

from runtime.diameter.connection import Connection
from runtime.diameter.service import RequestService
from runtime.diameter.settings import Handler, Limits
from tests.runtime.diameter.pipe import Recorder, Transport, eventually, messages, settle
from tests.wire.diameter.samples import AAA, EAP_DEA, EAP_DER, GATEWAY, REALM, S6B_DER, SWM_DER, numbered
from wire.diameter.admission import Admission
from wire.diameter.avp import Avp, AvpFault
from wire.diameter.capabilities import PeerPolicy
from wire.diameter.message import FLAG_RETRANSMITTED, Message
from wire.diameter.overload import OverloadReport, OverloadReporter, offered
from wire.diameter.results import ResultCode

ADMISSION = Admission(AAA, PeerPolicy("gateway", GATEWAY.origin_host, REALM), frozenset(AAA.applications))
REQUEST = numbered(EAP_DER.message())
LIMITS = Limits(seconds_to_serve=60.0, requests_in_flight=2, requests_waiting=3)


class Fixture:
    def __init__(self, handler: Handler | None, limits: Limits = LIMITS) -> None:
        self.service = RequestService("gateway", AAA.identity, handler, limits)
        self.connection, self.transport = connection()

    async def ask(self, *requests: Message) -> list[Message]:
        for request in requests:
            self.service.serve(self.connection, request, ADMISSION)
        await settle()
        return messages(self.transport.written)


def connection() -> tuple[Connection, Transport]:
    made, transport = Connection(Recorder(), limits=LIMITS, message_limit=4096, capture=None), Transport()
    made.connection_made(transport)
    return made, transport


async def answering(peer: str, request: Message) -> Message:
    assert peer == "gateway"
    return EAP_DEA.message(request)


async def test_a_request_is_answered() -> None:
    (answer,) = await Fixture(answering).ask(REQUEST)
    assert answer == EAP_DEA.message(REQUEST)


async def test_a_refused_request_never_reaches_the_handler() -> None:
    with capture_logs() as logs:
        (answer,) = await Fixture(None).ask(replace(REQUEST, application=7))
    assert (answer.result_code, answer.is_error) == (3007, True)
    assert [(line["event"], line["cause"], line["peer"]) for line in logs] == [
        ("request refused", "application 7", "gateway")
    ]


async def test_a_peer_that_is_refused_again_and_again_fills_no_log() -> None:
    requests = [replace(REQUEST, application=7, hop_by_hop=number) for number in range(200)]
    with capture_logs() as logs:
        answers = await Fixture(None).ask(*requests, replace(REQUEST, command=325))
    assert len(answers) == 201
    assert len(logs) < 100
    assert logs[-1]["cause"] == "command 325"


async def test_a_handler_that_dies_ends_only_its_request() -> None:
    async def handler(peer: str, request: Message) -> Message:
        if request.hop_by_hop == 1:
            raise ZeroDivisionError("inside")
        return await answering(peer, request)

    fixture = Fixture(handler)
    with capture_logs() as logs:
        answers = await fixture.ask(REQUEST.numbered(hop_by_hop=1, end_to_end=1), REQUEST)
    assert sorted((a.hop_by_hop, a.result_code) for a in answers) == [(1, 5012), (REQUEST.hop_by_hop, 1001)]
    assert [line["cause"] for line in logs] == ["ZeroDivisionError('inside')"]


async def test_a_fault_that_the_handler_finds_becomes_its_result_code() -> None:
    async def handler(_peer: str, _request: Message) -> Message:
        raise AvpFault(0, "no such session", ResultCode.UNKNOWN_SESSION_ID, (Avp(263, 0, 0x40, b"s"),))

    with capture_logs() as logs:
        (answer,) = await Fixture(handler).ask(REQUEST)
    assert answer.result_code == 5002
    assert answer.value("Failed-AVP") == (Avp(263, 0, 0x40, b"s"),)
    assert len(logs) == 1


async def test_what_the_handler_had_no_time_for_is_served_when_it_comes_again() -> None:
    busy = [True]

    async def handler(peer: str, request: Message) -> Message:
        if busy.pop() if busy else False:
            raise AvpFault(0, "sessions cannot be kept", ResultCode.TOO_BUSY)
        return await answering(peer, request)

    fixture = Fixture(handler)
    with capture_logs():
        answers = await fixture.ask(REQUEST)
        answers = await fixture.ask(replace(REQUEST, flags=REQUEST.flags | FLAG_RETRANSMITTED))
    assert [answer.result_code for answer in answers] == [3004, 1001]


async def test_what_the_handler_answers_with_3004_is_served_when_it_comes_again() -> None:
    """RFC 6733 §5.5.4: the first may have been lost with its connection, and there may be room by now."""
    results = [ResultCode.TOO_BUSY, ResultCode.UNABLE_TO_COMPLY]

    async def handler(_peer: str, request: Message) -> Message:
        return replace(EAP_DEA, result_code=results.pop(0)).message(request)

    fixture = Fixture(handler)
    again = replace(REQUEST, flags=REQUEST.flags | FLAG_RETRANSMITTED)
    answers = await fixture.ask(REQUEST)
    answers = await fixture.ask(again)
    answers = await fixture.ask(again)
    assert [answer.result_code for answer in answers] == [3004, 5012, 5012]


async def test_what_a_store_did_not_answer_for_is_served_when_it_comes_again() -> None:
    """The HSS says 3002 while its database is away, and an AAA server whose connection breaks asks once more."""
    results = [ResultCode.UNABLE_TO_DELIVER, ResultCode.UNABLE_TO_DELIVER, ResultCode.UNABLE_TO_COMPLY]

    async def handler(_peer: str, request: Message) -> Message:
        result = results.pop(0)
        if len(results) == 1:
            raise AvpFault(0, "no store", result)
        return replace(EAP_DEA, result_code=result).message(request)

    fixture = Fixture(handler)
    again = replace(REQUEST, flags=REQUEST.flags | FLAG_RETRANSMITTED)
    with capture_logs():
        for request in (REQUEST, again, again, again):
            answers = await fixture.ask(request)
    assert [answer.result_code for answer in answers] == [3002, 3002, 5012, 5012]


async def test_an_answer_that_cannot_be_sent_is_5012() -> None:
    async def handler(_peer: str, request: Message) -> Message:
        return EAP_DEA.message(request).with_avps((Avp(462, 0, 0x40, bytes(1 << 24)),))

    with capture_logs():
        (answer,) = await Fixture(handler).ask(REQUEST)
    assert answer.result_code == 5012


async def test_a_handler_has_a_limited_time() -> None:
    async def handler(peer: str, request: Message) -> Message:
        await asyncio.sleep(10)
        return await answering(peer, request)

    fixture = Fixture(handler, replace(LIMITS, seconds_to_serve=0.05))
    with capture_logs() as logs:
        await fixture.ask(REQUEST)
        await eventually(lambda: fixture.transport.written)
    assert [a.result_code for a in messages(fixture.transport.written)] == [5012]
    assert [line["cause"] for line in logs] == ["the handler took too long"]


async def test_a_duplicate_is_answered_without_the_handler() -> None:
    served = []

    async def handler(peer: str, request: Message) -> Message:
        served.append(request.hop_by_hop)
        return await answering(peer, request)

    fixture = Fixture(handler)
    again = replace(REQUEST, hop_by_hop=55)
    answers = await fixture.ask(REQUEST, again)
    answers = await fixture.ask(replace(REQUEST, hop_by_hop=56))
    assert [a.hop_by_hop for a in answers] == [REQUEST.hop_by_hop, 55, 56]
    assert served == [REQUEST.hop_by_hop]


async def test_a_retransmission_over_another_connection_gets_the_answer_there() -> None:
    going_on = asyncio.Event()

    async def handler(peer: str, request: Message) -> Message:
        await going_on.wait()
        return await answering(peer, request)

    fixture = Fixture(handler)
    await fixture.ask(REQUEST)
    fixture.connection.close("gone")
    other, transport = connection()
    fixture.service.serve(other, replace(REQUEST, hop_by_hop=8), ADMISSION)
    going_on.set()
    await settle()
    assert fixture.transport.written == b""
    assert [a.hop_by_hop for a in messages(transport.written)] == [8]


class Slow:
    """A handler that answers when it is let go, and remembers whom it served in which order."""

    def __init__(self) -> None:
        self.served: list[int] = []
        self.gate = asyncio.Event()

    async def __call__(self, peer: str, request: Message) -> Message:
        self.served.append(request.hop_by_hop)
        await self.gate.wait()
        return await answering(peer, request)


def asked(number: int, template: Message = REQUEST) -> Message:
    return template.numbered(hop_by_hop=number, end_to_end=number)


EMERGENCY = replace(SWM_DER, auth_application_id=5).message()
BEGUN = replace(S6B_DER, auth_application_id=5).message()


async def test_what_finds_no_room_waits_and_the_oldest_is_dropped_with_3004() -> None:
    handler = Slow()
    fixture = Fixture(handler)
    with capture_logs() as logs:
        answers = await fixture.ask(*(asked(number) for number in range(1, 7)))
    assert handler.served == [1, 2]
    assert [(a.hop_by_hop, a.result_code, a.is_error) for a in answers] == [(3, 3004, True)]
    assert [line["cause"] for line in logs] == ["too many requests"]
    handler.gate.set()
    await fixture.ask()
    assert handler.served == [1, 2, 4, 5, 6]


async def test_lines_of_what_is_dropped_say_where_to_read_more() -> None:
    heard: list[tuple[str, int, str]] = []

    def dropped(peer: str, request: Message, cause: str) -> str:
        heard.append((peer, request.hop_by_hop, cause))
        return "a0dda203" if request.hop_by_hop == 3 else ""

    handler = Slow()
    service = RequestService("gateway", AAA.identity, handler, LIMITS, dropped=dropped)
    made, _ = connection()
    with capture_logs() as logs:
        for number in range(1, 31):
            service.serve(made, asked(number), ADMISSION)
    assert heard == [("gateway", number, "too many requests") for number in range(3, 13)]
    assert [line.get("explain") for line in logs] == ["a0dda203", *[None] * 9]


async def test_an_emergency_is_served_next_and_what_was_begun_before_what_begins() -> None:
    handler = Slow()
    fixture = Fixture(handler)
    with capture_logs():
        answers = await fixture.ask(
            asked(1), asked(2), asked(3), asked(4), asked(5), asked(6, BEGUN), asked(7, EMERGENCY)
        )
    assert [a.hop_by_hop for a in answers] == [3, 4]
    handler.gate.set()
    await fixture.ask()
    assert handler.served == [1, 2, 7, 6, 5]


async def test_a_request_that_was_dropped_is_served_when_it_comes_again() -> None:
    handler = Slow()
    fixture = Fixture(handler)
    with capture_logs():
        await fixture.ask(*(asked(number) for number in range(1, 7)))
    handler.gate.set()
    answers = await fixture.ask(asked(3))
    assert [a.result_code for a in answers if a.hop_by_hop == 3] == [3004, 1001]


async def test_a_peer_that_obeys_hears_of_the_overload() -> None:
    handler = Slow()
    service = RequestService("gateway", AAA.identity, handler, LIMITS, OverloadReporter(started=1))
    made, transport = connection()
    for number in range(1, 6):
        service.serve(made, offered(asked(number)), ADMISSION)
    handler.gate.set()
    await settle()
    reports = [answer.first("OC-OLR") for answer in messages(transport.written)]
    assert len(reports) == 5
    assert reports[0] is not None
    assert OverloadReport.from_avps(reports[0].children).reduction == 90
    service.close()
    await service.finished()


async def test_every_answer_says_that_reports_are_spoken_here() -> None:
    async def handler(_peer: str, request: Message) -> Message:
        if request.hop_by_hop == 1:
            raise AvpFault(0, "no such session", ResultCode.UNKNOWN_SESSION_ID)
        raise ZeroDivisionError("inside")

    service = RequestService("gateway", AAA.identity, handler, LIMITS, OverloadReporter(started=1))
    made, transport = connection()
    with capture_logs():
        for request in (asked(1), asked(2), replace(asked(3), application=7)):
            service.serve(made, offered(request), ADMISSION)
        await settle()
    answers = {answer.hop_by_hop: answer for answer in messages(transport.written)}
    assert [answers[number].result_code for number in (1, 2, 3)] == [5002, 5012, 3007]
    assert all(answer.first("OC-Supported-Features") is not None for answer in answers.values())


async def test_nobody_waits_for_longer_than_he_may_while_nothing_happens() -> None:
    limits = replace(LIMITS, seconds_to_wait=0.02, seconds_to_serve=60.0)
    service = RequestService("gateway", AAA.identity, Slow(), limits)
    made, transport = connection()
    for number in range(1, 5):
        service.serve(made, asked(number), ADMISSION)
    with capture_logs():
        await eventually(lambda: len(messages(transport.written)) == 2)
    assert [(a.hop_by_hop, a.result_code) for a in messages(transport.written)] == [(3, 3004), (4, 3004)]
    service.close()
    await service.finished()


async def test_closing_forgets_what_waits() -> None:
    handler = Slow()
    fixture = Fixture(handler)
    await fixture.ask(*(asked(number) for number in range(1, 5)))
    fixture.service.close()
    await fixture.service.finished()
    assert handler.served == [1, 2]
    assert fixture.transport.written == b""


async def test_a_node_that_serves_nothing_says_3001() -> None:
    with capture_logs():
        (answer,) = await Fixture(None).ask(REQUEST)
    assert answer.result_code == 3001


async def test_a_handler_that_gives_no_answer_is_5012() -> None:
    async def handler(_peer: str, request: Message) -> Message:
        return request

    with capture_logs() as logs:
        (answer,) = await Fixture(handler).ask(REQUEST)
    assert answer.result_code == 5012
    assert [line["cause"] for line in logs] == ["the answer cannot be sent: the handler gave a DER"]
