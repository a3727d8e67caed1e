"""A mobile node away from home: its binding, and the prefix that its Home Address is of (RFC 6275 §11.4, §11.7)."""

from collections.abc import Iterator
from typing import assert_never

from ue_sim import mobility as mip
from ue_sim import prefix_discovery as prefix
from ue_sim.binding_states import Refreshing, Registered
from ue_sim.mobile_node import MobileNode
from wire.sansio import RandomBytes, Tick, is_due

Event = mip.NodeEvent | prefix.AdvertisementArrived
Effect = mip.NodeEffect | prefix.SendSolicitation
Effects = Iterator[Effect]

_BOUND = Registered | Refreshing


class Roaming:
    """Both machines joined; `random` makes the first sequence number and the identifiers."""

    def __init__(self, policy: mip.MobilityPolicy, *, random: RandomBytes) -> None:
        self._node = MobileNode(policy, sequence=int.from_bytes(random(2), "big"))
        self._prefix = prefix.PrefixDiscovery(random=random)
        self._wanted: prefix.PrefixWanted | None = None

    @property
    def deadline(self) -> float | None:
        """The nearer deadline of both."""
        deadlines = (self._node.deadline, self._prefix.deadline)
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def handle(self, event: Event, now: float) -> list[Effect]:
        """Take one event and return its effects."""
        return list(self._dispatch(event, now))

    def _dispatch(self, event: Event, now: float) -> Effects:
        match event:
            case prefix.AdvertisementArrived():
                is_new = isinstance(self._prefix.state, prefix.Unasked) and isinstance(self._node.state, _BOUND)
                yield from self._discover(event, now)
                if is_new and self._wanted is not None:
                    # RFC 6275 §11.4.3: what comes unasked is asked about
                    yield from self._discover(self._wanted, now)
            case Tick():
                yield from self._register(event, now) if is_due(self._node, now) else ()
                yield from self._discover(event, now) if is_due(self._prefix, now) else ()
            case mip.TunnelUp():
                yield from self._discover(prefix.PrefixForgotten(), now)
                self._wanted = prefix.PrefixWanted(event.home_address, event.ha_address)
                yield from self._register(event, now)
            case _:
                yield from self._register(event, now)

    def _register(self, event: mip.NodeEvent, now: float) -> Effects:
        for effect in self._node.handle(event, now):
            yield effect
            match effect:
                case mip.Bound(prefix_ends=True) if self._wanted is not None:
                    yield from self._discover(self._wanted, now)
                case mip.BindingLost() | mip.Left():
                    yield from self._discover(prefix.PrefixForgotten(), now)

    def _discover(self, event: prefix.Event, now: float) -> Effects:
        for effect in self._prefix.handle(event, now):
            match effect:
                case mip.PrefixLearned():
                    yield from self._register(effect, now)
                case prefix.SendSolicitation() | mip.Dropped():
                    yield effect
                case _:
                    assert_never(effect)
