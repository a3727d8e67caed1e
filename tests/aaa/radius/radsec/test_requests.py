"""Requests of ours on a connection that is a list."""

import asyncio
from collections.abc import Callable
from random import Random

import pytest

from aaa.radius.radsec.names import RADSEC
from aaa.radius.radsec.requests import NoAnswer, RadsecRequests
from wire.radius.codec import parse_packet
from wire.radius.messages import reply, signed_request
from wire.radius.packet import Code


def request(identifier: int) -> bytes:
    return signed_request(Code.COA_REQUEST, identifier=identifier, secret=RADSEC)


async def test_answer_ends_the_wait_and_another_s_does_not() -> None:
    sent: list[bytes] = []
    broken: list[str] = []
    requests = RadsecRequests(sent.append, broken.append, RADSEC, Random(1).randbytes)
    first, second = (asyncio.create_task(requests.ask(request)) for _ in range(2))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [octets[1] for octets in sent] == [0, 1]
    requests.take(reply(parse_packet(sent[1]), Code.COA_ACK, secret=RADSEC))
    assert parse_packet(await second).identifier == 1
    assert not first.done()
    requests.take(reply(parse_packet(sent[0]), Code.DISCONNECT_NAK, secret=RADSEC))
    await asyncio.sleep(0)
    assert not first.done()
    assert broken == []
    requests.take(reply(parse_packet(sent[0]), Code.COA_NAK, secret=RADSEC))
    assert (await first)[0] == Code.COA_NAK
    requests.take(reply(parse_packet(sent[0]), Code.COA_NAK, secret=RADSEC))
    assert len(sent) == 2, "nothing is retransmitted over TLS"


@pytest.mark.parametrize(
    ("spoil", "cause"),
    [
        (lambda answer: answer[:4] + bytes(16) + answer[20:], "Response Authenticator is wrong"),
        (lambda answer: answer[:3] + b"\x15" + answer[4:20] + b"\x50", "malformed answer"),
    ],
)
async def test_answer_that_is_not_proved_breaks_the_connection(spoil: Callable[[bytes], bytes], cause: str) -> None:
    # RFC 6613 §2.6.4: the connection MUST be closed
    sent: list[bytes] = []
    broken: list[str] = []
    requests = RadsecRequests(sent.append, broken.append, RADSEC, Random(1).randbytes)
    asking = asyncio.create_task(requests.ask(request))
    await asyncio.sleep(0)
    requests.take(spoil(reply(parse_packet(sent[0]), Code.COA_ACK, secret=RADSEC)))
    await asyncio.sleep(0)
    assert not asking.done()
    assert [cause in one for one in broken] == [True]
    requests.close()
    with pytest.raises(NoAnswer):
        await asking


async def test_silence_and_a_lost_connection_are_told() -> None:
    requests = RadsecRequests(lambda _: None, lambda _: None, RADSEC, Random(1).randbytes)
    with pytest.raises(NoAnswer, match="no answer to 1 requests"):
        await requests.ask(request, within=0.05)
    asking = asyncio.create_task(requests.ask(request))
    await asyncio.sleep(0.01)
    requests.close()
    with pytest.raises(NoAnswer, match="its connection was lost"):
        await asking


async def test_more_than_256_at_once_are_refused() -> None:
    requests = RadsecRequests(lambda _: None, lambda _: None, RADSEC, Random(1).randbytes)
    waiting = [asyncio.create_task(requests.ask(request)) for _ in range(256)]
    await asyncio.sleep(0.01)
    with pytest.raises(NoAnswer, match="every RADIUS Identifier"):
        await requests.ask(request)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
