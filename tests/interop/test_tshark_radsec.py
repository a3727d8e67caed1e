"""tshark opens RADIUS over TLS with the keys of the session: EAP-AKA, accounting and Status-Server, none malformed."""

import asyncio
import re
import secrets
import ssl
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from aaa.radius.radsec.names import RADSEC
from akadia.template import RADSEC_PORT
from runtime.capture import Capture
from tests.interop.sniffing import listening
from tests.lab import Lab, running_lab
from ue_sim.eap_peer import AkaPeer, EapArrived, KeysDerived, SendEap
from ue_sim.usim import SoftwareUsim
from wire.eap.packet import identity_response
from wire.identity import EapMethod
from wire.radius.codec import parse_packet
from wire.radius.eap import join_eap
from wire.radius.framing import RadiusFramer
from wire.radius.messages import access_request, signed_request, status_server
from wire.radius.packet import Attribute, Code, RadiusPacket

pytestmark = [pytest.mark.interop, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with running_lab(tmp_path_factory.mktemp("radsec"), log_level="debug") as running:
        yield running


@dataclass
class TlsClient:
    """One connection, and one request at a time over it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    framer: RadiusFramer = field(default_factory=RadiusFramer)
    number: int = 0

    async def ask(self, request: bytes) -> RadiusPacket:
        self.writer.write(request)
        async with asyncio.timeout(20):
            while True:
                for octets in self.framer.feed(await self.reader.read(4096)):
                    return parse_packet(octets)

    async def access(self, attributes: list[Attribute], eap: bytes) -> RadiusPacket:
        self.number += 1
        return await self.ask(
            access_request(
                identifier=self.number, authenticator=secrets.token_bytes(16), secret=RADSEC, attributes=attributes,
                eap=eap,
            )
        )  # fmt: skip

    async def authenticate(self, peer: AkaPeer) -> bool:
        name = Attribute.of("User-Name", peer.identity.decode())
        eap = identity_response(1, peer.identity)
        states: list[Attribute] = []
        while True:
            answer = await self.access([name, *states], eap)
            effects = peer.handle(EapArrived(join_eap(answer) or b""), 0.0)
            if answer.code != Code.ACCESS_CHALLENGE:
                return isinstance(effects[0], KeysDerived)
            assert isinstance(effects[0], SendEap)
            eap, states = effects[0].packet, [Attribute.of("State", answer.octets("State") or b"")]


async def talk(lab: Lab, keys: Path) -> None:
    """Both methods, one record of accounting and a Status-Server, with the keys of TLS in the file `keys`."""
    pki = lab.folder / "pki"
    context = ssl.create_default_context(cafile=str(pki / "ca.pem"))
    context.load_cert_chain(pki / "tester.pem", pki / "tester.key")
    context.check_hostname = False
    context.keylog_filename = str(keys)
    reader, writer = await asyncio.open_connection(str(lab.laboratory.plan.block.aaa), RADSEC_PORT, ssl=context)
    client = TlsClient(reader, writer)
    k, opc = lab.keys
    card = SoftwareUsim(k, opc)
    for method in (EapMethod.AKA, EapMethod.AKA_PRIME):
        peer = AkaPeer(
            usim=card, imsi=lab.imsi, plmn=lab.laboratory.plan.plmn, methods=(method,), random=secrets.token_bytes
        )
        assert await client.authenticate(peer)
    record = [
        Attribute.of("Acct-Status-Type", 1),
        Attribute.of("Acct-Session-Id", "tls"),
        Attribute.of("NAS-Identifier", "ap1"),
    ]
    answer = await client.ask(signed_request(Code.ACCOUNTING_REQUEST, identifier=200, secret=RADSEC, attributes=record))
    assert answer.code == Code.ACCOUNTING_RESPONSE
    await client.ask(status_server(identifier=201, authenticator=secrets.token_bytes(16), secret=RADSEC))
    writer.close()
    await writer.wait_closed()


def opened(tshark: str, file: Path, keys: Path) -> list[tuple[bool, bytes]]:
    """What tshark finds inside TLS, packet by packet, and whether the client said it."""
    command = [tshark, "-n", "-r", str(file), "-o", f"tls.keylog_file:{keys}", "-q", "-z", "follow,tls,raw,0"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    lines = [line for line in done.stdout.splitlines() if re.fullmatch(r"\t?[0-9a-f]+", line)]
    # what the second node said stands behind a tab
    return [(not line.startswith("\t"), bytes.fromhex(line)) for line in lines]


def test_tshark_opens_radius_over_tls(lab: Lab, tmp_path: Path, foreign_peer: Callable[[str], str]) -> None:
    tshark = foreign_peer("tshark")
    keys = tmp_path / "keys.txt"
    only = f"tcp port {RADSEC_PORT} and host {lab.laboratory.plan.block.aaa}"
    with listening(foreign_peer("tcpdump"), "lo", "127.255.255.255", only, tmp_path / "radsec.pcap") as file:
        asyncio.run(talk(lab, keys))
    plain = tmp_path / "plain.pcapng"
    client, server = ("127.0.0.1", 40000), ("127.0.0.2", 1812)
    with plain.open("wb") as octets:
        # tshark 4.0 opens TLS, and knows no RADIUS in it
        capture = Capture(octets, "radsec", lambda: 0)
        for is_clients, packet in opened(tshark, file, keys):
            ends = (client, server) if is_clients else (server, client)
            capture.udp(source=ends[0], destination=ends[1], payload=packet)
    command = [
        tshark, "-n", "-r", str(plain),
        "-o", f"radius.shared_secret:{RADSEC.decode()}", "-o", "radius.validate_authenticator:TRUE",
    ]  # fmt: skip

    def read(*words: str) -> list[str]:
        done = subprocess.run([*command, *words], capture_output=True, text=True, check=True, timeout=60)
        return done.stdout.splitlines()

    codes = read("-Y", "radius", "-T", "fields", "-e", "radius.code")
    assert codes == ["1", "11", "1", "2", "1", "11", "1", "2", "4", "5", "12", "2"]
    assert read("-Y", "_ws.malformed || _ws.expert.severity >= warning || radius.authenticator.invalid == 1") == []
    text = "\n".join(read("-Y", "radius", "-V"))
    assert [word for word in ("AT_RAND", "AT_KDF_INPUT", "MS-MPPE-Recv-Key", "ap1") if word not in text] == []
