"""A request goes on, and its answer comes back, or nothing does."""

import asyncio

import pytest
from structlog.testing import capture_logs

from aaa.radius.accounting.front import AccountingFront, Keep
from aaa.radius.decisions import Discard, Forward, Repeat, Send
from aaa.radius.duplicates import DuplicateCache
from aaa.radius.front import RadiusFront, Serve
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


async def test_request_that_breaks_makes_room() -> None:
    one = front(limit=1)
    with pytest.raises(KeyError, match="fault"):
        await carried(one, begun(one), StubRelay(KeyError("fault")))
    assert one.in_progress == 0
    begun(one)


def again(identifier: int, user: str = "u@example.org") -> bytes:
    named = [Attribute.of("User-Name", user)]
    return access_request(
        identifier=identifier, authenticator=AUTHENTICATOR, secret=SECRET, attributes=named, eap=IDENTITY
    )


@pytest.mark.parametrize("ends", ["settled", "abandoned"])
def test_forwarded_requests_leave_half_of_the_room_to_our_own_users(ends: str) -> None:
    one = front(limit=4)
    first = begun(one)
    assert isinstance(one.receive(again(8), SOURCE, 0.0), Forward)
    cause = "too many requests wait for other realms"
    assert one.receive(again(9), SOURCE, 0.0) == Discard(cause, "lab", is_too_much=True)
    assert isinstance(one.receive(again(10, "u"), SOURCE, 0.0), Serve)
    if ends == "settled":
        assert one.settle(first, b"answer")
    else:
        one.abandon(first)
    assert one.in_progress == 2
    assert isinstance(one.receive(again(9), SOURCE, 0.0), Forward)


def test_forwarded_accounting_leaves_half_of_the_room_to_our_own() -> None:
    one = AccountingFront(table(), duplicates=DuplicateCache(), max_in_progress=2, routes=ROUTES)
    first = one.receive(reported(), SOURCE, 0.0, MOMENT)
    assert isinstance(first, Forward)
    discard = one.receive(reported(identifier=8), SOURCE, 0.0, MOMENT)
    assert isinstance(discard, Discard)
    one.abandon(first)
    assert isinstance(one.receive(reported(identifier=8), SOURCE, 0.0, MOMENT), Forward)


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
