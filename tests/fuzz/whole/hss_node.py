"""An HSS on a database of its own, its Diameter end without sockets, and its users' cards."""

import asyncio
import shutil
import tempfile
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_network
from pathlib import Path
from random import Random
from weakref import finalize

from sqlalchemy import select

from hss.auc import SubscriberKeys
from hss.faces.swx_server import SwxServer
from hss.keys.custody import Custodian
from hss.keys.vault import KEY_VERSION, Vault
from hss.models import Registration, Subscriber, SubscriberState
from hss.policy.gatekeeper import Gatekeeper
from hss.policy.rules import PeerPolicies, PeerRule
from hss.service import HssService
from hss.store.database import Database
from hss.store.engines import transaction
from hss.store.schema import upgrade
from hss.telling.routes import Routes
from runtime.diameter.server import DiameterServer
from runtime.diameter.settings import Limits
from tests.aaa.memory_hss import usim
from tests.fuzz.whole.diameter_messages import REQUEST, Raw, result_of
from tests.fuzz.whole.diameter_node import Connection as PlainConnection
from tests.fuzz.whole.server import LIMIT, Broken, Sizes
from tests.hss.conftest import MASTER_KEY, Known, Registry, now_ms
from ue_sim.usim import SoftwareUsim
from wire.aka.milenage import Milenage
from wire.aka.sqn import join_sqn, reveal, split_sqn
from wire.aka.vector import Autn
from wire.diameter.applications import Application
from wire.diameter.capabilities import LocalNode, PeerPolicy, advertise
from wire.identity import Imsi
from wire.secret import Secret

HSS = LocalNode("hss.example", "example", (Application.SWX,))
AAA, OTHER = LocalNode("aaa.example", "example", (Application.SWX,)), LocalNode("b.example", "b", (Application.SWX,))
MINE, BARRED, FREE, UNKNOWN, PARTNERS = (
    "001010000000001",
    "001010000000002",
    "001010000000003",
    "001010000000009",
    "00102",
)
_ADDRESSES = {AAA.origin_host: "192.0.2.1", OTHER.origin_host: "198.51.100.1"}


@dataclass
class User:
    """A subscriber with his card, and the highest SEQ that was given for him, or that a genuine AUTS has claimed."""

    known: Known
    card: SoftwareUsim
    highest: int = 0

    @property
    def imsi(self) -> str:
        """Of the subscriber."""
        return str(self.known.imsi)

    def __repr__(self) -> str:
        return self.imsi

    def _functions(self) -> Milenage:
        return Milenage(self.known.keys.k, self.known.keys.opc)

    def sqn(self, rand: bytes, autn: bytes) -> int:
        """The SQN in AUTN, if that is of this user."""
        return reveal(Autn.parse(autn).concealed_sqn, self._functions().f2345(rand)[3])

    def seq(self, rand: bytes, autn: bytes) -> int:
        """SEQ of it."""
        return split_sqn(self.sqn(rand, autn))[0]

    def owns(self, rand: bytes, autn: bytes) -> bool:
        """Whether MAC-A is made with his keys."""
        parsed = Autn.parse(autn)
        sqn = self.sqn(rand, autn).to_bytes(6, "big")
        return self._functions().f1(rand, sqn, parsed.amf) == parsed.mac_a

    def auts(self, rand: bytes, seq: int) -> bytes:
        """What his card says when it has accepted `seq` already."""
        return self.known.auts(rand, join_sqn(seq, 0))


class HssNode:
    """The HSS, open within `open`."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        folder = Path(tempfile.mkdtemp(prefix="akfuzz"))
        finalize(self, shutil.rmtree, folder)
        path = folder / "akadia.sqlite"
        upgrade(path)
        self._path = path
        self._database: Database | None = None
        self._vault = Vault({KEY_VERSION: MASTER_KEY}, random=self._random.randbytes)
        registry = Registry(path, self._vault)
        self.users = {imsi: self._user(registry, imsi) for imsi in (MINE, BARRED, FREE, f"{PARTNERS}0000000001")}
        self.stranger = User(Known(Imsi(UNKNOWN), self._keys()), usim())
        """With a card of another HSS."""
        registry.set(self.users[BARRED].known.imsi, state=SubscriberState.BARRED)

    def _user(self, registry: Registry, imsi: str) -> User:
        keys = self._keys()
        return User(registry.add(imsi, keys=keys, amf=0x8000), SoftwareUsim(keys.k, keys.opc))

    def _keys(self) -> SubscriberKeys:
        return SubscriberKeys(Secret(self._random.randbytes(16)), Secret(self._random.randbytes(16)))

    async def open(self) -> None:
        """The store's threads, and a server that has seen nobody; once is enough."""
        if self._database is not None:
            return
        self._database = database = Database(self._path)
        await database.open()
        service = HssService(database, Custodian(self._vault), self._random.randbytes, now_ms)
        peers = [
            PeerPolicy(one.origin_host, one.origin_host, one.origin_realm, (ip_network(address),), HSS.applications)
            for one, address in ((one, _ADDRESSES[one.origin_host]) for one in (AAA, OTHER))
        ]
        rules = (
            PeerRule(AAA.origin_host, frozenset(HSS.applications)),
            PeerRule(OTHER.origin_host, frozenset(HSS.applications), imsi_prefixes=(PARTNERS,)),
        )
        gatekeeper = Gatekeeper(
            {Application.SWX: SwxServer(service, HSS.identity).serve},
            PeerPolicies(rules),
            learning=None,
            routes=Routes(peers, tuple),
            clock=asyncio.get_running_loop().time,
        )
        self.diameter = DiameterServer(
            local=HSS,
            peers=peers,
            handler=gatekeeper.serve,
            random=self._random.randbytes,
            wall_clock=0.0,
            limits=Limits(remembered_answers=LIMIT),
        )

    async def close(self) -> None:
        """End both."""
        database, self._database = self._database, None
        if database is not None:
            await self.diameter.close()
            await database.close()

    @property
    def sizes(self) -> Sizes:
        """Every table and how many entries it has."""
        links = {name: link._links[0]._service._duplicates.__len__ for name, link in self.diameter._links.items()}
        return {f"answers to {name}": size for name, size in links.items()}

    @property
    def is_busy(self) -> bool:
        """Whether a request is being served."""
        return any(link._links[0]._service.serving for link in self.diameter._links.values())

    def address(self, peer: LocalNode) -> str:
        """Whence that peer connects."""
        return _ADDRESSES[peer.origin_host]

    def owner(self, rand: bytes, autn: bytes) -> User | None:
        """Whose vector it is."""
        return next((user for user in self.users.values() if user.owns(rand, autn)), None)

    def standing(self) -> list[tuple[object, ...]]:
        """Who is no partner's: IMSI, SEQ, state, and which AAA server serves him."""
        columns = (Subscriber.imsi, Subscriber.seq, Subscriber.state, Registration.aaa_name)
        joined = select(*columns).outerjoin(Registration, Registration.imsi == Subscriber.imsi)
        with transaction(self._path, read_only=True) as connection:
            found = connection.execute(joined.order_by(Subscriber.imsi)).all()
        return [tuple(row) for row in found if not str(row.imsi).startswith(PARTNERS)]


class Connection(PlainConnection):
    """One whose answers come from the store's threads."""

    def __init__(self, node: HssNode, address: str) -> None:
        super().__init__(node, address)
        self._node = node

    async def say(self, octets: bytes) -> list[Raw]:
        """What comes back, once everything is served."""
        told = await super().say(octets)
        while self._node.is_busy:
            await asyncio.sleep(0)
            told += self._heard()
        # what is sent in a turn of the loop goes out in the next one
        await asyncio.sleep(0)
        return told + self._heard()


async def connected(node: HssNode, peer: LocalNode) -> Connection:
    """A connection of `peer` after its CER; Broken when it is not let in."""
    address = node.address(peer)
    connection = Connection(node, address)
    cer = advertise(peer, (IPv4Address(address),)).message().numbered(hop_by_hop=1, end_to_end=1).build()
    answers = await connection.say(cer)
    if len(answers) != 1 or result_of(answers[0]) != 2001 or answers[0].flags & REQUEST:
        raise Broken(f"{peer.origin_host} is not let in: {answers}")
    return connection
