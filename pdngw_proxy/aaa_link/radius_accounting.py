"""Accounting over RADIUS: what a record says, and that it is told until a server has it (RFC 2866, RFC 2869)."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from pdngw_proxy.aaa_link.radius_messages import Nas, nas_attributes
from pdngw_proxy.aaa_link.records import EndedBy, Moment, SessionRecord
from runtime.logs import get_logger
from runtime.radius.requests import RadiusUnavailable
from wire.radius.accounting import AcctStatusType, TerminateCause
from wire.radius.packet import Attribute

log = get_logger("pdngw.radius")

MOST_WAITING = 20_000
"""Records that wait for a server; of those after them only begin and end of a session are kept."""
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
    record: SessionRecord, nas: Nas, classes: Sequence[bytes], *, at: int, delay: int
) -> tuple[Attribute, ...]:
    """All of the record; `at` is Unix time of the event and `delay` how many seconds ago that was (RFC 2866 §5.2)."""
    usage = record.usage
    named: list[tuple[str, str | int | bytes | None]] = [
        ("Acct-Status-Type", _STATUS[record.moment]),
        ("Acct-Session-Id", record.session),
        ("User-Name", record.user_name or record.identity),
        *nas_attributes(nas),
        *(("Class", value) for value in classes),
        ("Framed-IPv6-Address", None if record.home_address is None else str(record.home_address)),
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
    return tuple(Attribute.of(name, value) for name, value in named if value is not None)


Ask = Callable[[Sequence[Attribute]], Awaitable[None]]
"""Tells a server; RadiusUnavailable when none has it."""


class Accounting:
    """Tells records by `ask`, again every `retry` seconds while no server takes them; `clock` is Unix time."""

    def __init__(self, ask: Ask, nas: Nas, clock: Callable[[], float], *, retry: float = RETRY) -> None:
        self._ask = ask
        self._nas = nas
        self._clock = clock
        self._retry = retry
        self.waiting = 0
        """Records that no server has yet."""

    async def tell(self, record: SessionRecord, classes: Sequence[bytes]) -> None:
        """Return when a server has it."""
        if self.waiting >= MOST_WAITING and record.moment is Moment.INTERIM:
            log.warning("usage not told", session=record.session, cause=f"{self.waiting} records wait for a server")
            return
        self.waiting += 1
        try:
            await self._until_told(record, classes)
        except asyncio.CancelledError:
            log.error(
                "accounting record lost", session=record.session, cause=f"no server took its {record.moment.value}"
            )
            raise
        finally:
            self.waiting -= 1

    async def _until_told(self, record: SessionRecord, classes: Sequence[bytes]) -> None:
        at, told = int(self._clock()), False
        while True:
            delay = max(0, int(self._clock()) - at)
            try:
                await self._ask(accounting_attributes(record, self._nas, classes, at=at, delay=delay))
            except RadiusUnavailable as error:
                if not told:
                    log.warning(
                        "accounting waits", session=record.session, cause=str(error), retry=f"{self._retry:g} s"
                    )
                told = True
                await asyncio.sleep(self._retry)
            else:
                return
