"""A UE for tests of its control socket: it does what it is told, or what a test wants it to."""

import asyncio
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv6Address

from ue_sim.pinger import PingFinished
from ue_sim.shell import UeFailed
from ue_sim.ue_events import Attached
from wire.ikev2.nat import Endpoint
from wire.ip.checksum import IpAddress

HOME, AGENT = IPv6Address("2001:db8::100"), IPv6Address("2001:db8::1")
ATTACHED = Attached(HOME, AGENT, 64, IPv4Interface("10.0.0.2/24"))
HERE, THERE = IPv4Address("127.9.9.10"), IPv4Address("127.9.9.11")


@dataclass
class LiveUe:
    """Attached at HERE; `received` is how many echo requests of any ping are answered."""

    local: Endpoint = field(default_factory=lambda: Endpoint(HERE, 4500))
    received: int = 1000
    attach_fails: UeFailed | None = None
    move_fails: Exception | None = None
    slow: float = 0.0
    end: str = ""
    done: list[str] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def attach(self) -> Attached:
        self.done.append("attach")
        await asyncio.sleep(self.slow)
        if self.attach_fails is not None:
            raise self.attach_fails
        self.ended.clear()
        return Attached(IPv6Address("2001:db8::101"), AGENT, 64)

    async def ping(self, destination: IpAddress, count: int) -> PingFinished:
        self.done.append(f"ping {destination} {count}")
        await asyncio.sleep(self.slow)
        received = min(count, self.received)
        return PingFinished(count, received, (0.0015,) * received)

    async def detach(self) -> str:
        self.done.append("detach")
        self.end = "detached"
        self.ended.set()
        return self.end

    def move(self, address: IpAddress) -> None:
        if self.move_fails is not None:
            raise self.move_fails
        self.local = Endpoint(address, 4500)

    async def reauthenticate(self, *, make_before_break: bool | None = None) -> Attached:
        self.done.append(f"reauthenticate {make_before_break}")
        if self.attach_fails is not None:
            raise self.attach_fails
        return ATTACHED

    async def rekey(self, *, ike: bool) -> None:
        self.done.append(f"rekey {ike}")
        if self.attach_fails is not None:
            raise self.attach_fails

    async def probe(self) -> float:
        self.done.append("probe")
        return 0.0042
