"""Fulfils one wish after another on a UE that is attached."""

import asyncio
from typing import Protocol, assert_never

from runtime.config import ConfigError
from runtime.control_socket import Answer
from ue_sim.control.wishes import Detach, Move, Ping, Probe, Reattach, Reauthenticate, Rekey, Status, Wish
from ue_sim.pinger import PingFinished
from ue_sim.shell import UeFailed
from ue_sim.ue_events import Attached
from wire.ikev2.nat import Endpoint
from wire.ip.checksum import IpAddress

_PINGS_AFTER_MOVE = 3


class LiveUe(Protocol):
    """What is asked of ue_sim.shell.UeShell."""

    ended: asyncio.Event
    end: str

    @property
    def local(self) -> Endpoint: ...

    async def attach(self) -> Attached: ...

    async def ping(self, destination: IpAddress, count: int) -> PingFinished: ...

    async def detach(self) -> str: ...

    def move(self, address: IpAddress) -> None: ...

    async def reauthenticate(self, *, make_before_break: bool | None = None) -> Attached: ...

    async def rekey(self, *, ike: bool) -> None: ...

    async def probe(self) -> float: ...


class Attendant:
    """Serves one UE; `attached` is what its attach gave. One wish at a time."""

    def __init__(self, ue: LiveUe, attached: Attached) -> None:
        self._ue = ue
        self._attached = attached

    async def fulfil(self, wish: Wish) -> Answer:
        """Do it, and tell what came of it."""
        if self._ue.ended.is_set():
            return Answer(ok=False, outcome=f"the session ended: {self._ue.end}; attach again")
        try:
            return await self._fulfil(wish)
        except UeFailed as failure:
            return Answer(ok=False, outcome=f"failed at {failure}")

    async def _fulfil(self, wish: Wish) -> Answer:
        match wish:
            case Status():
                return Answer(ok=True, outcome="attached", facts=self._facts())
            case Ping(to=to, count=count):
                return await self._ping(to, count)
            case Move(address=address):
                return await self._move(address)
            case Reattach():
                await self._ue.detach()
                self._attached = await self._ue.attach()
                return Answer(ok=True, outcome="attached again", facts=self._facts())
            case Reauthenticate(way=way):
                make = None if way is None else way == "make-before-break"
                self._attached = await self._ue.reauthenticate(make_before_break=make)
                return Answer(ok=True, outcome="authenticated anew", facts=self._facts())
            case Rekey(what=what):
                await self._ue.rekey(ike=what == "ike")
                return Answer(ok=True, outcome="the IKE SA is new" if what == "ike" else "the Child SAs are new")
            case Probe():
                milliseconds = f"{await self._ue.probe() * 1000:.1f}"
                return Answer(ok=True, outcome="the gateway is there", facts={"milliseconds": milliseconds})
            case Detach():
                return Answer(ok=True, outcome=await self._ue.detach())
            case _:
                assert_never(wish)

    def _facts(self) -> dict[str, str]:
        attached = self._attached
        ipv4 = attached.ipv4_home_address
        return {
            "home_address": f"{attached.home_address}/{attached.prefix_length}",
            **({"ipv4_home_address": str(ipv4)} if ipv4 is not None else {}),
            "home_agent": str(attached.ha_address),
            "care_of_address": str(self._ue.local.address),
        }

    async def _ping(self, to: IpAddress | None, count: int) -> Answer:
        destination = to or self._attached.ha_address
        if destination.version == 4 and self._attached.ipv4_home_address is None:
            why = "the UE has no IPv4 Home Address; write ipv4 = true in [ue] and attach again, or name an IPv6 address"
            return Answer(ok=False, outcome=why)
        return _told(f"ping {destination}", await self._ue.ping(destination, count))

    async def _move(self, address: IpAddress) -> Answer:
        before = self._ue.local.address
        try:
            self._ue.move(address)
        except (OSError, ConfigError) as error:
            cause = error.strerror if isinstance(error, OSError) and error.strerror else error
            why = f"the UE stays at {before}: {cause}; name an address that this machine has"
            return Answer(ok=False, outcome=why)
        shown = await self._ue.ping(self._attached.ha_address, _PINGS_AFTER_MOVE)
        return _told(f"moved from {before} to {address}", shown, enough=1)


def _told(what: str, done: PingFinished, enough: int | None = None) -> Answer:
    """It went well when `enough` echo requests were answered, all unless told otherwise."""
    times = " ".join(f"{seconds * 1000:.1f}" for seconds in done.round_trips)
    facts = {"sent": str(done.sent), "received": str(done.received), "round_trips_ms": times}
    answered = f"{what}: {done.received} of {done.sent} pings were answered"
    return Answer(ok=done.received >= (done.sent if enough is None else enough), outcome=answered, facts=facts)
