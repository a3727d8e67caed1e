"""RADIUS over TLS, without TLS: connections of clients and strangers, packets in any pieces, and half ones."""

import asyncio
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from aaa.errands import ErrandFailed
from aaa.radius.radsec.config import RadsecClientConfig, RadsecConfig
from aaa.radius.radsec.connection import RadsecConnection
from aaa.radius.radsec.names import load_radsec_clients
from aaa.radius.radsec.routing import Port
from aaa.radius.radsec.server import RadsecServer
from akadia.pki import Authority
from runtime.config import SocketAddress
from tests.fuzz.whole.eap import STRANGE
from tests.fuzz.whole.radius import AP, OTHER, STRANGER, RadiusNode, RadiusTarget, Source
from tests.fuzz.whole.radius_packets import REJECT, Read, attributes_of, is_protected, read, response, tlv
from tests.fuzz.whole.server import LIMIT, POLICIES, Broken, WholeServer
from tests.runtime.diameter.pipe import Transport

SECRET = b"radsec"
NAMES = {AP: "ap.example", OTHER: "other.example", STRANGER: "stranger.example"}
DISCONNECT_REQUEST, DISCONNECT_ACK, DISCONNECT_NAK, COA_ACK = 40, 41, 42, 44
UNSEALED = bytes((DISCONNECT_REQUEST, 0, 0, 20)) + bytes(16)
_MOST = 4095


class RadsecNode(RadiusNode):
    """The same server, whose packets come over connections; each address has one, and a new one when that has ended."""

    def __init__(self, server: WholeServer, seed: int, config: RadsecConfig) -> None:
        super().__init__(server, seed)
        clients = load_radsec_clients(config.client, frozenset())
        self.radsec = RadsecServer(config, clients, {Port.AUTHENTICATION: self.radius.take})
        self._chance = Random(seed)
        self._lines: dict[str, _Line] = {}

    def line(self, address: str) -> "_Line":
        """The connection of whoever is at that address."""
        found = self._lines.get(address)
        if found is None or found.transport.closed:
            found = self._lines[address] = _Line(self.radsec, address)
        return found

    async def send(self, octets: bytes, source: Source) -> list[bytes]:
        """What is sent back; a connection on which something is left over goes: nothing would be whole any more."""
        line = self.line(source[0])
        line.say(octets, self._chance)
        await asyncio.sleep(0)
        while self.front.in_progress:  # noqa: ASYNC110 - nothing else happens meanwhile
            await asyncio.sleep(0)
        if len(line.connection._framer._rest) > _MOST:
            raise Broken(f"{len(line.connection._framer._rest)} octets are kept of {octets.hex()}")
        if len(octets) < 4 or int.from_bytes(octets[2:4], "big") != len(octets):
            line.transport.close()
            await asyncio.sleep(0)
        return line.heard()

    async def ask(self) -> None:
        """Ask the client something; nothing but its own proved answer is believed."""
        line, chance = self.line(AP), self._chance
        asking = asyncio.ensure_future(self.radsec.perform(NAMES[AP], UNSEALED))
        await asyncio.sleep(0)
        (request,) = line.heard()
        genuine = response(DISCONNECT_ACK, request, tlv(25, chance.randbytes(8)), SECRET)
        for forged in (
            response(COA_ACK, request, b"", SECRET),
            response(DISCONNECT_ACK, bytes((request[0], request[1] ^ 1)) + request[2:], b"", SECRET),
        ):
            line.say(forged, chance)
        self.line(OTHER).say(response(DISCONNECT_NAK, request, b"", SECRET), chance)
        await asyncio.sleep(0)
        if asking.done():
            raise Broken(f"a forged answer to {request.hex()} is believed: {asking.result().hex()}")
        line.say(genuine, chance)
        try:
            answer = await asking
        except ErrandFailed as error:
            raise Broken(f"a client's answer is not believed: {error}") from error
        if answer != genuine:
            raise Broken(f"{answer.hex()} is believed, not {genuine.hex()}")
        asking = asyncio.ensure_future(self.radsec.perform(NAMES[AP], UNSEALED))
        await asyncio.sleep(0)
        (request,) = line.heard()
        line.say(response(DISCONNECT_NAK, request, b"", b"another secret"), chance)
        with suppress(ErrandFailed):
            raise Broken(f"a forged answer to {request.hex()} is believed: {(await asking).hex()}")
        if not line.transport.closed:
            raise Broken("a connection goes on behind an answer that nothing proves")

    async def close(self) -> None:
        """Everybody leaves; then the server has nothing of them."""
        for line in self._lines.values():
            line.transport.close()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        if self.radsec._open or self.radsec._asking:
            raise Broken(f"{len(self.radsec._open)} connections are left of none")


class _Line:
    """One connection, by its client's end."""

    def __init__(self, server: RadsecServer, address: str) -> None:
        certificate = {"subjectAltName": (("DNS", NAMES[address]),)}
        self.transport = Transport(("192.0.2.200", 2083), (address, 40000), certificate)
        self.connection = RadsecConnection(server)
        self.transport.protocol = self.connection
        self._read = 0
        self.connection.connection_made(self.transport)

    def say(self, octets: bytes, chance: Random) -> None:
        """In pieces."""
        while octets:
            size = chance.choice((len(octets), len(octets), chance.randint(1, len(octets))))
            if not self.transport.closed:
                self.connection.data_received(octets[:size])
            octets = octets[size:]

    def heard(self) -> list[bytes]:
        """The packets that have come since this was asked last."""
        written, found = self.transport.written[self._read :], []
        self._read = len(self.transport.written)
        while written:
            length = int.from_bytes(written[2:4], "big")
            if not 20 <= length <= len(written):
                raise Broken(f"no whole packet: {written.hex()}")
            found.append(written[:length])
            written = written[length:]
        if self._read > 1 << 20:
            self.transport.written, self._read = b"", 0
        return found


class RadsecTarget(RadiusTarget):
    """The cases of RADIUS; a stranger here has a certificate that is genuine, and not a client's."""

    name = "radsec"
    secrets = dict.fromkeys(NAMES, SECRET)

    def _make(self, seed: int) -> tuple[list[RadiusNode], RadiusNode]:
        with tempfile.TemporaryDirectory(prefix="akfuzz") as folder:
            config = _configuration(Path(folder))
            nodes = [RadsecNode(WholeServer(policy, self._clock, seed), seed, config) for policy in POLICIES]
            strange = RadsecNode(WholeServer(POLICIES[0], self._clock, seed, STRANGE), seed, config)
        self._open = [*nodes, strange]
        return [*nodes], strange

    async def batch(self) -> int:
        """Run one batch, and say how many cases it had; Broken when a property does not hold."""
        cases = await super().batch()
        for node in self._open:
            await node.ask()
            await node.close()
        return cases

    async def _judge(self, node: RadiusNode, octets: bytes, source: Source) -> Read | None:
        answers = await node.send(octets, source)
        if not answers:
            return None
        if source[0] == STRANGER:
            raise Broken(f"an answer to a stranger: {octets.hex()}")
        if len(answers) > 1:
            raise Broken(f"{len(answers)} answers to {octets.hex()}")
        found = read(answers[0], octets, SECRET)
        if isinstance(found, str):
            raise Broken(f"an answer of which {found}: {answers[0].hex()} to {octets.hex()}")
        # TLS protects what has no Message-Authenticator; but EAP needs one, and a wrong one ends the connection
        if not is_protected(octets, SECRET) and (
            found.code != REJECT or found.eap or 80 in dict(attributes_of(octets))
        ):
            raise Broken(f"an answer to what is not protected: {octets.hex()}")
        return found


def _configuration(folder: Path) -> RadsecConfig:
    authority = Authority("fuzz", now=datetime.now(UTC))
    issued = authority.issue(names=("aaa.example",))
    for name, octets in (
        ("aaa.pem", issued.certificate),
        ("aaa.key", issued.key),
        ("ca.pem", authority.credential.certificate),
    ):
        (folder / name).write_bytes(octets)
    return RadsecConfig(
        address=SocketAddress("127.0.0.1", 0),
        certificate=folder / "aaa.pem",
        key=folder / "aaa.key",
        ca=folder / "ca.pem",
        client=tuple(
            RadsecClientConfig(name=NAMES[each], certificate_names=(NAMES[each],), network_name="WLAN")
            for each in (AP, OTHER)
        ),
        connections=LIMIT,
    )
