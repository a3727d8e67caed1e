"""Wireshark opens what both IKE machines say to each other: every message decrypted, every ICV right, nothing odd."""

import os
import subprocess
from collections.abc import Callable
from ipaddress import IPv6Network
from pathlib import Path

import pytest

from runtime.frames import udp_packet
from runtime.pcapng import enhanced_packet, interface_description, section_header
from runtime.wireshark import KeyTables
from tests.ike_link import APN, GATEWAY, HOME_ADDRESS, NAI, UE, IkeLink, ike_link, initiator_policy, responder_policy
from ue_sim.ike.events import ChildRequested, CloseRequested, IkeKeysReady
from wire.ciphers import AES_CBC_128, AES_CBC_256, HMAC_SHA2_256_128, HMAC_SHA2_384_192, HMAC_SHA2_512_256
from wire.ikev2.algorithms import PRF_HMAC_SHA2_256, PRF_HMAC_SHA2_512
from wire.ikev2.child import Mode
from wire.ikev2.groups import ECP_256, MODP_2048
from wire.ikev2.nat import Endpoint
from wire.ikev2.payloads.sa import Proposal
from wire.ikev2.proposal import IKE_PROPOSALS, ike_proposal
from wire.ikev2.selectors import TrafficSelector

pytestmark = pytest.mark.interop

SUITES = [
    IKE_PROPOSALS[0],
    ike_proposal((AES_CBC_128,), (HMAC_SHA2_256_128,), (PRF_HMAC_SHA2_256,), (ECP_256,)),
    ike_proposal((AES_CBC_256,), (HMAC_SHA2_384_192, HMAC_SHA2_512_256), (PRF_HMAC_SHA2_512,), (MODP_2048,)),
]
DATA = ChildRequested(
    Mode.TUNNEL, (TrafficSelector.address(HOME_ADDRESS),), (TrafficSelector.network(IPv6Network("::/0")),)
)
SAID = (
    NAI,
    f"Identification Data:{APN}",
    "Notify Message Type: USE_TRANSPORT_MODE (16391)",
    "Authentication Method: Digital Signature (14)",
    "Authentication Method: Shared Key Message Integrity Code (2)",
    "Config Attribute (t=8,l=17): INTERNAL_IP6_ADDRESS",
    f"Starting Addr: {HOME_ADDRESS}",
    "Protocol ID: Mobile IPv6 (135)",
    "Payload: Delete (42)",
)
"""In Wireshark's words: what stands inside the sealed messages of a whole life."""


def whole_life(proposal: Proposal) -> IkeLink:
    policies = {"ike_proposals": (proposal,)}
    link = ike_link(initiator=initiator_policy(**policies), responder=responder_policy(**policies)).connect().run(1.0)
    link.tell_ue(DATA)
    link.run(2.0)
    link.tell_ue(CloseRequested())
    return link.run(3.0)


def capture(link: IkeLink, folder: Path) -> Path:
    """A pcapng of all that was sent, in the order of the exchanges, with the keys beside it."""
    file = folder / "ike.pcapng"
    octets = section_header() + interface_description("test")
    for at, (request, reply) in enumerate(zip(link.to_gateway, link.to_ue, strict=True)):
        for source, destination, payload in ((UE, GATEWAY, request), (GATEWAY, UE, reply)):
            octets += enhanced_packet(0, at, udp_packet(pair(source), pair(destination), payload))
    file.write_bytes(octets)
    (ready,) = link.seen_by_ue(IkeKeysReady)
    KeyTables(folder / "wireshark").add_ike(ready.spi_i, ready.spi_r, ready.suite, ready.keys)
    return file


def pair(endpoint: Endpoint) -> tuple[str, int]:
    return str(endpoint.address), endpoint.port


def read(program: str, file: Path, *options: str) -> str:
    environment = {**os.environ, "WIRESHARK_CONFIG_DIR": str(file.parent / "wireshark")}
    command = [program, "-r", str(file), *options]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.mark.parametrize("proposal", SUITES, ids=["gcm", "cbc", "cbc and sha512"])
def test_tshark_opens_every_message(proposal: Proposal, tmp_path: Path, foreign_peer: Callable[[str], str]) -> None:
    program = foreign_peer("tshark")
    link = whole_life(proposal)
    file = capture(link, tmp_path)
    tree = read(program, file, "-V")
    assert len(link.to_gateway) == 7
    assert tree.count("Decrypted Data") == tree.count("[correct]") == 12
    assert [said for said in SAID if said not in tree] == []
    assert "incorrect" not in tree
    assert read(program, file, "-Y", "_ws.malformed || _ws.expert.severity >= error") == ""
