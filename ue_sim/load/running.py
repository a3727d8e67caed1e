"""A whole load over RADIUS or Diameter: settings in, report out."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from ue_sim.load.accounting import Accounting
from ue_sim.load.accounting_packets import AccountingPackets
from ue_sim.load.diameter import DiameterClient
from ue_sim.load.diameter_packets import Node
from ue_sim.load.exchanges import Address, Sockets
from ue_sim.load.loop import Client, Loop
from ue_sim.load.pace import Pace
from ue_sim.load.processes import run
from ue_sim.load.radius import RadiusClient
from ue_sim.load.radius_packets import RadiusPackets
from ue_sim.load.report import Report
from ue_sim.load.subscribers import Cards, CardSource, LoadRefused
from ue_sim.load.tally import Tally
from ue_sim.load.turns import Behaviour, Turns
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
class Sessions:
    """Where sessions are told of, and how many Interim-Updates each has."""

    server: Address
    interims: int = 0


@dataclass(frozen=True, slots=True)
class RadiusTarget:
    """The server and what is shared with it; `ports` is how many sockets each process has.

    Whoever is let in has a session, if `sessions` says where that is told of.
    """

    server: Address
    secret: Secret
    nas_identifier: str = "load"
    ports: int = 32
    timers: Timers = field(default_factory=Timers)
    sessions: Sessions | None = None


@dataclass(frozen=True, slots=True)
class DiameterTarget:
    """The server, and a node for each connection; `limit` is how many seconds an answer has, `ends` sends STR."""

    server: Address
    nodes: tuple[Node, ...]
    limit: float = 10.0
    ends: bool = False


Connect = Callable[[int, int, Pace, Tally, Loop], Client]
"""Makes the client of process `part` of so many."""


def over_radius(load: Load, target: RadiusTarget, told: Callable[[int], None]) -> Report:
    """Run it; `told` hears how many authentications are over. LoadRefused when it cannot be."""

    def connect(_part: int, _parts: int, pace: Pace, tally: Tally, loop: Loop) -> Client:
        packets, sockets = RadiusPackets(target.secret, target.nas_identifier), Sockets()
        at_once, ports, timers, accounting = pace.at_once, target.ports, target.timers, None
        if target.sessions is not None:
            accounting = Accounting(
                target.sessions.server, AccountingPackets(target.secret, target.nas_identifier), tally.accounting, loop,
                sockets, interims=target.sessions.interims, at_once=at_once, ports=ports, timers=timers,
            )  # fmt: skip
        return RadiusClient(
            target.server, packets, tally, loop.ended, at_once=at_once, ports=ports, timers=timers, sockets=sockets,
            accounting=accounting,
        )  # fmt: skip

    carrier = f"RADIUS{_with(target.sessions)}"
    return _run(load, carrier, target.server, _parts(load), connect, told, has_sessions=target.sessions is not None)


def over_diameter(load: Load, target: DiameterTarget, told: Callable[[int], None]) -> Report:
    """The same over Diameter, whose connections are shared out among the processes."""

    def connect(part: int, parts: int, _pace: Pace, tally: Tally, loop: Loop) -> Client:
        nodes = target.nodes[part::parts]
        return DiameterClient(target.server, nodes, tally, loop.ended, limit=target.limit, ends=target.ends)

    names = {node.application: node.application.name for node in target.nodes}
    connections = f"{len(target.nodes)} connection{'s'[: len(target.nodes) > 1]}"
    carrier = f"Diameter {'/'.join(names.values())}, {connections}"
    return _run(load, carrier, target.server, min(_parts(load), len(target.nodes)), connect, told)


def _run(
    load: Load, carrier: str, server: Address, parts: int, connect: Connect, told: Callable[[int], None], *,
    has_sessions: bool = False,
) -> Report:  # fmt: skip
    def work(part: int, told: Callable[[int], None], on_interrupt: Callable[[Callable[[], None]], None]) -> Tally:
        tally, pace = Tally(), load.pace.share(part, parts)
        turns = Turns(Cards(load.source, part, parts), load.behaviour, os.urandom)
        loop = Loop(turns, pace, tally, cpu_of=load.cpu_of if part == 0 else (), told=told)
        client = connect(part, parts, pace, tally, loop)
        on_interrupt(loop.stop)
        try:
            loop.run(client)
        finally:
            client.close()
        return tally

    tally = run(parts, work, told)
    at_once = min(load.pace.at_once, len(load.source))
    what, where = f"{_what(load.behaviour)} over {carrier}", f"{server[0]} port {server[1]}"
    return Report(what, where, len(load.source), at_once, parts, tally, has_sessions)


def _parts(load: Load) -> int:
    """No process without a card or without room for one."""
    if load.pace.count == 0 or load.pace.at_once < 1:
        raise LoadRefused("nothing is asked for: name one authentication at least, and one at once")
    return max(min(load.processes, load.pace.at_once, len(load.source)), 1)


def _with(sessions: Sessions | None) -> str:
    if sessions is None:
        return ""
    interims = f", {sessions.interims} Interim-Updates" if sessions.interims else ""
    return f" with accounting (Start{interims}, Stop)"


def _what(behaviour: Behaviour) -> str:
    name = "EAP-AKA" if behaviour.method is EapMethod.AKA else "EAP-AKA'"
    fast = f" and {behaviour.fast} fast re-authentications after each" if behaviour.fast else ""
    return f"{name}{fast}{' with pseudonyms' if behaviour.pseudonyms else ''}"
