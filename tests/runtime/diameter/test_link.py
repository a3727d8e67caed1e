import asyncio
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from runtime.diameter.connection import Connection
from runtime.diameter.link import Link
from runtime.diameter.settings import DiameterUnavailable
from tests.runtime.diameter.pair import GATEWAY_POLICY, LIMITS, TIMING, answering, seeded
from tests.runtime.diameter.pipe import Recorder, Transport, messages, settle
from tests.wire.diameter.samples import AAA, CER, DPR, EAP_DER, RAR, numbered
from wire.diameter.avp import Avp
from wire.diameter.command import error_answer
from wire.diameter.message import Message
from wire.diameter.peering import CapabilitiesExchangeRequest, DeviceWatchdogRequest
from wire.diameter.results import ResultCode
from wire.diameter.transactions import Identifiers
from wire.errors import EncodeError
from wire.sansio import Tick

DER = numbered(EAP_DER.message())


class Fixture:
    """A link that a gateway has connected to, and the gateway's end of the line."""

    def __init__(self, cer: CapabilitiesExchangeRequest = CER) -> None:
        self.cer = cer
        self.link = Link(
            local=AAA,
            policy=GATEWAY_POLICY,
            identifiers=Identifiers(seeded),
            random=seeded,
            handler=answering,
            timing=replace(TIMING, closing=0.05),
            limits=LIMITS,
        )
        self.transport = self.connect()

    def connect(self) -> Transport:
        transport = Transport()
        connection = Connection(Recorder(), limits=LIMITS, message_limit=4096, capture=None)
        transport.protocol = connection
        connection.connection_made(transport)
        self.link.offer(connection, numbered(self.cer.message()))
        return transport

    def say(self, *octets: bytes) -> None:
        assert self.transport.protocol is not None
        for data in octets:
            self.transport.protocol.data_received(data)

    async def heard(self) -> list[Message]:
        await settle()
        return messages(self.transport.written)[1:]


async def test_each_hostile_message_gets_its_result_code_and_the_next_is_served() -> None:
    octets = DER.build()
    hostile = {
        ResultCode.UNSUPPORTED_VERSION: b"\x02" + octets[1:],
        ResultCode.INVALID_HDR_BITS: octets[:4] + b"\xe0" + octets[5:],
        ResultCode.INVALID_AVP_LENGTH: octets[:25] + b"\x00\x00\x07" + octets[28:],
        ResultCode.COMMAND_UNSUPPORTED: replace(DER, command=325).build(),
        ResultCode.APPLICATION_UNSUPPORTED: replace(DER, application=99).build(),
    }
    fixture = Fixture()
    with capture_logs() as logs:
        fixture.say(*hostile.values(), octets)
        answers = await fixture.heard()
    assert [answer.result_code for answer in answers] == [*hostile, ResultCode.MULTI_ROUND_AUTH]
    assert all(answer.is_error for answer in answers[:-1])
    assert [line["event"] for line in logs if line["event"] != "peer connected"] == ["request refused"] * len(hostile)


async def test_a_refused_cer_of_a_named_peer_is_said_in_one_line() -> None:
    with capture_logs() as logs:
        fixture = Fixture(replace(CER, auth_application_ids=(), vendor_specific_application_ids=()))
        await settle()
    (cea,) = messages(fixture.transport.written)
    assert (cea.result_code, fixture.transport.closed) == (5010, True)
    (line,) = logs
    assert (line["event"], line["peer"]) == ("connection rejected", "gateway")
    assert line["cause"] == "CER refused: no common application"


async def test_an_impossible_length_is_answered_5015_and_the_connection_closed() -> None:
    fixture = Fixture()
    with capture_logs():
        fixture.say(b"\x01\x00\x00\x0d" + DER.build()[4:])
        (answer,) = await fixture.heard()
    assert (answer.result_code, answer.hop_by_hop) == (5015, DER.hop_by_hop)
    assert fixture.transport.closed
    assert not fixture.link.open


async def test_what_follows_a_dpr_is_not_served() -> None:
    fixture = Fixture()
    with capture_logs():
        fixture.say(numbered(DPR.message()).build(), DER.build())
        answers = await fixture.heard()
    assert [(answer.command, answer.result_code) for answer in answers] == [(282, 2001)]


async def test_a_second_connection_of_the_same_peer_is_rejected() -> None:
    fixture = Fixture()
    with capture_logs() as logs:
        second = fixture.connect()
        fixture.say(DER.build())
        answers = await fixture.heard()
    assert second.closed
    assert second.written == b""
    assert [answer.result_code for answer in answers] == [1001]
    assert [line["cause"] for line in logs if line["event"] == "connection rejected"] == [
        "this peer is connected already"
    ]


async def test_an_answer_goes_to_whoever_asked_and_a_stray_one_nowhere() -> None:
    fixture = Fixture()
    with capture_logs() as logs:
        first = asyncio.ensure_future(fixture.link.request(RAR.message()))
        second = asyncio.ensure_future(fixture.link.request(RAR.message()))
        one, two = await fixture.heard()
        for request in (two, one, one):
            result = ResultCode.SUCCESS if request is one else ResultCode.UNKNOWN_SESSION_ID
            fixture.say(replace(error_answer(request, AAA.identity, result), flags=0x40).build())
        assert ((await first).result_code, (await second).result_code) == (2001, 5002)
    assert [line["event"] for line in logs][-1] == "answer discarded"


async def test_each_request_has_its_own_time_whichever_was_sent_first_and_whatever_was_answered() -> None:
    fixture = Fixture()
    patient = asyncio.ensure_future(fixture.link.request(RAR.message(), within=60.0))
    hasty = asyncio.ensure_future(fixture.link.request(RAR.message(), within=0.02))
    answered = asyncio.ensure_future(fixture.link.request(RAR.message(), within=0.01))
    *_, last = await fixture.heard()
    fixture.say(replace(error_answer(last, AAA.identity, ResultCode.SUCCESS), flags=0x40).build())
    assert (await answered).result_code == 2001
    with pytest.raises(DiameterUnavailable, match="did not answer in time"):
        await hasty
    assert not patient.done()
    await fixture.link.close()
    with pytest.raises(DiameterUnavailable, match="closing"):
        await patient


async def test_a_malformed_answer_ends_its_request_at_once() -> None:
    fixture = Fixture()
    with capture_logs():
        waiting = asyncio.ensure_future(fixture.link.request(RAR.message()))
        (request,) = await fixture.heard()
        answer = error_answer(request, AAA.identity, ResultCode.SUCCESS).build()
        fixture.say(answer[:25] + b"\x00\x00\x03" + answer[28:])
        with pytest.raises(DiameterUnavailable, match="malformed"):
            await waiting


async def test_an_answer_between_peers_that_is_malformed_is_said_to_be() -> None:
    fixture = Fixture()
    watchdog = DeviceWatchdogRequest(origin_host=AAA.origin_host, origin_realm=AAA.origin_realm)
    answer = error_answer(numbered(watchdog.message()), AAA.identity, ResultCode.SUCCESS).build()
    with capture_logs() as logs:
        fixture.say(answer[:25] + b"\x00\x00\x03" + answer[28:])
    (line,) = logs
    assert (line["event"], line["answer"], line["peer"]) == ("answer discarded", "DWA", "gateway")
    assert line["cause"] == "an AVP length of 3, 104 octets left"


async def test_an_answer_that_claims_success_without_its_format_is_malformed() -> None:
    fixture = Fixture()
    with capture_logs():
        waiting = asyncio.ensure_future(fixture.link.request(RAR.message()))
        (request,) = await fixture.heard()
        fixture.say(replace(request, flags=0x40, avps=()).build())
        with pytest.raises(DiameterUnavailable, match="malformed"):
            await waiting


async def test_only_common_applications_are_asked() -> None:
    fixture = Fixture()
    with pytest.raises(DiameterUnavailable, match="does not speak application 7"):
        await fixture.link.request(replace(RAR.message(), application=7))


async def test_closing_ends_what_waits() -> None:
    fixture = Fixture()
    with capture_logs():
        waiting = asyncio.ensure_future(fixture.link.request(RAR.message()))
        await settle()
        await fixture.link.close()
        with pytest.raises(DiameterUnavailable, match="closing"):
            await waiting
    assert messages(fixture.transport.written)[-1].command == 282


async def test_a_request_that_cannot_be_sent_is_the_callers_fault_and_leaves_nothing_behind() -> None:
    fixture = Fixture()
    with pytest.raises(EncodeError):
        await fixture.link.request(RAR.message().with_avps((Avp(25, 0, 0, bytes(1 << 24)),)))
    assert await fixture.heard() == []


async def test_a_request_under_suspicion_is_served_and_ends_the_suspicion() -> None:
    fixture = Fixture()
    peer = fixture.link._peer
    for _ in range(2):
        # the watchdog's time has come, and nothing was answered
        assert peer.deadline is not None
        peer.handle(Tick(), peer.deadline)
    usable = [fixture.link.open]
    with capture_logs() as logs:
        fixture.say(DER.build())
    assert [*usable, fixture.link.open] == [False, True]
    assert [line["event"] for line in logs] == ["peer answers again"]
    assert [message.result_code for message in await fixture.heard()] == [1001]
