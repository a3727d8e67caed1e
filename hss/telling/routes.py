"""By which peer an AAA server is reached: its own connection, or the agent that its requests came through."""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from wire.diameter.capabilities import PeerPolicy
from wire.diameter.message import Message

_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Route:
    """The peer to give a request to, and the Destination-Realm."""

    peer: str
    realm: str


class Routes:
    """The AAA servers that may be asked; `connected` names the peers that are open now."""

    def __init__(self, peers: Iterable[PeerPolicy], connected: Callable[[], Collection[str]]) -> None:
        self._direct: dict[str, Route] = {}
        self._agents: set[str] = set()
        for peer in peers:
            if peer.agent:
                self._agents.add(peer.name)
            else:
                self._direct[peer.origin_host.lower()] = Route(peer.name, peer.origin_realm)
        self._behind: OrderedDict[str, Route] = OrderedDict()
        self._connected = connected

    def learn(self, peer: str, request: Message) -> None:
        """Remember whose `request` came from `peer`, if that is an agent (RFC 6733 §2.8.1)."""
        if peer not in self._agents:
            return
        origin_host, origin_realm = request.text("Origin-Host"), request.text("Origin-Realm")
        if not origin_host or not origin_realm:
            return
        self._behind[origin_host.lower()] = Route(peer, origin_realm)
        self._behind.move_to_end(origin_host.lower())
        if len(self._behind) > _REMEMBERED:
            self._behind.popitem(last=False)

    def reachable(self) -> dict[str, Route]:
        """Origin-Host in lower case to the way there, for all that can be asked now."""
        connected = set(self._connected())
        return {host: route for host, route in (self._behind | self._direct).items() if route.peer in connected}
