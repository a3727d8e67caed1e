"""Whoever is refused by a running laboratory gets the protocol's own answer, and the logs one line with the cause."""

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address

import pytest
from cryptography import x509

from akadia.pki import Authority
from akadia.template import DIAMETER_PORT, DSMIP_PORT
from runtime.config import read_config
from tests.aaa.radius.samples import asked
from tests.lab import Lab, running_lab
from ue_sim import app
from ue_sim.settings import UeSettings
from ue_sim.shell import UeFailed, UeShell
from ue_sim.trains import Trains
from ue_sim.ue_events import Attached, Step
from ue_sim.usim import SoftwareUsim
from wire.ciphers import AES_CBC_128, HMAC_SHA2_256_128
from wire.diameter.applications import Application
from wire.diameter.capabilities import LocalNode, advertise
from wire.diameter.framing import Framer
from wire.diameter.message import Message
from wire.diameter.results import ResultCode
from wire.identity import Imsi
from wire.ikev2.algorithms import PRF_HMAC_SHA1
from wire.ikev2.groups import MODP_2048
from wire.ikev2.proposal import ike_proposal
from wire.mip6.binding_update import BindingFlag, BindingUpdate
from wire.mip6.encapsulation import seal_mobility
from wire.mip6.messages import build_message
from wire.radius.codec import build_packet
from wire.radius.eap import split_eap
from wire.radius.messages import status_server
from wire.radius.packet import Code, RadiusPacket
from wire.secret import Secret

pytestmark = pytest.mark.stack

DAEMONS = ("dns", "hss", "aaa", "pdngw")
NAI = "0{}@nai.epc.mnc001.mcc001.3gppnetwork.org"
STRANGER = Imsi("001010000000099")
WEAK = ike_proposal((AES_CBC_128,), (HMAC_SHA2_256_128,), (PRF_HMAC_SHA1,), (MODP_2048,))
FOREIGN = IPv6Address("2001:db8:ffff::1")
GENERAL_FAILURE = "the network notified 16384: general failure"
"""All that EAP-AKA tells a stranger (RFC 4187 §10.19)."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One laboratory for all; whoever is refused leaves nothing behind."""
    with running_lab(tmp_path_factory.mktemp("refusals"), hss="swx") as lab:
        yield lab


@pytest.fixture
def lab(running: Lab) -> Lab:
    """The laboratory with every line read that was written before."""
    for daemon in DAEMONS:
        running.new_lines(daemon)
    return running


async def causes(lab: Lab, expected: int) -> dict[str, list[str]]:
    """The causes of each daemon's refusals, once there are as many as expected and was time for one too many."""
    found: dict[str, list[str]] = {}
    for turn in range(100):
        for daemon in DAEMONS:
            new = [line.details["cause"] for line in lab.new_lines(daemon) if line.is_failure]
            if new:
                found.setdefault(daemon, []).extend(new)
        if sum(map(len, found.values())) >= expected and turn > 3:
            break
        await asyncio.sleep(0.03)
    return found


def settings(lab: Lab, imsi: Imsi | None = None) -> UeSettings:
    """The UE's, as the laboratory has them; it does not wait long."""
    raw = read_config(lab.laboratory.config)
    return replace(app.settings_of(raw, imsi or lab.imsi), give_up_after=5.0)


def ue(lab: Lab, changed: UeSettings | None = None, *, k: Secret | None = None) -> UeShell:
    """The test subscriber's UE, or one that differs in one thing."""
    own, opc = lab.keys
    return UeShell(changed or settings(lab), SoftwareUsim(k or own, opc), on_step=lambda _report: None)


async def refused(shell: UeShell) -> UeFailed:
    """How the attach of a UE fails."""
    async with shell:
        with pytest.raises(UeFailed) as caught:
            await shell.attach()
    return caught.value


# Users


def short(imsi: Imsi) -> str:
    """An IMSI as the log writes it."""
    return f"{str(imsi)[:5]}*******{str(imsi)[-3:]}"


async def test_unknown_user_is_refused_by_eap_and_named_in_the_logs(lab: Lab) -> None:
    failed = await refused(ue(lab, settings(lab, STRANGER)))
    assert (failed.step, failed.cause) == (Step.EAP, GENERAL_FAILURE)
    assert await causes(lab, 3) == {
        "hss": [f"user unknown: no subscriber {short(STRANGER)}"],
        "aaa": ["user unknown"],
        "pdngw": [f"{NAI.format(short(STRANGER))}: DEA 5001 USER_UNKNOWN (3GPP): user unknown"],
    }


async def test_wrong_key_is_found_out_by_the_usim_and_named_in_the_logs(lab: Lab) -> None:
    failed = await refused(ue(lab, k=Secret(bytes(16))))
    assert (failed.step, failed.cause) == (
        Step.EAP,
        "MAC of AUTN is wrong: the network does not hold the USIM's key",
    )
    assert await causes(lab, 2) == {
        "aaa": ["the UE rejects the network's AUTN"],
        "pdngw": [
            f"{NAI.format(short(lab.imsi))}: DEA 4001 AUTHENTICATION_REJECTED: the UE rejects the network's AUTN"
        ],
    }


async def test_barred_user_is_refused_until_he_is_let_in_again(lab: Lab) -> None:
    assert lab.akadia("subscriber", "disable", str(lab.imsi)).returncode == 0
    try:
        failed = await refused(ue(lab))
        found = await causes(lab, 3)
    finally:
        assert lab.akadia("subscriber", "enable", str(lab.imsi)).returncode == 0
    assert (failed.step, failed.cause) == (Step.EAP, GENERAL_FAILURE)
    assert found == {
        "hss": [f"subscriber barred: subscriber {short(lab.imsi)} is barred"],
        "aaa": ["subscriber barred"],
        "pdngw": [f"{NAI.format(short(lab.imsi))}: DEA 5003 AUTHORIZATION_REJECTED: subscriber barred"],
    }
    async with ue(lab) as shell:
        await shell.attach()
        assert await shell.detach() == "detached"


# IKEv2


async def test_gateway_of_another_authority_is_not_believed(lab: Lab) -> None:
    other = Authority("another", now=datetime.now(UTC)).credential.certificate
    changed = replace(settings(lab), anchors=tuple(x509.load_pem_x509_certificates(other)))
    failed = await refused(ue(lab, changed))
    assert (failed.step, failed.cause) == (
        Step.EAP,
        "the certificate of internet is not valid: no trusted authority signed it",
    )
    assert await causes(lab, 1) == {"pdngw": ["the UE says AUTHENTICATION_FAILED"]}


async def test_ue_without_a_common_proposal_is_told_so(lab: Lab) -> None:
    # RFC 7296 §2.7
    failed = await refused(ue(lab, replace(settings(lab), ike_proposals=(WEAK,))))
    assert failed.step is Step.IKE_SA_INIT
    assert failed.cause == "the gateway answers IKE_SA_INIT with NO_PROPOSAL_CHOSEN"
    # An answer that anybody could have sent is not believed at once: the UE asks again (RFC 7296 §2.21.1).
    found = await causes(lab, 1)
    assert set(found) == {"pdngw"}
    assert len(set(found["pdngw"])) == 1
    assert found["pdngw"][0].startswith("no common IKE proposal: offered AES_CBC_128 PRF_HMAC_SHA1 ")


# Binding Updates


def forged_update(shell: UeShell, attached: Attached) -> bytes:
    """A Binding Update for a foreign Home Address, in the SA that this UE really has."""
    machine = shell._driver._machine if shell._driver else None
    assert isinstance(machine, Trains)
    current = machine.ue.links.current
    transport = current.transport if current else None
    assert transport is not None
    flags = BindingFlag.ACKNOWLEDGE | BindingFlag.HOME_REGISTRATION
    update = build_message(BindingUpdate(sequence=1, flags=flags, lifetime=900), FOREIGN, attached.ha_address)
    return seal_mobility(update, FOREIGN, attached.ha_address, transport.outbound)


async def test_update_for_a_foreign_home_address_is_answered_by_silence(lab: Lab) -> None:
    block = lab.laboratory.plan.block
    async with ue(lab) as shell:
        attached = await shell.attach()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as own:
            own.bind((str(block.ue), 0))
            own.sendto(forged_update(shell, attached), (str(block.pdngw), DSMIP_PORT))
            # The gateway has read it when it answers what came after it.
            assert (await shell.ping(attached.ha_address, 3)).received == 3, "the good binding stands"
            with pytest.raises(BlockingIOError):
                own.recv(4096)
        found = await causes(lab, 1)
        await shell.detach()
    where = f"in the SA of {attached.home_address}"
    assert found == {"pdngw": [f"a Mobility Header from {FOREIGN} is outside the selectors, {where}"]}


# RADIUS


async def says_nothing(lab: Lab, octets: bytes) -> bool:
    """Whether the AAA server is silent to a packet, but answers the one behind it."""
    alive = status_server(identifier=255, authenticator=bytes(range(16)), secret=lab.radius_secret.encode())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setblocking(False)
        client.connect(lab.radius)
        client.send(octets)
        client.send(alive)
        async with asyncio.timeout(10):
            answer = await asyncio.get_running_loop().sock_recv(client, 4096)
        return answer[1] == 255


async def test_wrong_radius_secret_is_answered_by_silence(lab: Lab) -> None:
    # RFC 3579 §3.2
    assert await says_nothing(lab, asked(secret=b"another secret"))
    assert await causes(lab, 1) == {"aaa": ["Message-Authenticator is wrong; does the client have another secret?"]}


async def test_missing_message_authenticator_is_answered_by_silence(lab: Lab) -> None:
    # RFC 3579 §3.1
    bare = build_packet(RadiusPacket(Code.ACCESS_REQUEST, 7, bytes(16), split_eap(b"\x02\x01\x00\x05\x01")))
    assert await says_nothing(lab, bare)
    assert await causes(lab, 1) == {"aaa": ["EAP-Message without Message-Authenticator"]}


# Diameter


async def test_unknown_diameter_peer_is_told_so_and_cut_off(lab: Lab) -> None:
    # RFC 6733 §5.3: DIAMETER_UNKNOWN_PEER
    plan = lab.laboratory.plan
    stranger = LocalNode("stranger.example", "example", (Application.S6B,))
    request = advertise(stranger, (IPv4Address("127.0.0.1"),)).message().numbered(hop_by_hop=1, end_to_end=1)
    reader, writer = await asyncio.open_connection(str(plan.block.aaa), DIAMETER_PORT)
    writer.write(request.build())
    async with asyncio.timeout(10):
        received = await reader.read()
    writer.close()
    (answer,) = (Message.parse(octets) for octets in Framer().feed(received))
    assert answer.result_code == ResultCode.UNKNOWN_PEER
    found = await causes(lab, 1)
    assert list(found) == ["aaa"]
    assert len(found["aaa"]) == 1
    assert "stranger.example" in found["aaa"][0]
