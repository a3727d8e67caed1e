"""The UE as a whole: a gateway that proves itself and then sends anything, one that cannot, and strangers between."""

from collections import Counter
from dataclasses import replace
from random import Random

from tests.fuzz.mutation import mutate
from tests.fuzz.whole import ike_seeds
from tests.fuzz.whole.ike_insider import Chunk, Inside, Insider, altered, with_other_proof
from tests.fuzz.whole.ike_network import SOON, HostileNetwork, Packets, in_thread, keys_of
from tests.fuzz.whole.server import Broken, require_bounded
from tests.network import CORRESPONDENT, DNS, DSMIP, HA_ADDRESS, NATT, VirtualUe
from ue_sim.ue_events import (
    Attached,
    Channel,
    DatagramArrived,
    DeliverPacket,
    DetachRequested,
    Off,
    OnTheNetwork,
    Send,
)
from wire.ikev2.constants import PayloadType
from wire.ikev2.nat import Endpoint

SESSIONS = 6
PER_SESSION = 50
"""Cases within one session, and how many of those there are in a batch."""
STEP = 0.01
"""Virtual seconds between two cases."""
PATIENCE = 120.0
"""Virtual seconds after which a UE has given up whatever it cannot have."""

_HANDSHAKES = ("altered", "altered", "altered", "proof", "proof", "noise", "dns")
_KINDS = ("sealed", "fragment", "mobility", "mobility", "tunnel", "tunnel", "unsealed", "replay")


class UeTarget:
    """Cases against one UE; a batch is handshakes with somebody at work in them, and what a genuine gateway sends then.

    It never believes a gateway whose AUTH is wrong, noise of strangers keeps it from nothing, it ends in being attached
    or off, and the same machine attaches to a good gateway afterwards.
    """

    name = "ue"

    def __init__(self, seed: int) -> None:
        self._chance = Random(seed)
        self._network = HostileNetwork(seed)
        self._cases = 0
        self._number = 0
        self._pool: list[Chunk] = [Chunk(200, 0x80, b"\0" * 4), Chunk(201, 0, b"")]
        self._phone: VirtualUe | None = None
        self.kinds: Counter[str] = Counter()
        """How many cases of each kind there were."""

    async def batch(self) -> int:
        """Run one batch, and say how many cases it had; Broken when a property does not hold."""
        return await in_thread(self._batch, lambda: self._network.last)

    def _batch(self) -> int:
        self._cases = 0
        phone = self._phone or self._network.attach()
        self._phone = phone
        for _ in range(SESSIONS):
            self._settle(phone)
            self._handshake(phone)
            self._settle(phone)
            self._begin(phone)
            self._network.require_attached(phone, "to a good gateway afterwards")
            self._talk(phone)
        return self._cases

    def _begin(self, phone: VirtualUe) -> None:
        phone.effects.clear()
        phone.begin()
        self._network.run(until=self._network.now + SOON)

    def _settle(self, phone: VirtualUe) -> None:
        """Everybody is good again, and the UE is to be off in the end."""
        self._network.calm()
        self._network.run(until=self._network.now + PATIENCE)
        if not isinstance(phone.state, Off | OnTheNetwork):
            raise Broken(f"the UE is {phone.state} for ever, after {self._network.last}")
        phone.tell(DetachRequested())
        self._network.run(until=self._network.now + PATIENCE)
        if not isinstance(phone.state, Off):
            raise Broken(f"the UE cannot leave, it is {phone.state}, after {self._network.last}")
        self._network.calm()

    def _handshake(self, phone: VirtualUe) -> None:
        kind = self._chance.choice(_HANDSHAKES)
        turn = self._chance.randrange(2, 7)
        beside = self._chance.choice((PayloadType.EAP, PayloadType.SA))
        self._number = 0

        def change(inside: Inside) -> Inside | None:
            if kind == "proof" and any(chunk.kind == beside for chunk in inside.chunks):
                return with_other_proof(inside, self._chance)
            return altered(inside, self._pool, self._chance) if kind == "altered" and self._number == turn else None

        def between(source: Endpoint, _to: Endpoint, octets: bytes) -> tuple[bytes, ...]:
            if source == DNS and kind == "dns":
                self._count("dns")
                return (mutate(octets, self._chance), octets)
            if source != NATT:
                return (octets,)
            self._number += 1
            keys = keys_of(phone)
            noise = tuple(self._noise(octets) for _ in range(self._chance.randrange(4))) if keys else ()
            insider = Insider(keys, self._chance, by_ue=False) if keys else None
            inside = insider.open(octets) if insider else None
            if insider is None or inside is None:
                return (*noise, octets)
            self._pool = [*self._pool, *inside.chunks][-64:]
            changed = change(inside)
            if changed is None:
                return (*noise, octets)
            self._count("handshake")
            self._network.last = f"{kind}: {changed}"
            return (*noise, insider.seal(changed))

        self._network.tamper = between
        self._begin(phone)
        attached = bool(phone.said(Attached))
        if kind == "proof" and attached:
            raise Broken(f"attached to a gateway without its proof, after {self._network.last}")
        if kind == "noise" and not attached:
            raise Broken(f"strangers keep a UE from attaching: {phone.effects[-3:]}, after {self._network.last}")

    def _noise(self, octets: bytes) -> bytes:
        self._count("noise")
        noise = mutate(octets, self._chance)
        return noise if noise != octets else octets + b"\0"

    def _talk(self, phone: VirtualUe) -> None:
        """Cases by the keys of a genuine session, as long as it lasts."""
        keys = keys_of(phone)
        if keys is None:
            raise Broken("a UE is attached without keys")
        to_ue = {phone.socket(channel): channel for channel in Channel}
        heard = [(each.octets, to_ue[each.to]) for each in self._network.sent if each.source in {NATT, DSMIP}]
        insider, packets = Insider(keys, self._chance, by_ue=False), Packets(phone, by_ue=False)
        own, following = packets.home_address, 0
        asked = packets.tunnelled(ike_seeds.echo_request((CORRESPONDENT, own)))
        heard += [(asked, Channel.IKE)] * len(heard)
        self._tell(phone, "asked", asked, Channel.IKE)
        for _ in range(PER_SESSION):
            if not isinstance(phone.state, OnTheNetwork):
                return
            kind = self._chance.choice(_KINDS)
            self._count(kind)
            match kind:
                case "sealed" | "fragment":
                    self._tell(phone, kind, self._sealed(insider, kind, packets, following), Channel.IKE)
                    following += kind == "sealed"
                case "mobility":
                    ends = self._chance.choice((HA_ADDRESS, HA_ADDRESS, own)), own
                    datagram = packets.mobility(ike_seeds.acknowledgement(ends, self._chance), ends)
                    self._tell(phone, kind, datagram, Channel.DSMIP)
                case "tunnel":
                    ends = ike_seeds.packet_ends(own, HA_ADDRESS, self._chance)
                    protocol = self._chance.choice((41, 41, 41, 4, 59, 135))
                    inner = packets.tunnelled(ike_seeds.packet(ends, self._chance), protocol)
                    self._tell(phone, kind, inner, Channel.IKE)
                case _:
                    self._repeat(phone, kind, heard)
            self._network.run(until=self._network.now + STEP)

    def _sealed(self, insider: Insider, kind: str, packets: Packets, message_id: int) -> bytes:
        spis = [spi for child in packets.children.values() for spi in (child.spi_in, child.spi_out)]
        asked = self._chance.choice(ike_seeds.requests(packets.home_address, spis, self._chance))
        changed = altered(asked, self._pool, self._chance) if self._chance.randrange(4) else asked
        exchange = changed.exchange if self._chance.randrange(8) else self._chance.randrange(34, 44)
        sealed = replace(changed, exchange=exchange, message_id=message_id)
        if kind == "sealed":
            return insider.seal(sealed)
        total = self._chance.choice((2, 3, 128, 129, 0xFFFF))
        return insider.seal(sealed, (self._chance.randint(1, total), total))

    def _repeat(self, phone: VirtualUe, kind: str, heard: list[tuple[bytes, Channel]]) -> None:
        """What the gateway has said before, whole or altered: no packet comes of it and the UE stays what it is."""
        octets, channel = self._chance.choice(heard)
        before = phone.state
        said = len(phone.effects)
        self._tell(phone, kind, mutate(octets, self._chance) if kind == "unsealed" else octets, channel)
        wrong = [one for one in phone.effects[said:] if isinstance(one, Send | DeliverPacket)]
        if wrong or phone.state != before:
            raise Broken(f"an old message made the UE {phone.state} and do {wrong}, after {self._network.last}")

    def _tell(self, phone: VirtualUe, kind: str, octets: bytes, channel: Channel) -> None:
        self._network.last = f"{kind} on {channel.value}: {octets.hex()}"
        phone.tell(DatagramArrived(channel, octets))
        connection = phone.machine.links.current
        require_bounded({"associations": lambda: len(connection._associations) if connection else 0})

    def _count(self, kind: str) -> None:
        self._cases += 1
        self.kinds[kind] += 1
