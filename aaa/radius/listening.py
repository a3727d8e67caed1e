"""UDP ports of a RADIUS server: each packet goes to a handler together with the way back to who sent it."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

from aaa.metrics import DISCARDED
from aaa.radius.clients import RadiusClient
from aaa.radius.decisions import Discard
from runtime.log_limit import LogLimit
from runtime.logs import get_logger
from runtime.taps import Address, DatagramTap
from runtime.udp import UdpEndpoint

log = get_logger("aaa.radius")

More = Callable[[], Mapping[str, str]]
"""What a line says beside its cause, asked for only when there is a line."""

Reply = Callable[[bytes], None]
"""Sends one packet back to who asked."""


class Take(Protocol):
    """Takes one packet. `client` is given where a connection has proved who it is, else the address says it."""

    def __call__(self, octets: bytes, source: Address, reply: Reply, client: RadiusClient | None = None) -> None:
        """Serve it, now or later; whatever it is, nothing is raised."""


class Ports:
    """The UDP sockets of one handler, IPv4 and IPv6."""

    def __init__(self, take: Take) -> None:
        self._take = take
        self._endpoints: list[UdpEndpoint] = []

    def listen(self, local: Address, *, capture: DatagramTap | None = None, reuse_port: bool = False) -> Address:
        """Bind `local` inside the running loop and return what was bound; OSError when it is taken."""
        endpoint: UdpEndpoint
        take = self._take

        def deliver(octets: bytes, source: Address) -> None:
            take(octets, source, partial(endpoint.send, peer=source, place=endpoint.place))

        endpoint = UdpEndpoint.bind(local, deliver, capture=capture, reuse_port=reuse_port, answers=True)
        self._endpoints.append(endpoint)
        return endpoint.local

    def withdraw(self) -> None:
        """Take nothing new; answers still leave."""
        for endpoint in self._endpoints:
            endpoint.withdraw()

    def close(self) -> None:
        """Stop listening."""
        for endpoint in self._endpoints:
            endpoint.close()


class DiscardLog:
    """One line for what is passed over in silence, and not more of them than an operator can read."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lines = LogLimit()

    def discarded(self, source: Address, discard: Discard, why: More | None = None) -> None:
        """A packet from `source` was passed over; `why` is for its line."""
        DISCARDED.count(discard.client or "", discard.cause)
        details = {"detail": discard.detail} if discard.detail else {}
        source_text = address_text(source)
        self.warn("datagram discarded", discard.cause, discard.client or "", why, source=source_text, **details)

    def warn(self, event: str, cause: str, client: str, why: More | None = None, **details: str) -> None:
        """A line of level warning, unless too many of its cause came before."""
        withheld = self._lines.allow(cause, self._clock())
        if withheld is None:
            return
        if withheld:
            details["withheld"] = str(withheld)
        if why is not None:
            details.update(why())
        log.warning(event, cause=cause, client=client, **details)


def address_text(address: Address) -> str:
    """The address for a log."""
    return f"[{address[0]}]:{address[1]}" if ":" in address[0] else f"{address[0]}:{address[1]}"
