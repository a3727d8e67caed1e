"""Sockets that are none: what a shell sends is kept, what a test delivers arrives."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from runtime.taps import Address, DatagramTap
from runtime.udp_place import Place


@dataclass
class SilentEndpoint:
    """Stands in for runtime.udp.UdpEndpoint, and for runtime.udp_trains.TrainEndpoint."""

    local: Address
    on_datagram: Callable[[bytes, Address], None]
    capture: DatagramTap | None = None
    sent: list[tuple[bytes, Address]] = field(default_factory=list)
    closed: bool = False
    device: str = ""
    place: Place = ()
    places: list[Place] = field(default_factory=list)

    def send(self, data: bytes, peer: Address, place: Place = ()) -> None:
        """Keep what would have been sent."""
        self.send_train((data,), peer, place)

    def send_train(self, datagrams: Sequence[bytes], peer: Address, place: Place = ()) -> None:
        """Keep each of them."""
        self.sent += [(data, peer) for data in datagrams]
        self.places += [place for _ in datagrams]

    def close(self) -> None:
        """Note that it was closed."""
        self.closed = True


class SilentNetwork:
    """Stands in for the class UdpEndpoint itself; `taken` addresses cannot be bound."""

    def __init__(self) -> None:
        self.endpoints: list[SilentEndpoint] = []
        self.taken: set[Address] = set()
        self._next_port = 40000

    def bind(
        self,
        local: Address,
        on_datagram: Callable[[bytes, Address], None],
        *,
        capture: DatagramTap | None = None,
        device: str = "",
        answers: bool = False,  # noqa: ARG002 - a test says itself where a datagram came to
    ) -> SilentEndpoint:
        """A new endpoint; port 0 gives the next free one."""
        if local in self.taken:
            raise OSError(98, "Address already in use")
        host, port = local
        if not port:
            self._next_port += 1
            port = self._next_port
        endpoint = SilentEndpoint((host, port), on_datagram, capture, device=device)
        self.endpoints.append(endpoint)
        return endpoint

    @property
    def trains(self) -> "SilentTrains":
        """What stands in for the class TrainEndpoint in the same network."""
        return SilentTrains(self)

    def at(self, port: int) -> SilentEndpoint:
        """The endpoint of that port."""
        (endpoint,) = [endpoint for endpoint in self.endpoints if endpoint.local[1] == port]
        return endpoint


@dataclass
class SilentTrains:
    """Stands in for the class TrainEndpoint itself; each datagram of a test is a train."""

    network: SilentNetwork

    def bind(
        self,
        local: Address,
        on_train: Callable[[list[bytes], Address], None],
        *,
        capture: DatagramTap | None = None,
        device: str = "",
        answers: bool = False,
    ) -> SilentEndpoint:
        """As SilentNetwork does it."""
        return self.network.bind(
            local, lambda data, peer: on_train([data], peer), capture=capture, device=device, answers=answers
        )
