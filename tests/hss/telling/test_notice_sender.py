"""What waits is told, told again until it is answered, and given up in the end; one line says each."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select
from structlog.testing import capture_logs
from structlog.typing import EventDict

from hss.models import Notice, Registration
from hss.registrations import forget
from hss.store.database import Database
from hss.store.engines import transaction
from hss.store.errors import StoreUnavailable
from hss.store.location import Location
from hss.telling.notice_sender import ATTEMPTS, NoticeSender, wait_after
from hss.telling.notices import tell_deregistered, tell_profile_changed
from hss.telling.outbox import KEPT
from hss.telling.routes import Route
from runtime.diameter.settings import DiameterUnavailable
from tests.hss.conftest import Registry
from wire.diameter.command import ExperimentalResult, Identity
from wire.diameter.message import Message
from wire.diameter.swx import (
    PushProfileAnswer,
    PushProfileRequest,
    RegistrationTerminationAnswer,
    RegistrationTerminationRequest,
    SwxCommand,
)
from wire.errors import EncodeError

IMSI = "001010000000001"
AAA = "aaa.example"


class Aaa:
    """Answers with `result`, does not when that is a text, or fails; and says to whom it was connected."""

    def __init__(self) -> None:
        self.result: int | ExperimentalResult | str | Exception = 2001
        self.told: list[tuple[str, Message]] = []
        self.routes: Mapping[str, Route] = {AAA: Route("aaa", "example")}

    def reachable(self) -> dict[str, Route]:
        return dict(self.routes)

    async def request(self, peer: str, message: Message) -> Message:
        self.told.append((peer, message))
        if isinstance(self.result, Exception):
            raise self.result
        if isinstance(self.result, str):
            raise DiameterUnavailable(self.result)
        rtr = message.command == SwxCommand.REGISTRATION_TERMINATION
        kind = RegistrationTerminationAnswer if rtr else PushProfileAnswer
        experimental = self.result if isinstance(self.result, ExperimentalResult) else None
        code = self.result if isinstance(self.result, int) else None
        answer = kind(origin_host=AAA, origin_realm="example", result_code=code, experimental_result=experimental)
        return answer.message(message)


class Clock:
    """A clock that a test moves; it starts a second after whatever has been written."""

    def __init__(self) -> None:
        self.ahead = timedelta(seconds=1)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def aaa() -> Aaa:
    return Aaa()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sender(database: Database, aaa: Aaa, clock: Clock) -> NoticeSender:
    identity = Identity("hss.example", "example")
    return NoticeSender(database, aaa, aaa, identity=identity, started=7, now=clock)


@pytest.fixture
def registered(registry: Registry, location: Location) -> Location:
    registry.add(IMSI)
    with transaction(location) as connection:
        connection.execute(insert(Registration).values(imsi=IMSI, aaa_name=AAA))
    return location


def change(location: Location) -> None:
    with transaction(location) as connection:
        tell_profile_changed(connection, IMSI)


def left(location: Location) -> list[int]:
    """The attempts of each notice that waits."""
    with transaction(location, read_only=True) as connection:
        return list(connection.scalars(select(Notice.attempts)))


async def look(sender: NoticeSender) -> list[EventDict]:
    with capture_logs() as lines:
        await sender.look()
    return list(lines)


async def test_profile_is_pushed_and_the_notice_goes(registered: Location, sender: NoticeSender, aaa: Aaa) -> None:
    change(registered)
    (line,) = await look(sender)
    assert (line["event"], line["command"], line["imsi"], line["aaa"]) == ("aaa server told", "PPR", IMSI, AAA)
    ((peer, message),) = aaa.told
    ppr = PushProfileRequest.parse(message)
    assert (peer, ppr.user_name, ppr.destination_host, ppr.destination_realm) == ("aaa", IMSI, AAA, "example")
    assert ppr.session_id == "hss.example;7;1"
    assert ppr.non_3gpp_user_data is not None
    assert left(registered) == []
    assert await look(sender) == []


async def test_changes_that_wait_together_are_one_request(registered: Location, sender: NoticeSender, aaa: Aaa) -> None:
    for _ in range(70):
        change(registered)
    await look(sender)
    assert len(aaa.told) == 2, "one for each claim"
    assert left(registered) == []


async def test_registration_ends_by_rtr(registered: Location, sender: NoticeSender, aaa: Aaa) -> None:
    with transaction(registered) as connection:
        tell_deregistered(connection, IMSI, "removed")
        forget(connection, IMSI)
    await look(sender)
    rtr = RegistrationTerminationRequest.parse(aaa.told[0][1])
    assert (rtr.deregistration_reason.reason_code, rtr.deregistration_reason.reason_info) == (0, "removed")
    assert left(registered) == []


@pytest.mark.parametrize("code", [5001, 5003])
async def test_user_that_is_not_there_is_an_answer(
    registered: Location, sender: NoticeSender, aaa: Aaa, code: int
) -> None:
    aaa.result = ExperimentalResult(code=code)
    change(registered)
    (line,) = await look(sender)
    assert line["event"] == "aaa server told"
    assert left(registered) == []


@pytest.mark.parametrize(
    ("result", "cause"),
    [
        (3004, "it answers 3004 TOO_BUSY"),
        (5001, "it answers 5001 AVP_UNSUPPORTED"),
        ("aaa did not answer in time", "aaa did not answer in time"),
    ],
)
async def test_what_fails_is_tried_again_later(
    registered: Location, sender: NoticeSender, aaa: Aaa, clock: Clock, result: int | str, cause: str
) -> None:
    aaa.result = result
    change(registered)
    (line,) = await look(sender)
    assert (line["event"], line["cause"], line["attempts"]) == ("notice not delivered", cause, 1)
    clock.ahead += timedelta(seconds=4)
    assert await look(sender) == []
    clock.ahead += timedelta(seconds=2)
    aaa.result = 2001
    (line,) = await look(sender)
    assert line["event"] == "aaa server told"
    assert left(registered) == []


async def test_fault_of_the_program_ends_no_telling(
    registered: Location, sender: NoticeSender, aaa: Aaa, clock: Clock
) -> None:
    aaa.result = EncodeError("no such AMBR")
    change(registered)
    failed, line = await look(sender)
    assert (failed["event"], failed["cause"]) == ("notice failed", "EncodeError: no such AMBR")
    assert (line["event"], line["cause"]) == ("notice not delivered", "it failed in this process: EncodeError")
    assert left(registered) == [1]
    aaa.result = 2001
    clock.ahead += timedelta(seconds=6)
    assert [line["event"] for line in await look(sender)] == ["aaa server told"]


async def test_what_always_fails_is_given_up_with_a_line(
    registered: Location, sender: NoticeSender, aaa: Aaa, clock: Clock
) -> None:
    aaa.result = 5012
    change(registered)
    lines = []
    for _ in range(ATTEMPTS):
        lines += await look(sender)
        clock.ahead += timedelta(minutes=6)
    assert [line["event"] for line in lines] == ["notice not delivered"] * (ATTEMPTS - 1) + ["notice given up"]
    assert (len(aaa.told), left(registered)) == (ATTEMPTS, [])


async def test_server_that_is_away_costs_no_attempt(
    registered: Location, sender: NoticeSender, aaa: Aaa, clock: Clock
) -> None:
    aaa.routes = {}
    change(registered)
    assert await look(sender) == []
    assert left(registered) == [0]
    clock.ahead += KEPT
    (line,) = await look(sender)
    assert (line["event"], line["imsi"], line["aaa"]) == ("notice given up", IMSI, AAA)
    assert (aaa.told, left(registered)) == ([], [])


async def test_pointless_notice_goes_without_a_word(registered: Location, sender: NoticeSender, aaa: Aaa) -> None:
    change(registered)
    with transaction(registered) as connection:
        forget(connection, IMSI)
    assert await look(sender) == []
    assert (aaa.told, left(registered)) == ([], [])


async def test_store_that_fails_is_said_once(sender: NoticeSender, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_self: Database, _operation: object) -> None:
        raise StoreUnavailable("gone")

    with monkeypatch.context() as patch:
        patch.setattr(Database, "read", fail)
        (line,) = await look(sender)
        assert (line["event"], line["cause"]) == ("notices not read", "gone")
        assert await look(sender) == []
    assert await look(sender) == []


def test_waits_grow_up_to_five_minutes() -> None:
    assert [wait_after(attempts).total_seconds() for attempts in (1, 2, 3, 7, 8, 10_000)] == [5, 10, 20, 300, 300, 300]
