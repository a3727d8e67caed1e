"""The network in memory with somebody between its ends, and what a fuzzer of IKE, ESP and mobility asks of it."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address
from random import Random

from hss.auc import SubscriberKeys
from pdngw_proxy import gateway_events as pgw
from pdngw_proxy.ike.policy import Admission
from tests.aaa.memory_hss import IMSI, OPC, MemoryHss, Subscriber, profile
from tests.fuzz.whole.moments import OTHER_K
from tests.fuzz.whole.server import LIMIT, Broken
from tests.network import Network, VirtualUe
from ue_sim.ike.events import IkeKeysReady
from ue_sim.trains import Trains
from ue_sim.ue import Ue
from ue_sim.ue_events import Attached, EspKeysReady
from ue_sim.usim import SoftwareUsim
from wire.esp.sa import OutboundSa
from wire.identity import Imsi
from wire.ikev2.child import Mode
from wire.ikev2.nat import Endpoint
from wire.ip.ipv6 import PROTO_IPV6
from wire.mip6.encapsulation import seal_mobility
from wire.mip6.header import mobility_checksum

ADMISSION = Admission(cookie_threshold=8, half_open_limit=LIMIT - 16, source_limit=16, session_limit=LIMIT)
SOON = 2.0
"""Virtual seconds in which a good UE attaches, whatever others do."""

BYSTANDER, GOOD = Imsi("001010000000002"), Imsi("001010000000003")
_FAR = 1000
"""Where the sequence numbers of a fuzzer's own packets begin, ahead of the genuine end's."""

Tamper = Callable[[Endpoint, Endpoint, bytes], Iterable[bytes]]
"""What arrives in the place of a datagram, in this order."""


Ends = tuple[IPv6Address, IPv6Address]
"""Source and destination."""


def _as_it_is(_source: Endpoint, _to: Endpoint, octets: bytes) -> Iterable[bytes]:
    return (octets,)


class HostileNetwork(Network):
    """One whose datagrams go through `tamper`. Subscribers have keys of their own, the tables of the gateway are small.

    `last` is what was put on its way last, for whoever has to say what broke something.
    """

    def __init__(self, seed: int) -> None:
        own = SubscriberKeys(OTHER_K, OPC)
        known = (
            Subscriber(profile(imsi=IMSI)),
            Subscriber(profile(imsi=BYSTANDER), own),
            Subscriber(profile(imsi=GOOD), own),
        )
        super().__init__(seed, hss=MemoryHss(*known), admission=ADMISSION)
        self.tamper: Tamper = _as_it_is
        self.last = ""
        self._renewals = Random(seed)

    def send(self, source: Endpoint, to: Endpoint, octets: bytes) -> None:
        """Put what `tamper` makes of a datagram on its way."""
        for each in tuple(self.tamper(source, to, octets)):
            super().send(source, to, each)

    def inject(self, kind: str, octets: bytes, source: Endpoint, to: Endpoint, channel: pgw.Channel) -> None:
        """Have a datagram arrive at the gateway now."""
        self.last = f"{kind} from {source} to {to}: {octets.hex()}"
        self.tell_gateway(pgw.DatagramArrived(channel, octets, source, to))

    def attach_anew(self, phone: VirtualUe, until: float) -> None:
        """Forget the UE's machine, but not its card, and attach it; what it says is listened to from now on."""
        random = Random(self._renewals.getrandbits(64)).randbytes
        phone.machine = Ue(settings=phone.settings, usim=phone.machine.links._usim, random=random)
        phone.trains = Trains(phone.machine, device=phone.settings.device)
        phone.effects.clear()
        phone.begin()
        self.run(until=self.now + until)

    def calm(self) -> None:
        """Nobody is between the ends, and what the network has written down is forgotten."""
        self.tamper = _as_it_is
        self.sent.clear()
        self.reports.clear()
        self.sent_home.clear()
        self.ended_sessions.clear()
        self.hss.vector_requests.clear()
        self.hss.assignments.clear()

    def require_attached(self, phone: VirtualUe, why: str) -> None:
        """Broken unless the UE is attached, which it was given `SOON` for."""
        if not phone.said(Attached):
            raise Broken(f"a good UE does not attach {why}: {phone.effects[-3:]}, after {self.last}")


def other_card() -> SoftwareUsim:
    """The card of every subscriber but the hostile one."""
    return SoftwareUsim(OTHER_K, OPC)


async def in_thread(batch: Callable[[], int], last: Callable[[], str]) -> int:
    """Run a batch where no event loop runs, for the network has its own; whatever it raises breaks a promise."""
    try:
        return await asyncio.to_thread(batch)
    except Broken:
        raise
    except Exception as error:
        raise Broken(f"{error!r} after {last()}") from error


def keys_of(phone: VirtualUe) -> IkeKeysReady | None:
    """Those of the UE's IKE SA, as soon as there are any."""
    return next(iter(phone.said(IkeKeysReady)), None)


@dataclass
class Packets:
    """ESP as one end of `phone`'s security associations would send it, with sequence numbers of its own."""

    phone: VirtualUe
    by_ue: bool

    def __post_init__(self) -> None:
        self.children = {ready.child.mode: ready.child for ready in self.phone.said(EspKeysReady)}
        self.outbound = {
            mode: OutboundSa(
                spi=child.spi_out if self.by_ue else child.spi_in,
                protector=child.protector_out if self.by_ue else child.protector_in,
                random=Random(1).randbytes,
                extended=child.esn,
                sequence=_FAR,
            )
            for mode, child in self.children.items()
        }
        self.home_address = self.phone.attached.home_address

    def mobility(self, header: bytes, ends: Ends) -> bytes:
        """The UDP payload of a Mobility Header between two addresses (RFC 5555 §4.2)."""
        return seal_mobility(header, *ends, self.outbound[Mode.TRANSPORT])

    def tunnelled(self, packet: bytes, next_header: int = PROTO_IPV6) -> bytes:
        """The UDP payload of a packet in the tunnel."""
        return self.outbound[Mode.TUNNEL].seal(packet, next_header)


def repaired(header: bytes, ends: Ends) -> bytes:
    """A Mobility Header with the length that it has, and the checksum for these ends."""
    whole = bytearray(header.ljust(8, b"\0") + bytes(-len(header) % 8 if len(header) > 8 else 0))
    whole[1] = min(len(whole) // 8 - 1, 255)
    whole[4:6] = bytes(2)
    whole[4:6] = mobility_checksum(bytes(whole), *ends).to_bytes(2, "big")
    return bytes(whole)
