"""Home agents found without DNS, by the anycast address of the home prefix (RFC 6275 §11.4.1)."""

from dataclasses import dataclass, replace
from ipaddress import IPv6Address, IPv6Network
from typing import assert_never

from ue_sim.search import Finished, Idle, Search
from wire.ip.icmpv6 import build_icmpv6
from wire.ip.ipv6 import PROTO_ICMPV6, Ipv6Packet
from wire.mip6.discovery import AgentReply, AgentRequest, home_agents_of
from wire.sansio import RandomBytes, Tick, Transitions

INITIAL_DHAAD_TIMEOUT = 3.0
DHAAD_RETRIES = 4
"""Seconds until the first repetition, each later one after twice as long, and how many there are (RFC 6275 §12)."""

_MOST_AGENTS = 16


@dataclass(frozen=True, slots=True)
class AgentsWanted:
    """Ask for the home agents of `prefix`, from the Care-of Address `care_of`."""

    prefix: IPv6Network
    care_of: IPv6Address


@dataclass(frozen=True, slots=True)
class ReplyArrived:
    """A Home Agent Address Discovery Reply came to the Care-of Address."""

    reply: AgentReply


@dataclass(frozen=True, slots=True)
class SendRequest:
    """Send a whole IPv6 packet to the anycast address `to`."""

    octets: bytes
    to: IPv6Address


@dataclass(frozen=True, slots=True)
class AgentsFound:
    """Home agents, never none, in the order in which they are to be tried."""

    agents: tuple[IPv6Address, ...]


@dataclass(frozen=True, slots=True)
class NoAgents:
    """Nobody has answered; `cause` is one line."""

    cause: str


@dataclass(frozen=True, slots=True)
class Asking:
    """A request is out, sent `count` times; the next one, or the end of it, is due at `again_at`."""

    wanted: AgentsWanted
    identifier: int
    began: float
    again_at: float
    count: int = 1


Event = AgentsWanted | ReplyArrived | Tick
Effect = SendRequest | AgentsFound | NoAgents

TRANSITIONS: Transitions = {
    (Idle, AgentsWanted): frozenset({Asking}),
    (Asking, ReplyArrived): frozenset({Finished}),
    (Asking, Tick): frozenset({Asking, Finished}),
}


class AgentDiscovery(Search[Asking]):
    """One search, given up after `give_up_after` seconds at the latest; `random` gives its identifier."""

    def __init__(self, *, random: RandomBytes, give_up_after: float) -> None:
        super().__init__(TRANSITIONS)
        self._random = random
        self._give_up_after = give_up_after

    def handle(self, event: Event, now: float) -> list[Effect]:
        """Take one event and return its effects; whatever answers no request of ours has none."""
        match event, self.state:
            case AgentsWanted(), Idle():
                identifier = int.from_bytes(self._random(2), "big")
                asking = Asking(event, identifier, now, self._next(now, now, INITIAL_DHAAD_TIMEOUT))
                return self._become(event, asking, [_request(asking)])
            case ReplyArrived(reply), Asking() as state:
                agents = _usable(reply) if reply.identifier == state.identifier else ()
                return self._become(event, Finished(), [AgentsFound(agents)]) if agents else []
            case Tick(), Asking() as state if now >= state.again_at:
                return self._late(event, state, now)
            case ((AgentsWanted() | ReplyArrived() | Tick()), (Idle() | Asking() | Finished())):
                return []
            case _:
                assert_never((event, self.state))

    def _late(self, event: Tick, state: Asking, now: float) -> list[Effect]:
        if state.count > DHAAD_RETRIES or now >= state.began + self._give_up_after:
            waited = f"{now - state.began:.0f} s after {state.count} requests"
            cause = f"no home agent of {state.wanted.prefix} has answered: {waited}"
            return self._become(event, Finished(), [NoAgents(cause)])
        again_at = self._next(state.began, now, INITIAL_DHAAD_TIMEOUT * 2**state.count)
        asking = replace(state, again_at=again_at, count=state.count + 1)
        return self._become(event, asking, [_request(asking)])

    def _next(self, began: float, now: float, wait: float) -> float:
        return min(now + wait, began + self._give_up_after)


def _request(asking: Asking) -> SendRequest:
    source, to = asking.wanted.care_of, home_agents_of(asking.wanted.prefix)
    payload = build_icmpv6(AgentRequest(asking.identifier).build(), source, to)
    packet = Ipv6Packet(source=source, destination=to, next_header=PROTO_ICMPV6, payload=payload)
    return SendRequest(packet.build(), to)


def _usable(reply: AgentReply) -> tuple[IPv6Address, ...]:
    """Its unicast addresses, each once (RFC 6275 §11.4.1)."""
    found = (
        address
        for address in dict.fromkeys(reply.addresses)
        if not (address.is_multicast or address.is_unspecified or address.is_loopback or address.is_link_local)
    )
    return tuple(found)[:_MOST_AGENTS]
