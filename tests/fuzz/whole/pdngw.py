"""The PDN GW as a whole: a UE that authenticates and then sends anything, strangers who flood, and a bystander."""

from collections import Counter
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from random import Random

from pdngw_proxy.gateway_events import Channel
from pdngw_proxy.sessions import GatewaySession
from tests.fuzz.mutation import mutate
from tests.fuzz.whole import ike_seeds
from tests.fuzz.whole.ike_floods import Floods
from tests.fuzz.whole.ike_insider import Chunk, Inside, Insider, altered, with_other_proof
from tests.fuzz.whole.ike_network import (
    BYSTANDER,
    GOOD,
    SOON,
    HostileNetwork,
    Packets,
    in_thread,
    keys_of,
    other_card,
)
from tests.fuzz.whole.server import LIMIT, Broken, Sizes, require_bounded
from tests.network import CORRESPONDENT, DSMIP, HA_ADDRESS, NATT, VirtualUe
from ue_sim.ue_events import Channel as UeChannel
from wire.ikev2.constants import ExchangeType, PayloadType
from wire.ikev2.nat import Endpoint

SESSIONS = 6
PER_SESSION = 60
"""Cases on one IKE SA, and how many of those there are in a batch."""
CHATTER = 5 * LIMIT
"""Requests of a UE that asks and asks."""
STEP = 0.01
"""Virtual seconds between two cases."""

Change = Callable[[Inside, int], Inside | None]
"""What is made of the UE's message of that number, None for nothing."""

_KINDS = (
    "sealed",
    "sealed",
    "fragment",
    *("mobility",) * 4,
    *("tunnel",) * 3,
    "unsealed",
    "unsealed",
    "replay",
    "replay",
)


class PdngwTarget:
    """Cases against one gateway; a batch is handshakes, some of them altered, what their UE sends then, and floods.

    After every case nothing of the bystander has changed: session, lease, peer, security associations, counters,
    binding. After every batch it still pings, no table is above its limit, and a good UE attaches while floods last.
    """

    name = "pdngw"

    def __init__(self, seed: int) -> None:
        self._chance = Random(seed)
        self._network = HostileNetwork(seed)
        self._cases = 0
        self._said: list[bytes] = []
        self._overheard: list[tuple[bytes, Endpoint]] = []
        self._pool: list[Chunk] = [Chunk(200, 0x80, b"\0" * 4), Chunk(201, 0, b"")]
        self._ues: tuple[VirtualUe, VirtualUe, VirtualUe] | None = None
        self._floods = Floods(self._network, self._chance)
        self.kinds: Counter[str] = Counter()
        """How many cases of each kind there were."""

    async def batch(self) -> int:
        """Run one batch, and say how many cases it had; Broken when a property does not hold."""
        return await in_thread(self._batch, lambda: self._network.last)

    def _batch(self) -> int:
        self._cases = 0
        hostile, bystander, good = self._ues or self._begin()
        home = bystander.attached.home_address
        held = self._session(home).name
        for _ in range(SESSIONS):
            self._handshake(hostile, bystander)
            self._network.attach_anew(hostile, SOON)
            self._network.require_attached(hostile, "after strangers and altered handshakes")
            self._talk(hostile, bystander)
            require_bounded(self._sizes())
        self._network.calm()
        self._cases += self._floods.run(hostile)
        require_bounded(self._sizes())
        self._network.attach_anew(good, SOON)
        self._network.require_attached(good, "while strangers flood the gateway")
        require_bounded(self._sizes())
        good.detach()
        self._network.run(until=self._network.now + 100.0)
        if self._network.gateway._table.half_open:
            raise Broken(f"{self._network.gateway._table.half_open} IKE SAs are half-open for ever")
        if self._session(home).name != held or not bystander.ping(CORRESPONDENT, 1).received:
            raise Broken(f"the bystander's session is not what it was, after {self._network.last}")
        self._network.calm()
        return self._cases

    def _begin(self) -> tuple[VirtualUe, VirtualUe, VirtualUe]:
        self._network.tamper = self._overhear
        hostile = self._network.attach()
        bystander = self._network.attach(BYSTANDER, usim=other_card())
        good = self._network.attach(GOOD, usim=other_card())
        self._network.run(until=SOON)
        bystander.ping(CORRESPONDENT, 1)
        good.detach()
        self._ues = hostile, bystander, good
        return self._ues

    def _overhear(self, _source: Endpoint, to: Endpoint, octets: bytes) -> tuple[bytes, ...]:
        if to in {NATT, DSMIP}:
            self._overheard.append((octets, to))
        return (octets,)

    def _session(self, home_address: IPv6Address) -> GatewaySession:
        session = self._network.gateway.sessions.of_home(home_address)
        if session is None:
            raise Broken(f"the session of {home_address} is gone, after {self._network.last}")
        return session

    def _sizes(self) -> Sizes:
        gateway = self._network.gateway
        table = gateway._table
        return {
            "IKE SAs": lambda: table.sessions,
            "IKE SAs by request": table._by_request.__len__,
            "IKE SAs by SPI": lambda: len(table._by_spi) // 2,
            "deadlines": lambda: len(table._due) // 4,
            "half-open by source": table._half_open._by_address.__len__,
            "half-open": lambda: table.half_open,
            "sessions": gateway.sessions.__len__,
            "sessions by SPI": lambda: len(gateway.sessions._by_spi) // 8,
            "asked": gateway._asked.__len__,
            "leases": lambda: gateway.leases,
            "bindings": gateway._agent._cache.__len__,
        }

    # Before there is a session

    def _handshake(self, hostile: VirtualUe, bystander: VirtualUe) -> None:
        """One handshake with one message altered under its keys: as chance will, in its AUTH, or in its identity."""
        kind = self._chance.choice(("altered", "altered", "proof", "identity"))
        turn = self._chance.randrange(2, 6)
        identity = self._session(bystander.attached.home_address).identity.encode()
        before = {session.name for session in self._network.gateway.sessions.all()}

        def change(inside: Inside, number: int) -> Inside | None:
            if kind == "proof":
                return with_other_proof(inside, self._chance)
            if kind == "identity":
                return _called(inside, identity)
            return altered(inside, self._pool, self._chance) if number == turn else None

        self._said = []
        self._network.tamper = lambda source, _to, octets: self._meddle(hostile, change, source, octets)
        self._network.attach_anew(hostile, SOON)
        self._network.calm()
        entered = [
            one for one in self._network.gateway.sessions.all() if one.lease is not None and one.name not in before
        ]
        if kind != "altered" and entered:
            raise Broken(f"let in with another {kind}: {entered[0].identity}, after {self._network.last}")

    def _meddle(self, hostile: VirtualUe, change: Change, source: Endpoint, octets: bytes) -> tuple[bytes, ...]:
        if source != hostile.socket(UeChannel.IKE):
            return (octets,)
        self._said.append(octets)
        for _ in range(self._chance.randrange(4)):
            self._count("noise")
            stranger = Endpoint(IPv4Address("198.51.100.1") + self._chance.randrange(100), 4500)
            noise = mutate(octets, self._chance)
            if noise != octets:
                self._network.inject("noise", noise, stranger, NATT, Channel.IKE)
        keys = keys_of(hostile)
        insider = Insider(keys, self._chance, by_ue=True) if keys is not None else None
        inside = insider.open(octets) if insider is not None else None
        changed = change(inside, len(self._said)) if inside is not None else None
        if insider is None or inside is None or changed is None:
            return (octets,)
        self._pool = [*self._pool, *inside.chunks][-64:]
        self._count("handshake")
        sealed = insider.seal(changed)
        self._network.last = f"handshake: {changed}"
        return (sealed, octets) if self._chance.randrange(2) else (sealed,)

    # Within a session

    def _talk(self, hostile: VirtualUe, bystander: VirtualUe) -> None:
        """Cases by the keys of a genuine session, as long as it lasts."""
        keys = keys_of(hostile)
        if keys is None:
            raise Broken("a UE is attached without keys")
        source, own = hostile.socket(UeChannel.IKE), hostile.attached.home_address
        sent = [(each.octets, each.to) for each in self._network.sent if each.source.address == source.address]
        insider = Insider(keys, self._chance, by_ue=True)
        last = next((opened for octets, _ in reversed(sent) if (opened := insider.open(octets))), None)
        following = last.message_id + 1 if last is not None else 1
        packets = Packets(hostile, by_ue=True)
        if self._chance.randrange(2 * SESSIONS) == 0:
            following += self._chatter(insider, source, following)
        for _ in range(PER_SESSION):
            if self._network.gateway.sessions.of_home(own) is None:
                return
            kind = self._chance.choice(_KINDS)
            self._count(kind)
            before = self._standing(bystander, kind)
            match kind:
                case "sealed" | "fragment":
                    datagram = self._sealed(insider, kind, own, bystander, following)
                    following += kind == "sealed"
                    self._network.inject(kind, datagram, source, NATT, Channel.IKE)
                case "mobility":
                    self._move(hostile, bystander, packets)
                case "tunnel":
                    ends = ike_seeds.packet_ends(own, bystander.attached.home_address, self._chance)
                    inner = ike_seeds.packet(ends, self._chance)
                    protocol = self._chance.choice((41, 41, 41, 4, 59, 135))
                    self._network.inject(kind, packets.tunnelled(inner, protocol), source, NATT, Channel.IKE)
                case _:
                    self._repeat(kind, sent, source)
            after = self._standing(bystander, kind)
            if after != before:
                raise Broken(f"another UE's session was {before} and is {after}, after {self._network.last}")
            self._network.run(until=self._network.now + STEP)

    def _chatter(self, insider: Insider, source: Endpoint, following: int) -> int:
        """Nothing but questions whether the gateway is there, and many of them; how many."""
        for message_id in range(following, following + CHATTER):
            asked = Inside(exchange=ExchangeType.INFORMATIONAL, message_id=message_id, response=False, chunks=())
            self._count("chatter")
            self._network.inject("chatter", insider.seal(asked), source, NATT, Channel.IKE)
            self._network.run(until=self._network.now + STEP)
        return CHATTER

    def _standing(self, bystander: VirtualUe, kind: str) -> tuple[object, ...]:
        """All that the gateway knows of the bystander; but what it is sent, where packets may be for it."""
        session = self._session(bystander.attached.home_address)
        associations = [
            (spi, one.retired, one.inbound.sequence, one.outbound.sequence if kind != "tunnel" else None)
            for spi, one in session.associations.items()
        ]
        traffic = session.traffic.usage() if kind != "tunnel" else session.traffic.packets_in
        binding = self._network.gateway._agent.entry(bystander.attached.home_address)
        known = session.name, session.sa, session.peer, session.local, session.lease, session.ending
        return (*known, associations, traffic, binding)

    def _sealed(self, insider: Insider, kind: str, own: IPv6Address, bystander: VirtualUe, message_id: int) -> bytes:
        others = self._session(bystander.attached.home_address).associations.values()
        mine = self._session(own).associations.values()
        spis = [spi for one in (*others, *mine) for spi in (one.child.spi_in, one.child.spi_out)]
        asked = self._chance.choice(ike_seeds.requests(own, spis, self._chance))
        changed = altered(asked, self._pool, self._chance) if self._chance.randrange(4) else asked
        sealed = Inside(
            exchange=changed.exchange if self._chance.randrange(8) else self._chance.randrange(34, 44),
            message_id=message_id,
            response=False,
            chunks=changed.chunks,
            raw=changed.raw,
        )
        if kind == "sealed":
            return insider.seal(sealed)
        total = self._chance.choice((2, 3, 128, 129, 0xFFFF))
        return insider.seal(sealed, (self._chance.randint(1, total), total))

    def _move(self, hostile: VirtualUe, bystander: VirtualUe, packets: Packets) -> None:
        own, other = packets.home_address, bystander.attached.home_address
        ends = self._chance.choice((own, own, other)), HA_ADDRESS
        header = ike_seeds.update(ends, self._chance)
        datagram = packets.mobility(header, ends)
        if self._chance.randrange(8) == 0:
            datagram = mutate(datagram, self._chance)
        self._network.inject("mobility", datagram, hostile.socket(UeChannel.DSMIP), DSMIP, Channel.DSMIP)

    def _repeat(self, kind: str, sent: list[tuple[bytes, Endpoint]], source: Endpoint) -> None:
        """What the UE itself or the bystander has said before, whole or altered, from where it was or elsewhere."""
        octets, to = self._chance.choice([*sent, *self._overheard])
        stranger = Endpoint(IPv4Address("198.51.100.200"), self._chance.randrange(1024, 65536))
        whence = source if self._chance.randrange(2) else stranger
        if kind == "unsealed":
            octets = mutate(octets, self._chance)
        channel = Channel.DSMIP if to == DSMIP else Channel.IKE
        before = len(self._network.gateway.sessions), self._network.gateway.bindings, len(self._network.sent_home)
        self._network.inject(kind, octets, whence, to if to in {NATT, DSMIP} else NATT, channel)
        after = len(self._network.gateway.sessions), self._network.gateway.bindings, len(self._network.sent_home)
        if before != after:
            raise Broken(f"sessions, bindings, packets were {before} and are {after}, after {self._network.last}")

    def _count(self, kind: str) -> None:
        self._cases += 1
        self.kinds[kind] += 1


def _called(inside: Inside, identity: bytes) -> Inside | None:
    """The same with that NAI for IDi (RFC 7296 §3.5); None without any."""
    if not any(chunk.kind == PayloadType.IDI for chunk in inside.chunks):
        return None
    chunks = tuple(
        Chunk(chunk.kind, chunk.flags, chunk.body[:4] + identity) if chunk.kind == PayloadType.IDI else chunk
        for chunk in inside.chunks
    )
    return Inside(exchange=inside.exchange, message_id=inside.message_id, response=False, chunks=chunks)
