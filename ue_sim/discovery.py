"""Finding the PDN GW by DNS: the HA-APN name's addresses, else the SRV record of the domain (RFC 5026 §5.1,
TS 24.303 §5.1.2.1.2)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address
from itertools import accumulate
from typing import assert_never

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
from dns.rdtypes.IN.SRV import SRV

from ue_sim.search import Finished, Idle, Search
from wire.sansio import RandomBytes, Tick, Transitions

WAITS = (0.5, 0.5, 1.0, 1.0, 2.0, 2.0)
"""Seconds to wait after each sending of the queries."""


@dataclass(frozen=True, slots=True)
class DiscoveryRequested:
    """Look for `name`; when it has no address, follow the SRV records of `service`, if one is given.

    A name with an IPv4 address alone is that of the home agent `home_agent`, where this is known.
    """

    name: str
    service: str | None = None
    home_agent: IPv6Address | None = None


@dataclass(frozen=True, slots=True)
class AnswerArrived:
    """A datagram from the DNS server."""

    datagram: bytes


@dataclass(frozen=True, slots=True)
class SendQuery:
    """One DNS query, to the configured server."""

    datagram: bytes


@dataclass(frozen=True, slots=True)
class Discovered:
    """The PDN GW: the IPv6 address of its home agent, and its IPv4 address when it is dual-stack (RFC 5555).

    `others` are the two addresses of those to be tried when it does not answer, in their order.
    """

    name: str
    ipv6: IPv6Address
    ipv4: IPv4Address | None
    others: tuple[tuple[IPv6Address, IPv4Address | None], ...] = ()

    def address(self, version: int) -> IPv4Address | IPv6Address | None:
        """Where a UE in a network of that version, 4 or 6, reaches it; None when it does not."""
        return self.ipv4 if version == 4 else self.ipv6


@dataclass(frozen=True, slots=True)
class DiscoveryFailed:
    """No PDN GW; `cause` is one line for the operator."""

    cause: str


@dataclass(frozen=True, slots=True)
class Asking:
    """Queries are out for `names`, in the order in which they are to be tried; `silent`: nobody has answered yet.

    `pending` maps a query's id to its name and type.
    """

    names: tuple[str, ...]
    service: str | None
    pending: Mapping[int, tuple[str, dns.rdatatype.RdataType]]
    attempt: int
    again_at: float
    ipv6: tuple[tuple[str, IPv6Address], ...] = ()
    ipv4: tuple[tuple[str, IPv4Address], ...] = ()
    targets: tuple[SRV, ...] = ()
    home_agent: IPv6Address | None = None
    silent: bool = True
    trouble: str = ""

    @property
    def found(self) -> Discovered | None:
        """The PDN GW, as soon as enough is known of it, with those that may stand in for it."""
        known = [(name, *pair) for name in self.names for pair in self._pairs(name)]
        if not known:
            return None
        (name, ipv6, ipv4), *others = known
        return Discovered(name, ipv6, ipv4, tuple((one, other) for _, one, other in others[: _MOST_GATEWAYS - 1]))

    def _pairs(self, whose: str) -> Iterator[tuple[IPv6Address, IPv4Address | None]]:
        """Its IPv6 addresses with its IPv4 ones; where these are more or fewer, the last stands for those that lack."""
        ipv4 = [address for name, address in self.ipv4 if name == whose]
        ipv6 = [address for name, address in self.ipv6 if name == whose]
        if not ipv6 and self.home_agent is not None:
            ipv6 = [self.home_agent] * bool(ipv4)
        for number in range(max(len(ipv6), len(ipv4)) if ipv6 else 0):
            yield ipv6[min(number, len(ipv6) - 1)], ipv4[min(number, len(ipv4) - 1)] if ipv4 else None


Event = DiscoveryRequested | AnswerArrived | Tick
Effect = SendQuery | Discovered | DiscoveryFailed

TRANSITIONS: Transitions = {
    (Idle, DiscoveryRequested): frozenset({Asking}),
    (Asking, AnswerArrived): frozenset({Asking, Finished}),
    (Asking, Tick): frozenset({Asking, Finished}),
}

_MOST_GATEWAYS = 8
_ADDRESSES = (dns.rdatatype.AAAA, dns.rdatatype.A)


class Discovery(Search[Asking]):
    """One search. `random` gives the query ids, 2 octets each."""

    def __init__(self, *, random: RandomBytes) -> None:
        super().__init__(TRANSITIONS)
        self._random = random

    def handle(self, event: Event, now: float) -> list[Effect]:
        """Take one event; answers that belong to no query of ours are passed over in silence."""
        match event, self.state:
            case DiscoveryRequested(), Idle():
                asking = self._ask((event.name,), event.service, _ADDRESSES, now)
                asking = replace(asking, home_agent=event.home_agent)
                return self._become(event, asking, self._queries(asking))
            case AnswerArrived(), Asking() as state:
                return self._answered(event, state, now)
            case Tick(), Asking() as state if now >= state.again_at:
                return self._late(event, state, now)
            case ((DiscoveryRequested() | AnswerArrived() | Tick()), (Idle() | Asking() | Finished())):
                return []
            case _:
                assert_never((event, self.state))

    def _ask(
        self, names: tuple[str, ...], service: str | None, kinds: tuple[dns.rdatatype.RdataType, ...], now: float
    ) -> Asking:
        first = int.from_bytes(self._random(2), "big")
        questions = [(name, kind) for name in names for kind in kinds]
        pending = {(first + number) & 0xFFFF: question for number, question in enumerate(questions)}
        return Asking(names, service, pending, attempt=0, again_at=now + WAITS[0])

    def _queries(self, asking: Asking) -> list[Effect]:
        return [
            SendQuery(dns.message.make_query(name, kind, id=number).to_wire())
            for number, (name, kind) in asking.pending.items()
        ]

    def _late(self, event: Tick, state: Asking, now: float) -> list[Effect]:
        attempt = state.attempt + 1
        if attempt < len(WAITS):
            asking = replace(state, attempt=attempt, again_at=now + WAITS[attempt])
            return self._become(event, asking, self._queries(asking))
        if state.found is not None:
            return self._become(event, Finished(), [state.found])
        waited = f"no DNS answer for {state.names[0]} after {sum(WAITS):.0f} s"
        return self._become(event, Finished(), [DiscoveryFailed(waited if state.silent else state.trouble or waited)])

    def _answered(self, event: AnswerArrived, state: Asking, now: float) -> list[Effect]:
        answer = _read(event.datagram)
        if answer is None or answer.id not in state.pending or not _asks_for(answer, state):
            return []
        name, _ = state.pending[answer.id]
        pending = {number: question for number, question in state.pending.items() if number != answer.id}
        state = _learn(replace(state, pending=pending, silent=False), name, answer)
        if pending:
            return self._become(event, state, [])
        return self._complete(event, state, now)

    def _complete(self, event: AnswerArrived, state: Asking, now: float) -> list[Effect]:
        targets = self._in_order(state.targets)
        if targets:
            asking = self._ask(targets, None, _ADDRESSES, now)
            return self._become(event, asking, self._queries(asking))
        if state.found is not None:
            return self._become(event, Finished(), [state.found])
        if state.service is not None:
            asking = self._ask((state.service,), None, (dns.rdatatype.SRV,), now)
            return self._become(event, asking, self._queries(asking))
        trouble = state.trouble or f"{state.names[0]} has no {'IPv6 ' if state.home_agent is None else ''}address"
        return self._become(event, Finished(), [DiscoveryFailed(trouble)])

    def _in_order(self, records: tuple[SRV, ...]) -> tuple[str, ...]:
        """Their targets, the lowest priority first; of one priority by lot, more often the heavier (RFC 2782)."""
        left, targets = list(records), list[str]()
        while left and len(targets) < _MOST_GATEWAYS:
            urn = [one for one in left if one.priority == min(other.priority for other in left)]
            # those without weight come first in the urn, so that they have a very small chance
            urn.sort(key=lambda one: one.weight)
            lot = int.from_bytes(self._random(4), "big") % (sum(one.weight for one in urn) + 1)
            sums = accumulate(one.weight for one in urn)
            drawn = next(one for one, until in zip(urn, sums, strict=True) if until >= lot)
            left.remove(drawn)
            targets.append(drawn.target.to_text(omit_final_dot=True))
        return tuple(dict.fromkeys(targets))


def _read(datagram: bytes) -> dns.message.Message | None:
    try:
        answer = dns.message.from_wire(datagram, ignore_trailing=True)
    except (dns.exception.DNSException, ValueError):
        return None
    return answer if answer.flags & dns.flags.QR else None


def _asks_for(answer: dns.message.Message, state: Asking) -> bool:
    """The question must be ours too: an id alone is two octets that anybody can guess (RFC 5452 §9.1)."""
    if len(answer.question) != 1:
        return False
    question = answer.question[0]
    name, kind = state.pending[answer.id]
    return question.name == dns.name.from_text(name) and question.rdtype == kind


def _learn(state: Asking, name: str, answer: dns.message.Message) -> Asking:
    if answer.rcode() != dns.rcode.NOERROR:
        return replace(state, trouble=f"DNS says {dns.rcode.to_text(answer.rcode())} for {name}")
    # other classes than IN give these types another form, or none (RFC 1035 §3.2.4)
    for record_set in (one for one in answer.answer if one.rdclass == dns.rdataclass.IN):
        for record in record_set:
            if record_set.rdtype == dns.rdatatype.AAAA:
                state = replace(state, ipv6=(*state.ipv6, (name, IPv6Address(record.address))))
            elif record_set.rdtype == dns.rdatatype.A:
                state = replace(state, ipv4=(*state.ipv4, (name, IPv4Address(record.address))))
            elif record_set.rdtype == dns.rdatatype.SRV and record.target != dns.name.root:
                state = replace(state, targets=(*state.targets, record))
    return state
