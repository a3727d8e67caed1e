"""RTR and PPR: what has changed is told to the AAA server that serves the user (TS 29.273 §8.1.2.3).

Of all HSS processes on one database the one that claims a notice sends it. A notice goes away with its answer, so one
whose answer was lost is sent again: an AAA server may be told twice, and never not at all.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Protocol

from sqlalchemy import Connection

from hss.api import Profile
from hss.store.database import Database
from hss.store.errors import StoreError
from hss.telling import outbox
from hss.telling.outbox import Deregister, Due, UpdateProfile
from hss.telling.routes import Route
from hss.telling.swx_profile import user_data
from runtime.diameter.settings import DiameterUnavailable
from runtime.logs import get_logger
from wire.diameter.avp import AvpFault
from wire.diameter.command import Answer, Identity
from wire.diameter.commands import name_of
from wire.diameter.enumerations import ReasonCode
from wire.diameter.message import Message
from wire.diameter.results import ExperimentalResultCode
from wire.diameter.swx import (
    DeregistrationReason,
    PushProfileAnswer,
    PushProfileRequest,
    RegistrationTerminationAnswer,
    RegistrationTerminationRequest,
    SwxCommand,
)

log = get_logger("hss.notices")

INTERVAL = 1.0
"""Seconds between two looks at the outbox."""
ATTEMPTS = 10
"""So often a notice is sent, unless it is answered."""

_FIRST_WAIT, _LONGEST_WAIT = 5, 300
_USER_NOT_THERE = (ExperimentalResultCode.USER_UNKNOWN, ExperimentalResultCode.IDENTITY_NOT_REGISTERED)


class Asker(Protocol):
    """Whoever carries requests to peers: a `runtime.diameter.server.DiameterServer`."""

    async def request(self, peer: str, message: Message, /) -> Message:
        """The answer, whatever its result; DiameterUnavailable when there is none."""


class Reach(Protocol):
    """Who can be asked now; a `hss.telling.routes.Routes`."""

    def reachable(self) -> Mapping[str, Route]:
        """Origin-Host in lower case to the way there."""


def wait_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts: 5 s, 10 s, 20 s and so on, 5 minutes at most."""
    return timedelta(seconds=min(_LONGEST_WAIT, _FIRST_WAIT << min(attempts - 1, 16)))


class NoticeSender:
    """Sends what waits in `database` for those whom `routes` reach; `now` is in UTC, `started` seconds of a clock."""

    def __init__(
        self,
        database: Database,
        asker: Asker,
        routes: Reach,
        *,
        identity: Identity,
        started: int,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._asker = asker
        self._routes = routes
        self._identity = identity
        self._started = started
        self._now = now
        self._sessions = count(1)
        self._woken = asyncio.Event()
        self._store_failed = False

    def wake(self) -> None:
        """Look at once: something has been changed in this process."""
        self._woken.set()

    async def run(self) -> None:
        """Look every second, until cancelled."""
        while True:
            await self.look()
            try:
                async with asyncio.timeout(INTERVAL):
                    await self._woken.wait()
            except TimeoutError:
                pass
            self._woken.clear()

    async def look(self) -> None:
        """Send all that is due now; a store that fails is said once, and asked again the next time."""
        try:
            while await self._send_some():
                pass
        except StoreError as error:
            if not self._store_failed:
                log.warning("notices not read", cause=str(error))
            self._store_failed = True
        else:
            self._store_failed = False

    async def _send_some(self) -> bool:
        routes, now = self._routes.reachable(), self._now()
        if not await self._database.read(lambda connection: outbox.waits(connection, routes, now)):
            return False
        dropped, due = await self._database.write(
            lambda connection: (outbox.drop_old(connection, now), outbox.claim(connection, routes, now))
        )
        for imsi, name in dropped:
            log.warning("notice given up", cause="no HSS was connected to it for a day", imsi=imsi, aaa=name)
        groups: dict[tuple[str, str], list[Due]] = {}
        for one in due:
            groups.setdefault((one.imsi, one.aaa_name), []).append(one)
        await asyncio.gather(*(self._deliver(group, routes) for group in groups.values()))
        return len(due) == outbox.AT_ONCE

    async def _deliver(self, group: Sequence[Due], routes: Mapping[str, Route]) -> None:
        """All notices for one user to one AAA server: the newest says what all of them would."""
        last = next((one for one in reversed(group) if one.what is not None), None)
        fault = None if last is None else await self._told(last, routes[last.aaa_name])
        again = [] if fault is None else [one for one in group if one.attempts < ATTEMPTS]
        given_up = fault is not None and len(again) < len(group)
        if last is not None and fault is not None:
            event = "notice given up" if given_up else "notice not delivered"
            log.warning(event, cause=fault, imsi=last.imsi, aaa=last.aaa_name, attempts=last.attempts)
        until = self._now() + wait_after(group[-1].attempts)
        await self._database.write(lambda connection: _note(connection, group, again, until))

    async def _told(self, due: Due, route: Route) -> str | None:
        """As `_tell`; a notice that breaks this program, or an AAA server in this process, holds up no other."""
        (fault,) = await asyncio.gather(self._tell(due, route), return_exceptions=True)
        if not isinstance(fault, BaseException):
            return fault
        log.error("notice failed", cause=f"{type(fault).__name__}: {fault}", imsi=due.imsi, exc_info=fault)
        return f"it failed in this process: {type(fault).__name__}"

    async def _tell(self, due: Due, route: Route) -> str | None:
        """Why the AAA server was not told, or None."""
        request = self._request(due, route)
        try:
            answer = _parsed(await self._asker.request(route.peer, request))
        except DiameterUnavailable as error:
            return error.cause
        except AvpFault as error:
            return f"its answer is malformed: {error.reason}"
        experimental = answer.experimental_result and answer.experimental_result.code
        if not answer.succeeded and experimental not in _USER_NOT_THERE:
            return f"it answers {answer.result}" + (f": {answer.error_message}" if answer.error_message else "")
        log.info("aaa server told", command=name_of(request), imsi=due.imsi, aaa=due.aaa_name, result=answer.result)
        return None

    def _request(self, due: Due, route: Route) -> Message:
        match due.what:
            case UpdateProfile(profile):
                return self._ppr(due, route, profile)
            case Deregister(code, info):
                return self._rtr(due, route, DeregistrationReason(reason_code=ReasonCode(code), reason_info=info))
            case None:
                raise ValueError("a notice that has become pointless is not sent")

    def _ppr(self, due: Due, route: Route, profile: Profile) -> Message:
        return PushProfileRequest(
            session_id=self._session_id(),
            origin_host=self._identity.origin_host,
            origin_realm=self._identity.origin_realm,
            destination_realm=route.realm,
            destination_host=due.aaa_name,
            user_name=due.imsi,
            non_3gpp_user_data=user_data(profile),
        ).message()

    def _rtr(self, due: Due, route: Route, reason: DeregistrationReason) -> Message:
        return RegistrationTerminationRequest(
            session_id=self._session_id(),
            origin_host=self._identity.origin_host,
            origin_realm=self._identity.origin_realm,
            destination_realm=route.realm,
            destination_host=due.aaa_name,
            user_name=due.imsi,
            deregistration_reason=reason,
        ).message()

    def _session_id(self) -> str:
        return f"{self._identity.origin_host};{self._started};{next(self._sessions)}"


def _parsed(message: Message) -> Answer:
    if message.command == SwxCommand.PUSH_PROFILE:
        return PushProfileAnswer.parse(message)
    return RegistrationTerminationAnswer.parse(message)


def _note(connection: Connection, group: Sequence[Due], again: Sequence[Due], until: datetime) -> None:
    for one in group:
        if one in again:
            outbox.postpone(connection, one, until)
        else:
            outbox.settle(connection, one)
