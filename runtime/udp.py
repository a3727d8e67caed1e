"""A datagram socket on the event loop: one wake-up drains many datagrams."""

import asyncio
import select
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Generic, TypeVar, cast

from runtime.listening import naming
from runtime.logs import get_logger
from runtime.taps import Address, DatagramTap
from runtime.udp_place import CONTROL_OCTETS, Place, address_of, ask_for_place, came_to

__all__ = ["DRAIN_LIMIT", "Address", "DatagramReader", "Place", "UdpEndpoint", "bound_socket", "pair"]

log = get_logger("runtime.udp")


DRAIN_LIMIT = 64
"""Datagrams taken in one turn of the loop, so that one flooded socket leaves time for the others."""

_KERNEL_BUFFER = 1 << 20

_WITHDRAWN_TURNS = 256
"""Times 64 datagrams: more than can have waited in the buffer."""

_MOST_OCTETS = 65507
"""What a UDP datagram over IPv4 can carry; no longer one can be sent or written down."""


ArrivedT = TypeVar("ArrivedT")


class DatagramReader(Generic[ArrivedT]):
    """One bound socket on the event loop: `_drain` takes what waits in it and gives it to `_deliver`."""

    def __init__(
        self,
        bound: socket.socket,
        on_arrived: Callable[[ArrivedT, Address], None],
        *,
        loop: asyncio.AbstractEventLoop,
        capture: DatagramTap | None,
    ) -> None:
        self._socket = bound
        self._on_arrived = on_arrived
        self._loop = loop
        self._capture = capture if getattr(capture, "listening", True) else None
        self._closed = False
        self.local: Address = pair(bound.getsockname())
        self.send_errors = 0
        self.receive_errors = 0
        loop.add_reader(bound.fileno(), self._drain)

    def close(self) -> None:
        """Stop reading and free the port; closing twice does nothing."""
        if self._closed:
            return
        self._closed = True
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()

    def _drain(self) -> None:
        raise NotImplementedError

    def _deliver(self, arrived: ArrivedT, peer: Address) -> None:
        try:
            self._on_arrived(arrived, peer)
        except Exception as error:
            # The outermost place: whatever was broken by what came, the next is still served.
            log.exception("datagram handler failed", peer=f"{peer[0]}:{peer[1]}", cause=repr(error))

    def _own(self, place: Place) -> Address:
        """Our end of what came to `place`, or leaves from there."""
        return (address_of(place) or self.local[0], self.local[1]) if place else self.local

    def _lose(self, peer: Address, error: OSError) -> None:
        self.send_errors += 1
        log.debug("datagram not sent", peer=f"{peer[0]}:{peer[1]}", cause=error.strerror or str(error))


class UdpEndpoint(DatagramReader[bytes]):
    """One bound socket. `bind` opens it inside a running loop; `close` gives it back."""

    place: Place = ()
    """Where the datagram at hand came to, for `send`; empty where the socket has one address alone."""

    def __init__(
        self,
        bound: socket.socket,
        on_datagram: Callable[[bytes, Address], None],
        *,
        loop: asyncio.AbstractEventLoop,
        capture: DatagramTap | None,
        receive_limit: int,
    ) -> None:
        super().__init__(bound, on_datagram, loop=loop, capture=capture)
        self._receive: Callable[[int], tuple[bytes, Any]] = bound.recvfrom
        self._receive_limit = receive_limit
        self._has_scope = bound.family == socket.AF_INET6
        self.oversized = 0

    @classmethod
    def bind(
        cls,
        local: Address,
        on_datagram: Callable[[bytes, Address], None],
        *,
        capture: DatagramTap | None = None,
        reuse_port: bool = False,
        receive_limit: int = 65535,
        device: str = "",
        answers: bool = False,
    ) -> "UdpEndpoint":
        """Bind `local` (port 0: any) and call `on_datagram(octets, peer)` for each datagram.

        A datagram of more than `receive_limit` octets is dropped and counted. OSError when the address is taken or not
        of this machine. With `device` it sends by that interface alone, whatever the routes say. Who `answers` is told
        by `place` which address was asked, for on every address of a machine it may be any.
        """
        loop = asyncio.get_running_loop()
        bound = bound_socket(local, reuse_port=reuse_port, device=device)
        endpoint = cls(bound, on_datagram, loop=loop, capture=capture, receive_limit=receive_limit)
        if answers and ask_for_place(bound):
            endpoint._receive = endpoint._receive_with_place
        return endpoint

    def send(self, data: bytes, peer: Address, place: Place = ()) -> None:
        """Send or lose: what the network refuses is counted in `send_errors`, as any datagram may be lost.

        From the address of `place`, where that is one: whoever has asked it takes no answer of another.
        """
        if self._closed:
            return
        if self._capture is not None and len(data) <= _MOST_OCTETS:
            # Before it leaves, because its receiver may answer sooner than we would come to write it down.
            self._capture.udp(source=self._own(place), destination=peer, payload=data)
        try:
            if place:
                self._socket.sendmsg((data,), place, 0, peer)
            else:
                self._socket.sendto(data, peer)
        except OSError as error:
            self._lose(peer, error)

    def withdraw(self) -> None:
        """Leave what comes from now on to the other sockets of this address, and deliver what has come.

        Linux gives no datagram of somebody else's to a connected socket, so this one is connected to itself; sending
        goes on. Closing it instead would lose what waits in it.
        """
        if self._closed:
            return
        with suppress(OSError):
            self._socket.connect(self._socket.getsockname())
        for _ in range(_WITHDRAWN_TURNS):
            if not select.select([self._socket], [], [], 0)[0]:
                return
            self._drain()

    def _drain(self) -> None:
        receive, deliver, room = self._receive, self._deliver, self._receive_limit + 1
        for _ in range(DRAIN_LIMIT):
            if self._closed:
                return
            try:
                data, peer = receive(room)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                # An ICMP error of an earlier datagram (RFC 1122 §4.1.3.3) says nothing about the next one.
                self.receive_errors += 1
                continue
            if len(data) == room:
                self.oversized += 1
                continue
            if self._has_scope:
                peer = pair(peer)
            if self._capture is not None:
                self._capture.udp(source=peer, destination=self._own(self.place), payload=data)
            deliver(data, peer)

    def _receive_with_place(self, limit: int) -> tuple[bytes, Any]:
        data, control, _, source = self._socket.recvmsg(limit, CONTROL_OCTETS)
        self.place = came_to(control)
        return data, source


def bound_socket(local: Address, *, reuse_port: bool = False, device: str = "") -> socket.socket:
    """A socket of datagrams at `local` that never waits; OSError when the address is taken or not of this machine."""
    with naming(local):
        family, _, _, _, where = socket.getaddrinfo(*local, type=socket.SOCK_DGRAM, flags=socket.AI_PASSIVE)[0]
    bound = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        _set_options(bound, family, reuse_port=reuse_port)
        if device:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        with naming(local):
            bound.bind(where)
    except OSError:
        bound.close()
        raise
    return bound


def _set_options(bound: socket.socket, family: int, *, reuse_port: bool) -> None:
    if family == socket.AF_INET6:
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    if reuse_port:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    with suppress(OSError):
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _KERNEL_BUFFER)


def pair(name: object) -> Address:
    """Address and port of what a socket calls a name."""
    host, port, *_ = cast("tuple[str, int]", name)
    return host, port
