"""A request goes on, and its answer comes back, or nothing does."""

import asyncio

import pytest
from structlog.testing import capture_logs

from aaa.radius.accounting.front import AccountingFront, Keep
from aaa.radius.decisions import Discard, Forward, Repeat, Send
from aaa.radius.duplicates import DuplicateCache
from aaa.radius.front import RadiusFront
from aaa.radius.listening import DiscardLog
from aaa.radius.proxy.carrying import carry
from aaa.radius.proxy.config import RealmConfig
from aaa.radius.proxy.relay import Relay
from aaa.radius.proxy.routes import Routes
from runtime.radius.requests import RadiusUnavailable
from tests.aaa.radius.accounting.reports import MOMENT, reported
from tests.aaa.radius.samples import AUTHENTICATOR, IDENTITY, SECRET, SOURCE, table
from wire.radius.messages import access_request
from wire.radius.packet import Attribute, Code

ROUTES = Routes([RealmConfig(realm="example.org", servers=("a",))], "aaa.example")


def asked(*more: Attribute) -> bytes:
    named = [Attribute.of("User-Name", "u@example.org"), *more]
    return access_request(identifier=7, authenticator=AUTHENTICATOR, secret=SECRET, attributes=named, eap=IDENTITY)


def front(limit: int = 100) -> RadiusFront:
    return RadiusFront(table(), random=bytes, duplicates=DuplicateCache(), max_in_progress=limit, routes=ROUTES)


def begun(one: RadiusFront) -> Forward:
    decision = one.receive(asked(), SOURCE, 0.0)
    assert isinstance(decision, Forward)
    return decision


class StubRelay(Relay):
    """Answers, or fails as it is told."""

    def __init__(self, outcome: bytes | Exception | None) -> None:
        self.outcome = outcome

    async def forward(self, *_: object) -> bytes:
        if self.outcome is None:
            await asyncio.sleep(60)
        if isinstance(self.outcome, bytes):
            return self.outcome
        assert self.outcome is not None
        raise self.outcome


async def carried(one: RadiusFront, forwarding: Forward, relay: Relay | None) -> list[bytes]:
    sent: list[bytes] = []
    await carry(relay, one, forwarding, sent.append, 0.05, DiscardLog(lambda: 0.0))
    return sent


async def test_answer_comes_back_and_is_kept_for_duplicates() -> None:
    one = front()
    forwarding = begun(one)
    assert one.receive(asked(), SOURCE, 1.0) == Repeat(None)
    assert await carried(one, forwarding, StubRelay(b"answer")) == [b"answer"]
    assert one.receive(asked(), SOURCE, 2.0) == Repeat(b"answer")
    assert one.in_progress == 0


@pytest.mark.parametrize("outcome", [RadiusUnavailable("all dead"), None, "absent"])
async def test_without_an_answer_there_is_silence_and_one_line(outcome: Exception | str | None) -> None:
    one = front()
    relay = None if outcome == "absent" else StubRelay(outcome if isinstance(outcome, Exception) else None)
    with capture_logs() as lines:
        assert await carried(one, begun(one), relay) == []
    assert [(line["event"], line["realm"]) for line in lines] == [("request not forwarded", "example.org")]
    assert one.in_progress == 0
    begun(one)


async def test_cancelled_request_is_abandoned() -> None:
    one = front()
    task = asyncio.create_task(carried(one, begun(one), StubRelay(None)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert one.in_progress == 0


def test_request_that_has_been_here_is_refused() -> None:
    mark = Attribute.of("Proxy-State", ROUTES.mark + bytes(8))
    refused = front().receive(asked(mark), SOURCE, 0.0)
    assert isinstance(refused, Send)
    assert refused.octets[0] == Code.ACCESS_REJECT
    assert refused.refusal == "the request has been here before: a loop of proxies"


def test_forwarded_requests_are_limited_too() -> None:
    one = front(limit=1)
    begun(one)
    other = access_request(
        identifier=8,
        authenticator=AUTHENTICATOR,
        secret=SECRET,
        attributes=[Attribute.of("User-Name", "u@example.org")],
        eap=IDENTITY,
    )
    assert one.receive(other, SOURCE, 0.0) == Discard("too many requests in progress", "lab", is_too_much=True)


def test_accounting_of_another_realm_goes_on_and_a_loop_does_not() -> None:
    accounting = AccountingFront(table(), duplicates=DuplicateCache(), routes=ROUTES)
    forwarding = accounting.receive(reported(), SOURCE, 0.0, MOMENT)
    assert isinstance(forwarding, Forward)
    assert accounting.settle(forwarding, b"answer")
    assert accounting.receive(reported(), SOURCE, 1.0, MOMENT) == Repeat(b"answer")
    looped = reported(Attribute.of("Proxy-State", ROUTES.mark + bytes(8)), identifier=9)
    discard = accounting.receive(looped, SOURCE, 0.0, MOMENT)
    assert discard == Discard("the request has been here before: a loop of proxies", "lab")


def test_accounting_of_a_realm_over_diameter_is_kept_here() -> None:
    routes = Routes([RealmConfig(realm="example.org", diameter=("a",))], "aaa.example")
    accounting = AccountingFront(table(), duplicates=DuplicateCache(), routes=routes)
    assert isinstance(accounting.receive(reported(), SOURCE, 0.0, MOMENT), Keep)
