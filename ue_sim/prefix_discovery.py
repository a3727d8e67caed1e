"""How long the home prefix lives, as the home agent says when it is asked (RFC 6275 §11.4.2, RFC 6275 §11.4.3)."""

from dataclasses import dataclass, replace
from ipaddress import IPv6Address

from ue_sim.mobility import Dropped, PrefixLearned
from wire.ip.icmpv6 import build_icmpv6
from wire.ip.ipv6 import PROTO_ICMPV6, Ipv6Packet
from wire.mip6.discovery import PrefixAdvertisement, PrefixSolicitation
from wire.sansio import RandomBytes, Tick, Transitions, check_transition

INITIAL_SOLICIT_TIMER = 3.0
MAX_SOLICIT_TIMER = 32.0
"""Seconds until the first repetition, and the most that doubling makes of them (RFC 6275 §12, RFC 6275 §11.8)."""

_FOR_EVER = 0xFFFF_FFFF
_ASKING_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class PrefixWanted:
    """Ask how long the prefix of `home_address` lives."""

    home_address: IPv6Address
    ha_address: IPv6Address


@dataclass(frozen=True, slots=True)
class AdvertisementArrived:
    """A Mobile Prefix Advertisement came from the home agent, protected as all that comes from there."""

    advertisement: PrefixAdvertisement


@dataclass(frozen=True, slots=True)
class PrefixForgotten:
    """There is no Home Address any more."""


@dataclass(frozen=True, slots=True)
class SendSolicitation:
    """Send a whole IPv6 packet of the Home Address to the home agent, protected."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Unasked:
    """No Home Address, or nothing known of its prefix."""


@dataclass(frozen=True, slots=True)
class Soliciting:
    """A solicitation is out, and the next one due at `again_at`."""

    wanted: PrefixWanted
    identifier: int
    again_at: float
    timeout: float = INITIAL_SOLICIT_TIMER


@dataclass(frozen=True, slots=True)
class Informed:
    """The home agent has told; at `ask_at` the prefix is nearly over, None when it is not going to be."""

    wanted: PrefixWanted
    told_at: float
    ask_at: float | None


State = Unasked | Soliciting | Informed
Event = PrefixWanted | AdvertisementArrived | PrefixForgotten | Tick
Effect = SendSolicitation | PrefixLearned | Dropped

TRANSITIONS: Transitions = {
    (Unasked, PrefixWanted): frozenset({Soliciting}),
    (Unasked, AdvertisementArrived): frozenset({Unasked}),
    (Unasked, PrefixForgotten): frozenset({Unasked}),
    (Unasked, Tick): frozenset({Unasked}),
    (Soliciting, PrefixWanted): frozenset({Soliciting}),
    (Soliciting, AdvertisementArrived): frozenset({Soliciting, Informed}),
    (Soliciting, PrefixForgotten): frozenset({Unasked}),
    (Soliciting, Tick): frozenset({Soliciting}),
    (Informed, PrefixWanted): frozenset({Soliciting}),
    (Informed, AdvertisementArrived): frozenset({Informed, Soliciting}),
    (Informed, PrefixForgotten): frozenset({Unasked}),
    (Informed, Tick): frozenset({Informed, Soliciting}),
}


class PrefixDiscovery:
    """Asks when told to, when the prefix is nearly over, and when the home agent speaks unasked."""

    def __init__(self, *, random: RandomBytes) -> None:
        self._random = random
        self.state: State = Unasked()

    @property
    def deadline(self) -> float | None:
        """When the solicitation is repeated, or the prefix nearly over."""
        match self.state:
            case Soliciting(again_at=again_at):
                return again_at
            case Informed(ask_at=ask_at):
                return ask_at
        return None

    def handle(self, event: Event, now: float) -> list[Effect]:
        """Take one event and return its effects."""
        before = self.state
        effects = self._dispatch(event, now)
        check_transition(TRANSITIONS, before, event, self.state)
        return effects

    def _dispatch(self, event: Event, now: float) -> list[Effect]:
        match event, self.state:
            case PrefixWanted(), Soliciting():
                return []
            case PrefixWanted(), _:
                return self._ask(event, now)
            case PrefixForgotten(), _:
                self.state = Unasked()
            case AdvertisementArrived(), Unasked():
                return [Dropped("an unsolicited Mobile Prefix Advertisement")]
            case AdvertisementArrived(advertisement), Soliciting() as state:
                return self._read(advertisement, state, now)
            case AdvertisementArrived(), Informed(wanted, told_at):
                # RFC 6275 §11.4.3: what comes unasked is not believed, but asked about
                again = self._ask(wanted, now) if now >= told_at + INITIAL_SOLICIT_TIMER else []
                return [Dropped("an unsolicited Mobile Prefix Advertisement"), *again]
            case Tick(), Soliciting() as state if now >= state.again_at:
                timeout = min(state.timeout * 2, MAX_SOLICIT_TIMER)
                self.state = replace(state, again_at=now + timeout, timeout=timeout)
                return [_solicitation(self.state)]
            case Tick(), Informed(wanted, _, ask_at) if ask_at is not None and now >= ask_at:
                return self._ask(wanted, now)
        return []

    def _ask(self, wanted: PrefixWanted, now: float) -> list[Effect]:
        self.state = Soliciting(wanted, int.from_bytes(self._random(2), "big"), now + INITIAL_SOLICIT_TIMER)
        return [_solicitation(self.state)]

    def _read(self, advertisement: PrefixAdvertisement, state: Soliciting, now: float) -> list[Effect]:
        if advertisement.identifier != state.identifier:
            return [Dropped("a Mobile Prefix Advertisement that answers no solicitation of ours")]
        ours = [one for one in advertisement.prefixes if state.wanted.home_address in one.prefix]
        if not ours:
            # as with a Router Advertisement, what is not named stays as it was (RFC 4862 §5.5.3)
            self.state = Informed(state.wanted, now, None)
            return [Dropped("a Mobile Prefix Advertisement without the prefix of the Home Address")]
        valid = max(one.valid for one in ours)
        lives_on = valid == _FOR_EVER
        self.state = Informed(state.wanted, now, None if lives_on or not valid else now + valid * _ASKING_SHARE)
        return [PrefixLearned(None if lives_on else now + valid)]


def _solicitation(state: Soliciting) -> SendSolicitation:
    source, destination = state.wanted.home_address, state.wanted.ha_address
    payload = build_icmpv6(PrefixSolicitation(state.identifier).build(), source, destination)
    packet = Ipv6Packet(source=source, destination=destination, next_header=PROTO_ICMPV6, payload=payload)
    return SendSolicitation(packet.build())
