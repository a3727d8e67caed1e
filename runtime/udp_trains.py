"""A datagram socket for many datagrams of few peers: the kernel takes and gives a train of them at once.

Datagrams of one size that go to one peer are cut and put together by the kernel, or by the network card, where both
can (UDP_SEGMENT, UDP_GRO); each is a datagram of its own on the wire all the same.
"""

import asyncio
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from runtime.taps import Address, DatagramTap
from runtime.udp import DRAIN_LIMIT, DatagramReader, bound_socket, pair
from runtime.udp_place import CONTROL_OCTETS, Place, ask_for_place, came_to

# <linux/udp.h>
_SOL_UDP, _UDP_SEGMENT, _UDP_GRO = 17, 103, 104
# <asm-generic/socket.h>: buffers beyond what every user may have, for who may administer the network
_SO_SNDBUFFORCE, _SO_RCVBUFFORCE = 32, 33
_KERNEL_BUFFER = 1 << 22
_OPTIONS = (
    (_SOL_UDP, _UDP_GRO, 1),
    (socket.SOL_SOCKET, _SO_SNDBUFFORCE, _KERNEL_BUFFER),
    (socket.SOL_SOCKET, _SO_RCVBUFFORCE, _KERNEL_BUFFER),
)
_MOST_SEGMENTS = 64
"""UDP_MAX_SEGMENTS of kernels before 6.9; later ones take more."""
_MOST_OCTETS = 65000
"""Of a whole train, with room for the headers of every network."""
_RECEIVED_OCTETS = 65535
_CONTROL_OCTETS = socket.CMSG_SPACE(4) + CONTROL_OCTETS

OnTrain = Callable[[list[bytes], Address], None]


class TrainEndpoint(DatagramReader[list[bytes]]):
    """One bound socket. `bind` opens it inside a running loop; `close` gives it back."""

    place: Place = ()
    """Where the train at hand came to, for `send_train`; empty where the socket has one address alone."""

    def __init__(
        self, bound: socket.socket, on_train: OnTrain, *, loop: asyncio.AbstractEventLoop, capture: DatagramTap | None
    ) -> None:
        super().__init__(bound, on_train, loop=loop, capture=capture)
        self._is_everywhere = False
        for level, option, value in _OPTIONS:
            with suppress(OSError):
                bound.setsockopt(level, option, value)

    @classmethod
    def bind(
        cls,
        local: Address,
        on_train: OnTrain,
        *,
        capture: DatagramTap | None = None,
        device: str = "",
        answers: bool = False,
    ) -> "TrainEndpoint":
        """Bind `local` (port 0: any) and call `on_train(datagrams, peer)` for what one peer sent without a break.

        OSError when the address is taken or not of this machine. With `device` it sends by that interface alone.
        Who `answers` is told by `place` which address was asked, for on every address of a machine it may be any.
        """
        loop = asyncio.get_running_loop()
        bound = bound_socket(local, device=device)
        endpoint = cls(bound, on_train, loop=loop, capture=capture)
        endpoint._is_everywhere = answers and ask_for_place(bound)
        return endpoint

    def send(self, data: bytes, peer: Address, place: Place = ()) -> None:
        """Send one datagram, or lose it."""
        self.send_train((data,), peer, place)

    def send_train(self, datagrams: Sequence[bytes], peer: Address, place: Place = ()) -> None:
        """Send or lose them: what the network refuses is counted in `send_errors`, as any datagram may be lost.

        From the address of `place`, where that is one: whoever has asked it takes no answer of another.
        """
        if self._closed:
            return
        if self._capture is not None:
            # Before it leaves, because its receiver may answer sooner than we would come to write it down.
            own = self._own(place)
            for datagram in datagrams:
                self._capture.udp(source=own, destination=peer, payload=datagram)
        for run in runs(datagrams):
            if len(run) == 1 or not self._send_at_once(run, peer, place):
                self._send_each(run, peer, place)

    def _send_at_once(self, run: Sequence[bytes], peer: Address, place: Place) -> bool:
        """Let the kernel cut them; False where it cannot, as towards a device that makes no checksums."""
        size = len(run[0]).to_bytes(2, sys.byteorder)
        try:
            self._socket.sendmsg(run, [(_SOL_UDP, _UDP_SEGMENT, size), *place], 0, peer)
        except OSError:
            return False
        return True

    def _send_each(self, datagrams: Sequence[bytes], peer: Address, place: Place) -> None:
        for datagram in datagrams:
            try:
                if place:
                    self._socket.sendmsg((datagram,), place, 0, peer)
                else:
                    self._socket.sendto(datagram, peer)
            except OSError as error:
                self._lose(peer, error)

    def _drain(self) -> None:
        datagrams: list[bytes] = []
        peer: Address | None = None
        place = self.place
        for _ in range(DRAIN_LIMIT):
            if self._closed:
                return
            try:
                data, controls, _, name = self._socket.recvmsg(_RECEIVED_OCTETS, _CONTROL_OCTETS)
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                # An ICMP error of an earlier datagram (RFC 1122 §4.1.3.3) says nothing about the next one.
                self.receive_errors += 1
                continue
            source = pair(name)
            if self._is_everywhere:
                place = came_to(controls)
            is_another = source != peer or place != self.place
            if peer is not None and datagrams and (is_another or len(datagrams) >= DRAIN_LIMIT):
                self._hand_on(datagrams, peer)
                datagrams = []
            peer, self.place = source, place
            datagrams += pieces(data, _segment_octets(controls)) if controls else (data,)
        if datagrams and peer is not None:
            self._hand_on(datagrams, peer)

    def _hand_on(self, datagrams: list[bytes], peer: Address) -> None:
        if self._capture is not None:
            own = self._own(self.place)
            for datagram in datagrams:
                self._capture.udp(source=peer, destination=own, payload=datagram)
        self._deliver(datagrams, peer)


def runs(datagrams: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """`datagrams` in order, in runs that the kernel can cut: all of one size, but the last, which may be shorter."""
    begin = 0
    octets = 0
    for at, datagram in enumerate(datagrams):
        size = len(datagram)
        first = len(datagrams[begin])
        shorter_before = at > begin and len(datagrams[at - 1]) < first
        full = at - begin >= _MOST_SEGMENTS or octets + size > _MOST_OCTETS
        if at > begin and (size > first or shorter_before or full or not size):
            yield datagrams[begin:at]
            begin, octets = at, 0
        octets += size
    if datagrams:
        yield datagrams[begin:]


def pieces(data: bytes, octets: int) -> Sequence[bytes]:
    """What the kernel put together, cut again; each of so many octets but the last."""
    if not 0 < octets < len(data):
        return (data,)
    return [data[at : at + octets] for at in range(0, len(data), octets)]


def _segment_octets(controls: list[tuple[int, int, bytes]]) -> int:
    """What UDP_GRO says; 0 when it says nothing."""
    return next(
        (
            int.from_bytes(value, sys.byteorder)
            for level, kind, value in controls
            if (level, kind) == (_SOL_UDP, _UDP_GRO)
        ),
        0,
    )
