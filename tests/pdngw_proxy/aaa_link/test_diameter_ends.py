"""STR that nobody heard: told again, and until when."""

import asyncio
from collections.abc import Iterator

import pytest
import structlog.testing

from pdngw_proxy.aaa_link import diameter_ends
from pdngw_proxy.aaa_link.diameter_ends import MOST_NAMED, SessionEnds
from pdngw_proxy.aaa_link.records import EndedBy
from runtime.diameter.settings import DiameterUnavailable
from tests.pdngw_proxy.aaa_link.test_diameter import AAA, GATEWAY
from wire.diameter.command import error_answer
from wire.diameter.message import Message
from wire.diameter.results import ResultCode
from wire.diameter.sessions import SessionTerminationAnswer, SessionTerminationRequest

Outcome = ResultCode | None
"""What a server answers, None where it does not."""


class Server:
    """Answers as told, one time after the other."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.outcomes: Iterator[Outcome] = iter(outcomes)
        self.asked: list[SessionTerminationRequest] = []

    async def ask(self, message: Message) -> Message:
        self.asked.append(SessionTerminationRequest.parse(message))
        outcome = next(self.outcomes, None)
        if outcome is None:
            raise DiameterUnavailable("aaa is not connected: refused")
        if outcome is not ResultCode.SUCCESS:
            return error_answer(message, AAA, outcome)
        answer = SessionTerminationAnswer(
            session_id="pgw.example;7;1", origin_host="aaa.home", origin_realm="home", result_code=outcome
        )
        return answer.message(message)


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        ((ResultCode.SUCCESS,), []),
        ((None, None, ResultCode.SUCCESS), ["end of a session waits"]),
        ((ResultCode.UNABLE_TO_DELIVER, ResultCode.TOO_BUSY, ResultCode.SUCCESS), ["end of a session waits"]),
        ((None, ResultCode.UNKNOWN_SESSION_ID), ["end of a session waits"]),
        ((ResultCode.UNKNOWN_SESSION_ID,), ["session not ended at the AAA server"]),
        ((None, ResultCode.UNABLE_TO_COMPLY), ["end of a session waits", "session not ended at the AAA server"]),
    ],
)
async def test_end_is_told_until_somebody_has_heard_it(outcomes: tuple[Outcome, ...], said: list[str]) -> None:
    server = Server(*outcomes)
    ends = SessionEnds(server.ask, GATEWAY, retry=0.0)
    with structlog.testing.capture_logs() as lines:
        await ends.tell("7;1", "ue@example", EndedBy.UE)
    assert [line["event"] for line in lines] == said
    assert [(one.session_id, one.user_name) for one in server.asked] == [("pgw.example;7;1", "ue@example")] * len(
        outcomes
    )
    assert ends.waiting == 0


async def test_ends_that_nobody_heard_before_the_gateway_stops_are_said_in_one_line() -> None:
    """RFC 6733 §8.16: its next Origin-State-Id ends them."""
    server = Server()
    ends = SessionEnds(server.ask, GATEWAY)
    telling = [asyncio.create_task(ends.tell(f"7;{number}", None, EndedBy.GATEWAY)) for number in range(12)]
    await asyncio.sleep(0)
    assert ends.waiting == 12
    with structlog.testing.capture_logs() as lines:
        telling[0].cancel()
        await asyncio.gather(telling[0], return_exceptions=True)
        ends.close()
    (line,) = lines
    assert (line["event"], line["sessions"]) == ("sessions not ended at the AAA server", 12)
    assert line["first"].split(", ")[:2] == ["pgw.example;7;0", "pgw.example;7;1"]
    assert line["first"].count(",") == MOST_NAMED - 1
    for task in telling:
        task.cancel()
    await asyncio.gather(*telling, return_exceptions=True)


@pytest.mark.parametrize(("last", "said"), [(ResultCode.SUCCESS, []), (None, ["sessions not ended at the AAA server"])])
async def test_end_that_waits_is_tried_once_more_when_the_gateway_stops(last: Outcome, said: list[str]) -> None:
    server = Server(None, last)
    ends = SessionEnds(server.ask, GATEWAY, retry=60.0)
    telling = asyncio.create_task(ends.tell("7;1", None, EndedBy.UE))
    await asyncio.sleep(0)
    with structlog.testing.capture_logs() as lines:
        ends.hurry()
        async with asyncio.timeout(5):
            await telling
        ends.close()
    assert (len(server.asked), ends.waiting) == (2, 0)
    assert [line["event"] for line in lines] == said


async def test_end_that_comes_while_the_gateway_stops_does_not_wait() -> None:
    server = Server(ResultCode.TOO_BUSY)
    ends = SessionEnds(server.ask, GATEWAY, retry=60.0)
    ends.hurry()
    with structlog.testing.capture_logs() as lines:
        async with asyncio.timeout(5):
            await ends.tell("7;1", None, EndedBy.GATEWAY)
        ends.close()
    assert [(line["event"], line["first"]) for line in lines] == [
        ("sessions not ended at the AAA server", "pgw.example;7;1")
    ]


async def test_so_many_wait_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diameter_ends, "MOST_WAITING", 0)
    server = Server()
    with structlog.testing.capture_logs() as lines:
        await SessionEnds(server.ask, GATEWAY).tell("7;1", None, EndedBy.UE)
    assert len(server.asked) == 1
    assert [line["event"] for line in lines] == ["session not ended at the AAA server"]
