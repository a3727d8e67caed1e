"""An AAA server's Diameter end in memory: its peers' connections lead to it without sockets."""

import asyncio
from ipaddress import IPv4Address, ip_network
from random import Random
from typing import Protocol

from aaa.diameter.front import DiameterFront
from aaa.diameter.sessions import DiameterSessions
from aaa.messages import Client
from aaa.registrar import Registrar
from aaa.user_sessions import MemoryUserSessions
from runtime.diameter.server import DiameterServer
from runtime.diameter.settings import Limits
from runtime.taps import StreamTap
from tests.fuzz.whole.diameter_messages import DWR, REQUEST, Avp, Raw, body_of, read, result_of
from tests.fuzz.whole.server import LIMIT, Broken, Sizes, WholeServer
from tests.runtime.diameter.pipe import Transport
from wire.diameter.applications import Application
from wire.diameter.capabilities import LocalNode, PeerPolicy, advertise

APPLICATIONS = (Application.EAP, Application.MIP6I, Application.S6B, Application.SWM, Application.STA)
AAA = LocalNode("aaa.example", "example", APPLICATIONS)
GATEWAY, OTHER = LocalNode("pgw.example", "example", APPLICATIONS), LocalNode("epdg.example", "example", APPLICATIONS)
ADDRESSES = {GATEWAY.origin_host: "192.0.2.1", OTHER.origin_host: "198.51.100.1"}
TURNS = 8
"""Turns of the loop after which whatever is answered has been answered."""


class Node:
    """The server, its front and its tables."""

    def __init__(self, server: WholeServer, seed: int, capture: StreamTap | None = None) -> None:
        self.server = server
        self.users = MemoryUserSessions(LIMIT)
        self.sessions = DiameterSessions(LIMIT)
        front = DiameterFront(
            server.service,
            AAA.identity,
            {host: Client(host, "WLAN") for host in ADDRESSES},
            self.users,
            Registrar(server.hss, AAA.origin_host, self.users),
            self.sessions,
        )
        policies = [
            PeerPolicy(node.origin_host, node.origin_host, "example", (ip_network(f"{address}/32"),), APPLICATIONS)
            for node, address in ((node, ADDRESSES[node.origin_host]) for node in (GATEWAY, OTHER))
        ]
        self.diameter = DiameterServer(
            local=AAA,
            peers=policies,
            handler=front.serve,
            random=Random(seed).randbytes,
            wall_clock=0.0,
            limits=Limits(remembered_answers=LIMIT),
            capture=capture,
            reports_overload=True,
        )

    @property
    def sizes(self) -> Sizes:
        """Every table and how many entries it has."""
        own: Sizes = {"users": self.users.__len__, "sessions": self.sessions.__len__}
        links = {name: link._links[0]._service._duplicates.__len__ for name, link in self.diameter._links.items()}
        return {**self.server.sizes, **own, **{f"answers to {name}": size for name, size in links.items()}}


class Listening(Protocol):
    """Whoever has a Diameter server."""

    diameter: DiameterServer


class Connection:
    """One connection of a peer, or of a stranger at `address`."""

    def __init__(self, node: Listening, address: str) -> None:
        self._transport = Transport(("203.0.113.9", 3868), (address, 40000))
        self._connection = node.diameter.incoming()
        self._transport.protocol = self._connection
        self._read = 0
        self.asked: list[Raw] = []
        """What the server has asked, beside watchdogs."""
        self._connection.connection_made(self._transport)

    @property
    def closed(self) -> bool:
        """Whether the server has ended it."""
        return self._transport.closed

    async def say(self, octets: bytes) -> list[Raw]:
        """What comes back; watchdogs are answered and not told."""
        if not self.closed:
            self._connection.data_received(octets)
        told: list[Raw] = []
        for _ in range(TURNS):
            await asyncio.sleep(0)
            told += self._heard()
            if told:
                break
        return told

    def _heard(self) -> list[Raw]:
        written, self._read = self._transport.written[self._read :], len(self._transport.written)
        try:
            heard = read(written)
        except ValueError as fault:
            raise Broken(f"the server wrote {written.hex()}: {fault}") from fault
        for watchdog in (each for each in heard if each.is_request and each.command == DWR):
            origin = [Avp(268, (2001).to_bytes(4, "big")), Avp(264, b"pgw.example"), Avp(296, b"example")]
            answer = Raw(DWR, 0, watchdog.hop_by_hop, watchdog.end_to_end, body_of(origin), 0)
            self._connection.data_received(answer.build())
        self.asked += [each for each in heard if each.is_request and each.command != DWR]
        return [each for each in heard if not each.is_request]

    async def close(self) -> None:
        """Leave."""
        self._transport.close()
        await asyncio.sleep(0)


def cer(peer: LocalNode) -> bytes:
    """The CER of `peer`."""
    message = advertise(peer, (IPv4Address(ADDRESSES[peer.origin_host]),)).message()
    return message.numbered(hop_by_hop=1, end_to_end=1).build()


async def connected(node: Node, peer: LocalNode) -> Connection:
    """A connection of `peer` after its CER; Broken when it is not let in."""
    connection = Connection(node, ADDRESSES[peer.origin_host])
    answers = await connection.say(cer(peer))
    if len(answers) != 1 or result_of(answers[0]) != 2001 or answers[0].flags & REQUEST:
        raise Broken(f"{peer.origin_host} is not let in: {answers}")
    return connection
