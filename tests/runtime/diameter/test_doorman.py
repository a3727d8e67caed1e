from collections.abc import Mapping
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from runtime.diameter.server import DiameterServer
from tests.runtime.diameter.pair import server
from tests.runtime.diameter.pipe import Transport, eventually, messages, settle
from tests.wire.diameter.samples import CER, EAP_DER, numbered
from wire.diameter.avp import Avp
from wire.diameter.message import Message

GOOD = numbered(CER.message())


def call(node: DiameterServer, *octets: bytes, certificate: Mapping[str, object] | None = None,
         address: str = "127.0.0.9", context: object = None) -> Transport:  # fmt: skip
    connection = node.incoming()
    transport = Transport(peername=(address, 40000), certificate=certificate, context=context)
    transport.protocol = connection
    connection.connection_made(transport)
    for data in octets:
        connection.data_received(data)
    return transport


async def test_the_cer_of_a_named_peer_is_let_through() -> None:
    node = server()
    with capture_logs():
        transport = call(node, GOOD.build())
        await settle()
        (cea,) = messages(transport.written)
        assert (cea.command, cea.result_code) == (257, 2001)
        assert node.connected == ("gateway",)


@pytest.mark.parametrize(
    ("origin_host", "address"), [("stranger.example", "127.0.0.9"), (CER.origin_host, "192.0.2.1")]
)
async def test_an_unknown_peer_is_3010_and_what_follows_in_the_segment_is_not_served(
    origin_host: str, address: str
) -> None:
    node = server()
    cer = numbered(replace(CER, origin_host=origin_host).message())
    with capture_logs() as logs:
        transport = call(node, cer.build() + numbered(EAP_DER.message()).build(), address=address)
        await settle()
    (cea,) = messages(transport.written)
    assert (cea.result_code, cea.is_error) == (3010, True)
    assert transport.closed
    assert [line["event"] for line in logs] == ["connection turned away"]


@pytest.mark.parametrize(
    "octets",
    [
        b"GET / HTTP/1.1\r\nHost: aaa\r\n\r\n",
        bytes(20),
        b"\x01\x00\x00\x0c" + bytes(16),
        numbered(EAP_DER.message()).build(),
        Message(257, 0, 0, 1, 1, ()).build(),
        b"\x01\xff\xff\xfc",
    ],
    ids=["http", "length zero", "length 12", "der first", "cea first", "16 MiB"],
)
async def test_anything_else_than_a_cer_is_closed_in_silence(octets: bytes) -> None:
    node = server()
    with capture_logs() as logs:
        transport = call(node, octets)
        await settle()
    assert transport.closed
    assert transport.written == b""
    assert len(logs) == 1
    assert logs[0]["cause"]


async def test_a_malformed_cer_is_answered_and_closed() -> None:
    node = server()
    broken = GOOD.with_avps((*GOOD.avps, Avp(266, 0, 0x40, b"\x00"))).build()
    with capture_logs():
        answered = call(node, broken[:-12] + b"\x00\x00\x01\x0a\x40\xff\xff\xff\x00\x00\x00\x00")
        await settle()
    assert messages(answered.written)[0].result_code == 5014
    assert answered.closed


async def test_a_cer_has_to_come_in_time() -> None:
    node = server()
    with capture_logs() as logs:
        transport = call(node, GOOD.build()[:10])
        await eventually(lambda: transport.closed)
    assert transport.closed
    assert [line["cause"] for line in logs] == ["no CER within its time"]


async def test_only_so_many_may_wait() -> None:
    node = server()
    with capture_logs() as logs:
        waiting = [call(node) for _ in range(3)]
        late = call(node)
        await settle()
        assert late.closed
        assert not any(each.closed for each in waiting)
        await node.close()
        await settle()
    assert all(each.closed for each in waiting)
    assert [line["cause"] for line in logs] == ["too many connections wait for their CER"]


async def test_strangers_leave_room_for_a_named_peer() -> None:
    node = server()
    with capture_logs() as logs:
        strangers = [call(node, address="192.0.2.1") for _ in range(4)]
        peer = call(node, GOOD.build())
        await settle()
        assert [each.closed for each in strangers] == [False, False, False, True]
        assert messages(peer.written)[0].result_code == 2001
    assert logs[0]["cause"] == "too many connections wait for their CER"


async def test_a_caller_that_leaves_makes_room() -> None:
    node = server()
    with capture_logs():
        for _ in range(10):
            call(node).close()
            await settle()
        assert not call(node).closed
        await node.close()


async def test_a_certificate_must_name_the_peer() -> None:
    node = server()
    with capture_logs():
        wrong = call(node, GOOD.build(), certificate={"subjectAltName": (("DNS", "other.example"),)})
        assert messages(wrong.written)[0].result_code == 3010
        right = call(node, GOOD.build(), certificate={"subjectAltName": (("DNS", CER.origin_host.upper()),)})
        await settle()
        assert messages(right.written)[0].result_code == 2001


@pytest.mark.parametrize(
    ("wanted", "context", "result"),
    [((1,), None, 5017), ((1, 0), None, 2001), ((0,), None, 2001), ((1,), "TLS", 2001)],
    ids=["TLS alone", "TLS or none", "none", "TLS alone, over TLS"],
)
async def test_tls_after_the_cer_is_not_spoken(wanted: tuple[int, ...], context: object, result: int) -> None:
    node = server()
    cer = numbered(replace(CER, inband_security_ids=wanted).message())
    with capture_logs() as logs:
        transport = call(node, cer.build(), context=context)
        await settle()
    (cea,) = messages(transport.written)
    assert (cea.result_code, transport.closed) == (result, result != 2001)
    causes = [line.get("cause") for line in logs]
    assert causes == ([None] if result == 2001 else ["it wants TLS after the CER, not before"])


async def test_strangers_cause_a_limited_number_of_lines() -> None:
    node = server()
    with capture_logs() as logs:
        for _ in range(200):
            call(node, bytes(20))
    assert len(logs) < 20


async def test_who_is_let_through_is_told_of_and_nobody_else() -> None:
    told: list[tuple[str, Message]] = []
    node = server(connected=lambda peer, cer: told.append((peer, cer)))
    stranger = numbered(replace(CER, origin_host="stranger.example").message())
    nothing_common = numbered(replace(CER, auth_application_ids=(), vendor_specific_application_ids=()).message())
    with capture_logs():
        call(node, stranger.build())
        call(node, nothing_common.build())
        assert told == []
        call(node, GOOD.build())
        await settle()
    assert told == [("gateway", GOOD)]
