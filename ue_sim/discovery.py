"""Finding the PDN GW by DNS: the HA-APN name's addresses, else the SRV record of the domain (RFC 5026 §5.1,
TS 24.303 §5.1.2.1.2)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address
from typing import assert_never

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype

from wire.sansio import RandomBytes, Tick, Transitions, check_transition

WAITS = (0.5, 0.5, 1.0, 1.0, 2.0, 2.0)
"""Seconds to wait after each sending of the queries."""


@dataclass(frozen=True, slots=True)
class DiscoveryRequested:
    """Look for `name`; when it has no address, follow the SRV record of `service`, if one is given.

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

    `others` are home agents to be tried when it does not answer, in their order.
    """

    name: str
    ipv6: IPv6Address
    ipv4: IPv4Address | None
    others: tuple[IPv6Address, ...] = ()

    def address(self, version: int) -> IPv4Address | IPv6Address | None:
        """Where a UE in a network of that version, 4 or 6, reaches it; None when it does not."""
        return self.ipv4 if version == 4 else self.ipv6


@dataclass(frozen=True, slots=True)
class DiscoveryFailed:
    """No PDN GW; `cause` is one line for the operator."""

    cause: str


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing asked yet."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Queries are out: `pending` maps a query's id to its type; `silent` says that nobody has answered yet."""

    name: str
    service: str | None
    pending: Mapping[int, dns.rdatatype.RdataType]
    attempt: int
    again_at: float
    ipv6: IPv6Address | None = None
    ipv4: IPv4Address | None = None
    target: str | None = None
    home_agent: IPv6Address | None = None
    silent: bool = True
    trouble: str = ""

    @property
    def found(self) -> Discovered | None:
        """The PDN GW, as soon as enough is known of it."""
        ipv6 = self.ipv6 or (self.home_agent if self.ipv4 is not None else None)
        return Discovered(self.name, ipv6, self.ipv4) if ipv6 is not None else None


@dataclass(frozen=True, slots=True)
class Finished:
    """Found, or given up."""


State = Idle | Asking | Finished
Event = DiscoveryRequested | AnswerArrived | Tick
Effect = SendQuery | Discovered | DiscoveryFailed

TRANSITIONS: Transitions = {
    (Idle, DiscoveryRequested): frozenset({Asking}),
    (Asking, AnswerArrived): frozenset({Asking, Finished}),
    (Asking, Tick): frozenset({Asking, Finished}),
}

_ADDRESSES = (dns.rdatatype.AAAA, dns.rdatatype.A)


class Discovery:
    """One search. `random` gives the query ids, 2 octets each."""

    def __init__(self, *, random: RandomBytes) -> None:
        self._random = random
        self.state: State = Idle()

    @property
    def deadline(self) -> float | None:
        """When the queries are repeated or given up."""
        return self.state.again_at if isinstance(self.state, Asking) else None

    def handle(self, event: Event, now: float) -> list[Effect]:
        """Take one event; answers that belong to no query of ours are passed over in silence."""
        match event, self.state:
            case DiscoveryRequested(), Idle():
                asking = replace(self._ask(event.name, event.service, _ADDRESSES, now), home_agent=event.home_agent)
                return self._become(event, asking, self._queries(asking))
            case AnswerArrived(), Asking() as state:
                return self._answered(event, state, now)
            case Tick(), Asking() as state if now >= state.again_at:
                return self._late(event, state, now)
            case ((DiscoveryRequested() | AnswerArrived() | Tick()), (Idle() | Asking() | Finished())):
                return []
            case _:
                assert_never((event, self.state))

    def _ask(self, name: str, service: str | None, kinds: tuple[dns.rdatatype.RdataType, ...], now: float) -> Asking:
        first = int.from_bytes(self._random(2), "big")
        pending = {(first + number) & 0xFFFF: kind for number, kind in enumerate(kinds)}
        return Asking(name, service, pending, attempt=0, again_at=now + WAITS[0])

    def _queries(self, asking: Asking) -> list[Effect]:
        return [
            SendQuery(dns.message.make_query(asking.name, kind, id=number).to_wire())
            for number, kind in asking.pending.items()
        ]

    def _late(self, event: Tick, state: Asking, now: float) -> list[Effect]:
        attempt = state.attempt + 1
        if attempt < len(WAITS):
            asking = replace(state, attempt=attempt, again_at=now + WAITS[attempt])
            return self._become(event, asking, self._queries(asking))
        if state.found is not None:
            return self._become(event, Finished(), [state.found])
        waited = f"no DNS answer for {state.name} after {sum(WAITS):.0f} s"
        return self._become(event, Finished(), [DiscoveryFailed(waited if state.silent else state.trouble or waited)])

    def _answered(self, event: AnswerArrived, state: Asking, now: float) -> list[Effect]:
        answer = _read(event.datagram)
        if answer is None or answer.id not in state.pending or not _asks_for(answer, state):
            return []
        pending = {number: kind for number, kind in state.pending.items() if number != answer.id}
        state = _learn(replace(state, pending=pending, silent=False), answer)
        if pending:
            return self._become(event, state, [])
        return self._complete(event, state, now)

    def _complete(self, event: AnswerArrived, state: Asking, now: float) -> list[Effect]:
        if state.target is not None:
            asking = self._ask(state.target, None, _ADDRESSES, now)
            return self._become(event, asking, self._queries(asking))
        if state.found is not None:
            return self._become(event, Finished(), [state.found])
        if state.service is not None:
            asking = self._ask(state.service, None, (dns.rdatatype.SRV,), now)
            return self._become(event, asking, self._queries(asking))
        trouble = state.trouble or f"{state.name} has no {'IPv6 ' if state.home_agent is None else ''}address"
        return self._become(event, Finished(), [DiscoveryFailed(trouble)])

    def _become(self, event: Event, following: State, effects: list[Effect]) -> list[Effect]:
        check_transition(TRANSITIONS, self.state, event, following)
        self.state = following
        return effects


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
    return question.name == dns.name.from_text(state.name) and question.rdtype == state.pending[answer.id]


def _learn(state: Asking, answer: dns.message.Message) -> Asking:
    if answer.rcode() != dns.rcode.NOERROR:
        return replace(state, trouble=f"DNS says {dns.rcode.to_text(answer.rcode())} for {state.name}")
    # other classes than IN give these types another form, or none (RFC 1035 §3.2.4)
    for record_set in (one for one in answer.answer if one.rdclass == dns.rdataclass.IN):
        for record in record_set:
            if record_set.rdtype == dns.rdatatype.AAAA and state.ipv6 is None:
                state = replace(state, ipv6=IPv6Address(record.address))
            elif record_set.rdtype == dns.rdatatype.A and state.ipv4 is None:
                state = replace(state, ipv4=IPv4Address(record.address))
            elif record_set.rdtype == dns.rdatatype.SRV and state.target is None:
                state = replace(state, target=record.target.to_text(omit_final_dot=True))
    return state
