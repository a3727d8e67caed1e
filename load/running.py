"""A whole load over RADIUS: settings in, report out."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from load.loop import Loop
from load.pace import Pace
from load.processes import run
from load.radius import Address, RadiusClient
from load.radius_packets import RadiusPackets
from load.report import Report
from load.subscribers import Cards, CardSource, LoadRefused
from load.tally import Tally
from load.turns import Behaviour, Turns
from wire.identity import EapMethod
from wire.radius.exchange import Timers
from wire.secret import Secret


@dataclass(frozen=True, slots=True)
class Load:
    """What every load has: whose cards, what they do, how many at once, in how many processes."""

    source: CardSource
    behaviour: Behaviour
    pace: Pace
    processes: int = 1
    cpu_of: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RadiusTarget:
    """The server and what is shared with it; `ports` is how many sockets each process has."""

    server: Address
    secret: Secret
    nas_identifier: str = "load"
    ports: int = 32
    timers: Timers = field(default_factory=Timers)


def over_radius(load: Load, target: RadiusTarget, told: Callable[[int], None]) -> Report:
    """Run it; `told` hears how many authentications are over. LoadRefused when it cannot be."""
    parts = _parts(load)

    def work(part: int, told: Callable[[int], None], on_interrupt: Callable[[Callable[[], None]], None]) -> Tally:
        tally, pace = Tally(), load.pace.share(part, parts)
        turns = Turns(Cards(load.source, part, parts), load.behaviour, os.urandom)
        loop = Loop(turns, pace, tally, cpu_of=load.cpu_of if part == 0 else (), told=told)
        on_interrupt(loop.stop)
        packets = RadiusPackets(target.secret, target.nas_identifier)
        client = RadiusClient(
            target.server, packets, tally, loop.ended, at_once=pace.at_once, ports=target.ports, timers=target.timers
        )
        try:
            loop.run(client)
        finally:
            client.close()
        return tally

    host, port = target.server
    return _report(load, f"{_what(load.behaviour)} over RADIUS", f"{host} port {port}", run(parts, work, told))


def _parts(load: Load) -> int:
    """No process without a card or without room for one."""
    if load.pace.count == 0 or load.pace.at_once < 1:
        raise LoadRefused("nothing is asked for: name one authentication at least, and one at once")
    return max(min(load.processes, load.pace.at_once, len(load.source)), 1)


def _report(load: Load, what: str, server: str, tally: Tally) -> Report:
    at_once = min(load.pace.at_once, len(load.source))
    return Report(what, server, len(load.source), at_once, _parts(load), tally)


def _what(behaviour: Behaviour) -> str:
    name = "EAP-AKA" if behaviour.method is EapMethod.AKA else "EAP-AKA'"
    fast = f" and {behaviour.fast} fast re-authentications after each" if behaviour.fast else ""
    return f"{name}{fast}{' with pseudonyms' if behaviour.pseudonyms else ''}"
