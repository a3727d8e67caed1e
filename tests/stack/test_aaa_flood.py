"""The AAA server's listeners under a flood, as the daemon that operators run: TCP, TLS and UDP."""

import asyncio
import random
import re
import secrets
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv4Address, ip_network
from pathlib import Path

import pytest

from akadia.laboratory import Laboratory, create
from akadia.template import DIAMETER_PORT, DIAMETER_TLS_PORT
from runtime.diameter.client import DiameterClient
from runtime.tls import client_context
from tests.stack.floods import FLOOD
from ue_sim.card import StoredUsim
from ue_sim.eap_peer import AkaPeer, EapArrived, KeysDerived, SendEap
from wire.diameter.applications import Application
from wire.diameter.capabilities import LocalNode, PeerPolicy, advertise
from wire.diameter.eap import DiameterEapAnswer, DiameterEapRequest
from wire.diameter.message import Message
from wire.eap.packet import identity_response

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

ROOT = Path(__file__).resolve().parents[2]
SEGMENTS = FLOOD
PER_CONNECTION = 200


@pytest.fixture
def laboratory(tmp_path: Path) -> Laboratory:
    return create(tmp_path / "lab")


@pytest.fixture
def aaa(laboratory: Laboratory) -> Iterator[subprocess.Popen[bytes]]:
    with (laboratory.folder / "aaa.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "akadia", "--config", str(laboratory.config), "aaa", "serve"], cwd=ROOT, stderr=log
        )
        yield process
        process.terminate()
        assert process.wait(20) == 0


async def ready(laboratory: Laboratory) -> None:
    for _ in range(400):
        if "aaa ready" in (laboratory.folder / "aaa.log").read_text():
            return
        await asyncio.sleep(0.05)
    pytest.fail("the AAA server did not begin")


def our_node(laboratory: Laboratory) -> LocalNode:
    plan = laboratory.plan
    return LocalNode(plan.host("tester"), plan.realm, (Application.EAP, Application.S6B))


def client(laboratory: Laboratory, *, tls: bool) -> DiameterClient:
    plan, host = laboratory.plan, str(laboratory.plan.block.aaa)
    made = DiameterClient(
        local=our_node(laboratory),
        peer=PeerPolicy(
            name="aaa",
            origin_host=plan.host("aaa"),
            origin_realm=plan.realm,
            networks=(ip_network(host),),
            applications=(Application.EAP, Application.S6B),
        ),
        address=(host, DIAMETER_TLS_PORT if tls else DIAMETER_PORT),
        random=secrets.token_bytes,
        tls=client_context(ca=laboratory.ca) if tls else None,
    )
    made.start()
    return made


def request(laboratory: Laboratory, eap: bytes, states: tuple[bytes, ...] = (), number: int = 0) -> Message:
    plan = laboratory.plan
    return DiameterEapRequest(
        session_id=f"{plan.host('tester')};1;{number}",
        origin_host=plan.host("tester"),
        origin_realm=plan.realm,
        destination_realm=plan.realm,
        eap_payload=eap,
        states=states,
    ).message()


async def authenticate(laboratory: Laboratory, *, tls: bool) -> None:
    """A full EAP-AKA by the laboratory's own card, over one Diameter connection."""
    usim = StoredUsim(laboratory.usim)
    peer = AkaPeer(usim=usim, imsi=usim.imsi, plmn=laboratory.plan.plmn)
    asking = client(laboratory, tls=tls)
    await asking.ready(20)
    number = secrets.randbelow(1 << 30)
    eap, states = identity_response(1, peer.identity), tuple[bytes, ...]()
    for _ in range(8):
        answer = DiameterEapAnswer.parse(await asking.request(request(laboratory, eap, states, number)))
        effects = peer.handle(EapArrived(answer.eap_payload or b""), 0.0)
        keys = [effect for effect in effects if isinstance(effect, KeysDerived)]
        if keys:
            assert answer.eap_master_session_key == keys[0].msk
            break
        (eap,) = [effect.packet for effect in effects if isinstance(effect, SendEap)]
        states = answer.states
    else:
        pytest.fail("no end of the authentication")
    await asking.close()


def recorded(laboratory: Laboratory) -> list[Message]:
    good = advertise(our_node(laboratory), (IPv4Address("127.0.0.1"),)).message()
    begin = request(laboratory, identity_response(1, b"0001010000000009@nai.epc.mnc001.mcc001.3gppnetwork.org"))
    return [good, begin]


def mutated(chance: random.Random, messages: list[Message]) -> bytes:
    message = chance.choice(messages).numbered(hop_by_hop=chance.getrandbits(32), end_to_end=chance.getrandbits(32))
    octets = bytearray(message.build())
    first = 0 if chance.random() < 0.01 else 20
    for _ in range(chance.randrange(4)):
        octets[chance.randrange(first, len(octets))] = chance.choice((0, 1, 255, chance.randrange(256)))
    return bytes(octets)


async def burst(address: tuple[str, int], segments: list[bytes], tls: ssl.SSLContext | None = None) -> None:
    """Send `segments` on one connection for as long as the server keeps it, and read what it says."""
    try:
        reader, writer = await asyncio.open_connection(*address, ssl=tls)
    except OSError:
        return
    hearing = asyncio.create_task(reader.read(-1))
    with suppress(OSError, TimeoutError):
        for segment in segments:
            writer.write(segment)
            await writer.drain()
        if tls is None:
            writer.write_eof()
        await asyncio.wait_for(hearing, 5 if tls is None else 0.2)
    hearing.cancel()
    # a server that drops a flood owes it no close_notify: nothing of ours stays open for that; and no close() comes
    # before, because after the server's own a TLS transport takes it as leave to abort nothing any more
    writer.transport.abort()
    with suppress(OSError):
        await writer.wait_closed()


def memory_kib(process: subprocess.Popen[bytes]) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1])


async def test_aaa_serves_the_next_good_client_after_a_flood_of_tcp(
    laboratory: Laboratory, aaa: subprocess.Popen[bytes]
) -> None:
    chance = random.Random(4072)
    await ready(laboratory)
    await authenticate(laboratory, tls=False)
    before = memory_kib(aaa)
    address = (str(laboratory.plan.block.aaa), DIAMETER_PORT)
    messages = recorded(laboratory)
    hello = messages[0].numbered(hop_by_hop=1, end_to_end=1).build()
    for turn in range(SEGMENTS // PER_CONNECTION):
        first = hello if turn % 8 else chance.randbytes(99)
        await burst(address, [first, *(mutated(chance, messages) for _ in range(PER_CONNECTION - 1))])
    await authenticate(laboratory, tls=False)
    assert memory_kib(aaa) - before < 64 * 1024
    assert "Traceback" not in (laboratory.folder / "aaa.log").read_text()


async def test_aaa_serves_the_next_good_client_after_a_flood_of_the_tls_port(
    laboratory: Laboratory, aaa: subprocess.Popen[bytes]
) -> None:
    chance = random.Random(6733)
    await ready(laboratory)
    await authenticate(laboratory, tls=True)
    before = memory_kib(aaa)
    address = (str(laboratory.plan.block.aaa), DIAMETER_TLS_PORT)
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    messages = recorded(laboratory)
    for turn in range(SEGMENTS // PER_CONNECTION):
        segments = [mutated(chance, messages) for _ in range(PER_CONNECTION)]
        await burst(address, segments, anybody if turn % 2 else None)
    await authenticate(laboratory, tls=True)
    assert memory_kib(aaa) - before < 64 * 1024
    assert "Traceback" not in (laboratory.folder / "aaa.log").read_text()
