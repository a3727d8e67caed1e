"""Accounting over RADIUS: what a record says, and that it is told until a server has it (RFC 2866, RFC 2869)."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol

from pdngw_proxy.aaa_link.radius_messages import Nas, nas_attributes
from pdngw_proxy.aaa_link.records import EndedBy, Moment, SessionRecord
from runtime.logs import get_logger
from runtime.radius.requests import RadiusUnavailable
from wire.radius.accounting import AcctStatusType, TerminateCause
from wire.radius.packet import Attribute

log = get_logger("pdngw.radius")

MOST_WAITING = 20_000
"""Records that wait for a server; of those after them only begin and end of a session are kept."""
MOST_ASKED = 256
"""Records on their way at once: more, of many sessions that begin or end together, would be lost before a server."""
RETRY = 30.0
"""Seconds until all servers are tried again."""
AUTHENTICATED_BY_RADIUS = 1
_GIGAWORD = 1 << 32

_STATUS = {
    Moment.START: AcctStatusType.START,
    Moment.INTERIM: AcctStatusType.INTERIM_UPDATE,
    Moment.STOP: AcctStatusType.STOP,
}
_TERMINATE_CAUSE = {
    EndedBy.UE: TerminateCause.USER_REQUEST,
    EndedBy.SILENCE: TerminateCause.LOST_CARRIER,
    EndedBy.TIMEOUT: TerminateCause.SESSION_TIMEOUT,
    EndedBy.AAA: TerminateCause.ADMIN_RESET,
    EndedBy.GATEWAY: TerminateCause.ADMIN_REBOOT,
    EndedBy.ANOTHER: TerminateCause.NAS_REQUEST,
    EndedBy.FAULT: TerminateCause.NAS_ERROR,
    EndedBy.UNUSED: TerminateCause.SERVICE_UNAVAILABLE,
}


def accounting_attributes(
    record: SessionRecord, nas: Nas, repeated: Sequence[Attribute], *, at: int, delay: int
) -> tuple[Attribute, ...]:
    """All of the record, and `repeated` of the Access-Accept.

    `at` is Unix time of the event and `delay` how many seconds ago that was (RFC 2866 §5.2).
    """
    usage = record.usage
    named: list[tuple[str, str | int | bytes | None]] = [
        ("Acct-Status-Type", _STATUS[record.moment]),
        ("Acct-Session-Id", record.session),
        ("User-Name", record.user_name or record.identity),
        *nas_attributes(nas),
        ("Framed-IPv6-Address", None if record.home_address is None else str(record.home_address)),
        ("Framed-IP-Address", None if record.ipv4_home_address is None else str(record.ipv4_home_address)),
        ("Calling-Station-Id", str(record.care_of)),
        ("Called-Station-Id", record.apn),
        ("Acct-Authentic", AUTHENTICATED_BY_RADIUS),
        ("Event-Timestamp", at),
        ("Acct-Delay-Time", delay),
    ]
    if record.moment is not Moment.START:
        named += [
            ("Acct-Session-Time", record.seconds),
            ("Acct-Input-Octets", usage.octets_in % _GIGAWORD),
            ("Acct-Output-Octets", usage.octets_out % _GIGAWORD),
            ("Acct-Input-Gigawords", usage.octets_in // _GIGAWORD),
            ("Acct-Output-Gigawords", usage.octets_out // _GIGAWORD),
            ("Acct-Input-Packets", usage.packets_in % _GIGAWORD),
            ("Acct-Output-Packets", usage.packets_out % _GIGAWORD),
        ]
    if record.ended_by is not None:
        named.append(("Acct-Terminate-Cause", _TERMINATE_CAUSE[record.ended_by]))
    return (*(Attribute.of(name, value) for name, value in named if value is not None), *repeated)


def gateway_attributes(status: AcctStatusType, session: str, nas: Nas, *, at: int, delay: int) -> tuple[Attribute, ...]:
    """Accounting-On: of this NAS there is no session that began before `at`; -Off: nor will there be any.

    The rest is as in the others. `session` is a name that no session has: every record has to have one (RFC 2866 §5.5).
    """
    named: list[tuple[str, str | int | bytes | None]] = [
        ("Acct-Status-Type", status),
        ("Acct-Session-Id", session),
        *nas_attributes(nas),
        ("Event-Timestamp", at),
        ("Acct-Delay-Time", delay),
    ]
    return tuple(Attribute.of(name, value) for name, value in named if value is not None)


class Build(Protocol):
    """A record for an event `at` Unix time, `delay` seconds ago."""

    def __call__(self, *, at: int, delay: int) -> tuple[Attribute, ...]: ...


Ask = Callable[[Sequence[Attribute]], Awaitable[None]]
"""Tells a server; RadiusUnavailable when none has it."""


class Accounting:
    """Tells records by `ask`, again every `retry` seconds while no server takes them; `clock` is Unix time."""

    def __init__(self, ask: Ask, nas: Nas, clock: Callable[[], float], *, retry: float = RETRY) -> None:
        self._ask = ask
        self._nas = nas
        self._clock = clock
        self._retry = retry
        self._on_their_way = asyncio.Semaphore(MOST_ASKED)
        self._hurry = asyncio.Event()
        self.waiting = 0
        """Records that no server has yet."""

    def hurry(self) -> None:
        """The gateway stops: whatever waits is tried now, for the last time, and nothing waits any more."""
        self._hurry.set()

    async def tell(self, record: SessionRecord, repeated: Sequence[Attribute]) -> None:
        """Return when a server has it."""
        if self.waiting >= MOST_WAITING and record.moment is Moment.INTERIM:
            log.warning("usage not told", session=record.session, cause=f"{self.waiting} records wait for a server")
            return
        build = partial(accounting_attributes, record, self._nas, repeated)
        await self._tell(build, record.session, record.moment.value, int(self._clock()))

    async def begin(self, session: str) -> None:
        """Tell that what a gateway of this name had before is over, which it may have had no time to tell itself."""
        # Whoever comes in this very second is of those to come.
        at = int(self._clock()) - 1
        build = partial(gateway_attributes, AcctStatusType.ACCOUNTING_ON, session, self._nas)
        await self._tell(build, session, "Accounting-On", at)

    async def end(self, session: str) -> None:
        """Tell once that there is no session any more; where no server hears it, the next Accounting-On says it."""
        at = int(self._clock())
        with suppress(RadiusUnavailable):
            await self._ask(gateway_attributes(AcctStatusType.ACCOUNTING_OFF, session, self._nas, at=at, delay=0))

    async def _tell(self, build: Build, session: str, what: str, at: int) -> None:
        self.waiting += 1
        try:
            if not await self._is_told(build, session, at):
                self._lose(session, what)
        except asyncio.CancelledError:
            self._lose(session, what)
            raise
        finally:
            self.waiting -= 1

    async def _is_told(self, build: Build, session: str, at: int) -> bool:
        """False when the gateway stops first."""
        told, is_last = False, self._hurry.is_set()
        while True:
            try:
                async with self._on_their_way:
                    await self._ask(build(at=at, delay=max(0, int(self._clock()) - at)))
            except RadiusUnavailable as error:
                if is_last:
                    return False
                if not told:
                    log.warning("accounting waits", session=session, cause=str(error), retry=f"{self._retry:g} s")
                told = True
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._retry):
                        await self._hurry.wait()
                is_last = self._hurry.is_set()
            else:
                return True

    def _lose(self, session: str, what: str) -> None:
        log.error("accounting record lost", session=session, cause=f"no server took its {what}")
