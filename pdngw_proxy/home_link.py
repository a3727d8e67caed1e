"""The home agent on its home link: duplicates are looked for, and Home Addresses defended
(RFC 6275 §10.3.1, RFC 6275 §10.4.1, RFC 4862 §5.4).

Neighbors that ask for a defended address are answered by the kernel, which Intercept tells to (RFC 4861 §7.2.8).
"""

from ipaddress import IPv6Address
from typing import assert_never

from wire.errors import DecodeError
from wire.frozen import dataclass
from wire.ip.neighbors import (
    NeighborAdvertisement,
    NeighborMessage,
    NeighborSolicitation,
    advertisement,
    parse_neighbor,
    solicitation,
)
from wire.sansio import Tick, Transitions, check_transition

RETRANS_TIMER = 1.0
"""Seconds that an owner has to answer the one solicitation (RFC 4861 §10, DupAddrDetectTransmits of RFC 4862 §5.1)."""

_LINK_LOCAL = int(IPv6Address("fe80::"))
_INTERFACE_IDENTIFIER = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class AddressWanted:
    """An address is to be tested and then defended, for a mobile node or, with `is_own`, for the home agent itself.

    `with_link_local`: so is the link-local address of the same interface identifier (RFC 6275 §10.3.1, L).
    """

    address: IPv6Address
    with_link_local: bool = False
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class AddressReleased:
    """An address is no longer wanted; one that nobody wanted changes nothing."""

    address: IPv6Address


@dataclass(frozen=True, slots=True)
class LinkPacketArrived:
    """A whole IPv6 packet of somebody else was seen on the home link."""

    octets: bytes


LinkEvent = AddressWanted | AddressReleased | LinkPacketArrived | Tick


@dataclass(frozen=True, slots=True)
class SendOnLink:
    """Put a whole packet on the home link, to the multicast address that it is for."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class ListenFor:
    """Hear what is said on the home link to whoever has `address`, until it is intercepted or let go."""

    address: IPv6Address


@dataclass(frozen=True, slots=True)
class Intercept:
    """Answer solicitations of `address`, and take what comes for it; `is_own`: it is the home agent's, a router's."""

    address: IPv6Address
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class LetGo:
    """Neither listen for `address` nor answer for it any more."""

    address: IPv6Address


@dataclass(frozen=True, slots=True)
class AddressFree:
    """Nobody else on the home link has the wanted `address`, and it is defended from now on."""

    address: IPv6Address


@dataclass(frozen=True, slots=True)
class AddressTaken:
    """Somebody on the home link has the wanted `address`; `cause` says who, in one line."""

    address: IPv6Address
    cause: str


@dataclass(frozen=True, slots=True)
class AddressContested:
    """Somebody on the home link says that he has an address which is defended here; `cause` in one line."""

    address: IPv6Address
    cause: str


LinkEffect = SendOnLink | ListenFor | Intercept | LetGo
"""What is to be done on the link."""

LinkVerdict = AddressFree | AddressTaken | AddressContested
"""What the gateway is to know."""


@dataclass(frozen=True, slots=True)
class Unclaimed:
    """Nothing is done for the address."""


@dataclass(frozen=True, slots=True)
class Tentative:
    """A duplicate is looked for until `due_at`; `members` are the wanted address and its link-local one, if any."""

    wanted: AddressWanted
    members: tuple[IPv6Address, ...]
    due_at: float


@dataclass(frozen=True, slots=True)
class Defended:
    """The `members` are intercepted."""

    members: tuple[IPv6Address, ...]


TRANSITIONS: Transitions = {
    (Unclaimed, AddressWanted): frozenset({Tentative}),
    (Tentative, AddressWanted): frozenset({Tentative}),
    (Tentative, LinkPacketArrived): frozenset({Unclaimed}),
    (Tentative, Tick): frozenset({Defended}),
    (Tentative, AddressReleased): frozenset({Unclaimed}),
    (Defended, AddressWanted): frozenset({Defended}),
    (Defended, AddressReleased): frozenset({Unclaimed}),
}
"""Of each address that was wanted. As many are there as there are Home Addresses with a session, and the own ones."""

_State = Tentative | Defended


class HomeLink:
    """One home link. `ha_address` is the home agent's own there, `link_layer` its interface's address of 6 octets."""

    def __init__(self, *, ha_address: IPv6Address, link_layer: bytes) -> None:
        self._ha_address = ha_address
        self._link_layer = link_layer
        self._states: dict[IPv6Address, _State] = {}
        self._wanted_by: dict[IPv6Address, IPv6Address] = {}
        self._testing: dict[IPv6Address, Tentative] = {}

    @property
    def deadline(self) -> float | None:
        """When the oldest test ends: all take equally long, and the first that began is the first here."""
        first = next(iter(self._testing.values()), None)
        return first.due_at if first is not None else None

    def state(self, address: IPv6Address) -> Unclaimed | Tentative | Defended:
        """The state of an address, one of TRANSITIONS."""
        return self._states.get(address, Unclaimed())

    def handle(self, event: LinkEvent, now: float) -> list[LinkEffect | LinkVerdict]:
        """Take one event and return its effects; tests whose time has come end first."""
        effects = self._end_tests(now)
        match event:
            case AddressWanted():
                return effects + self._want(event, now)
            case AddressReleased(address):
                return effects + self._release(address, event)
            case LinkPacketArrived(octets):
                return effects + self._hear(octets, event)
            case Tick():
                return effects
        assert_never(event)

    def _become(self, address: IPv6Address, event: LinkEvent, state: Unclaimed | Tentative | Defended) -> None:
        before = self.state(address)
        check_transition(TRANSITIONS, before, event, state)
        if not isinstance(state, Tentative):
            self._testing.pop(address, None)
        if isinstance(state, Unclaimed):
            del self._states[address]
            for member in before.members if isinstance(before, Tentative | Defended) else ():
                del self._wanted_by[member]
            return
        self._states[address] = state
        self._wanted_by.update(dict.fromkeys(state.members, address))
        if isinstance(state, Tentative):
            self._testing.setdefault(address, state)

    def _want(self, wanted: AddressWanted, now: float) -> list[LinkEffect | LinkVerdict]:
        """Wanted again while it is tested, it is not tested anew: the first test says it for both."""
        state = self.state(wanted.address)
        if isinstance(state, Defended):
            self._become(wanted.address, wanted, state)
            return [AddressFree(wanted.address)]
        if isinstance(state, Tentative):
            self._become(wanted.address, wanted, state)
            return []
        members = (wanted.address, link_local_of(wanted.address)) if wanted.with_link_local else (wanted.address,)
        rival = next((self._wanted_by[member] for member in members if member in self._wanted_by), None)
        if rival is not None:
            # Two Home Addresses of one interface identifier cannot both have its link-local address.
            return [AddressTaken(wanted.address, f"{rival} has the same link-local address")]
        self._become(wanted.address, wanted, Tentative(wanted, members, now + RETRANS_TIMER))
        effects: list[LinkEffect | LinkVerdict] = []
        for member in members:
            effects += [ListenFor(member), SendOnLink(solicitation(member))]
        return effects

    def _release(self, address: IPv6Address, event: AddressReleased) -> list[LinkEffect | LinkVerdict]:
        state = self.state(address)
        if isinstance(state, Unclaimed):
            return []
        self._become(address, event, Unclaimed())
        return [LetGo(member) for member in state.members]

    def _end_tests(self, now: float) -> list[LinkEffect | LinkVerdict]:
        effects: list[LinkEffect | LinkVerdict] = []
        over = [state for state in self._testing.values() if state.due_at <= now]
        for state in over:
            address = state.wanted.address
            self._become(address, Tick(), Defended(state.members))
            for member in state.members:
                effects += [Intercept(member, state.wanted.is_own), self._announce(member, is_own=state.wanted.is_own)]
            effects.append(AddressFree(address))
        return effects

    def _announce(self, address: IPv6Address, *, is_own: bool) -> SendOnLink:
        """Whoever knew it elsewhere is to forget that: O is set, and R is not, but for a router (RFC 6275 §10.4.1)."""
        told = NeighborAdvertisement(
            source=self._ha_address, target=address, link_layer=self._link_layer, router=is_own, override=True
        )
        return SendOnLink(advertisement(told))

    def _hear(self, octets: bytes, event: LinkPacketArrived) -> list[LinkEffect | LinkVerdict]:
        try:
            message = parse_neighbor(octets)
        except DecodeError:
            return []
        address = self._wanted_by.get(message.target) if message is not None else None
        claim = _claim(message) if message is not None else None
        if address is None or claim is None:
            return []
        state = self._states[address]
        if isinstance(state, Defended):
            # Who looks for a duplicate hears of this one from the kernel.
            is_said = isinstance(message, NeighborAdvertisement)
            return [AddressContested(address, claim)] if is_said else []
        self._become(address, event, Unclaimed())
        return [*(LetGo(member) for member in state.members), AddressTaken(address, claim)]


def link_local_of(home_address: IPv6Address) -> IPv6Address:
    """The link-local address of the same interface identifier (RFC 6275 §10.3.1)."""
    return IPv6Address(_LINK_LOCAL | int(home_address) & _INTERFACE_IDENTIFIER)


def _claim(message: NeighborMessage) -> str | None:
    """Who has the target, or is about to (RFC 4862 §5.4.3, RFC 4862 §5.4.4); None where it is only asked for."""
    if isinstance(message, NeighborSolicitation):
        return f"another node looks for a duplicate of {message.target}" if message.is_for_oneself else None
    where = message.link_layer.hex(":") if message.link_layer is not None else str(message.source)
    return f"a node at {where} has {message.target}"
