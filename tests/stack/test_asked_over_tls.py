"""A client on TLS is asked to end a session over the connection that it has made, to whichever worker that came."""

import asyncio
import json
import ssl
from pathlib import Path

import pytest

from akadia.laboratory import Laboratory, create
from akadia.template import RADSEC_PORT
from tests.lab import akadia
from tests.stack.test_any_worker import serving
from wire.radius.accounting import AcctStatusType
from wire.radius.codec import parse_packet
from wire.radius.messages import reply, signed_request
from wire.radius.packet import Attribute, Code, RadiusPacket, is_genuine_request, is_genuine_response

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

SECRET = b"radsec"


class Client:
    """A NAS whose packets all go over one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def connected(cls, laboratory: Laboratory) -> "Client":
        """With the certificate that a laboratory has for trials."""
        context = ssl.create_default_context(cafile=str(laboratory.ca))
        pki, plan = laboratory.folder / "pki", laboratory.plan
        context.load_cert_chain(pki / "tester.pem", pki / "tester.key")
        host = str(plan.block.aaa)
        return cls(*await asyncio.open_connection(host, RADSEC_PORT, ssl=context, server_hostname=plan.host("aaa")))

    async def heard(self) -> bytes:
        """The next packet."""
        head = await self._reader.readexactly(4)
        return head + await self._reader.readexactly(int.from_bytes(head[2:], "big") - 4)

    async def account(self, status: AcctStatusType) -> None:
        """Have a record kept."""
        names = [Attribute.of("Acct-Session-Id", "0001"), Attribute.of("NAS-Identifier", "ap1")]
        attributes = [Attribute.of("Acct-Status-Type", status), *names]
        request = signed_request(Code.ACCOUNTING_REQUEST, identifier=status, secret=SECRET, attributes=attributes)
        self._writer.write(request)
        assert is_genuine_response(await self.heard(), request[4:20], SECRET)

    async def asked(self, answer: Code) -> RadiusPacket:
        """What the server asks, which is answered."""
        octets = await self.heard()
        assert is_genuine_request(octets, SECRET)
        packet = parse_packet(octets)
        self._writer.write(reply(packet, answer, secret=SECRET))
        return packet

    async def close(self) -> None:
        """End the connection."""
        self._writer.close()
        await self._writer.wait_closed()


async def test_command_reaches_a_client_over_its_connection(tmp_path: Path) -> None:
    laboratory = create(tmp_path / "lab")
    words = ("--config", str(laboratory.config), "aaa")
    with serving(laboratory.config, str(laboratory.plan.block.aaa), tmp_path / "aaa.log") as node:
        await node.until("workers ready")
        client = await Client.connected(laboratory)
        await client.account(AcctStatusType.START)
        (session,) = json.loads((await asyncio.to_thread(akadia, *words, "sessions", "--json")).stdout)
        for command, code in (("coa", Code.COA_REQUEST), ("disconnect", Code.DISCONNECT_REQUEST)):
            extra = ("--session-timeout", "600") if command == "coa" else ()
            doing = asyncio.create_task(asyncio.to_thread(akadia, *words, command, str(session["number"]), *extra))
            packet = await client.asked(Code(code + 1))
            done = await doing
            assert (done.returncode, done.stderr) == (0, "")
            assert (packet.code, packet.text("Acct-Session-Id"), packet.text("NAS-Identifier")) == (code, "0001", "ap1")
        await client.account(AcctStatusType.STOP)
        await client.close()
        assert json.loads((await asyncio.to_thread(akadia, *words, "sessions", "--json")).stdout) == []
        assert "Traceback" not in node.log.read_text()
