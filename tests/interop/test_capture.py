"""Wireshark opens what the demo leaves: every protocol read, every sealed packet opened, no word wrong."""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network
from pathlib import Path

import pytest

from akadia.template import AaaChoice
from tests.lab import akadia

pytestmark = pytest.mark.interop

PINGS = 5
MOBILITY, IPV6 = "0x87", "0x29"
BINDING_UPDATE, BINDING_ACK = "5", "6"
ECHO_REQUEST, ECHO_REPLY = "128", "129"
COMMAND = ("diameter.applicationId", "diameter.cmd.code")
CHALLENGE = "1"
"""EAP-AKA's Subtype (RFC 4187 §11)."""


@dataclass(frozen=True)
class Opened:
    """A capture, and Wireshark with the tables that were left beside it."""

    tshark: str
    folder: Path
    aaa: AaaChoice

    def run(self, *arguments: str) -> str:
        """What tshark says of the whole capture."""
        capture = self.folder / "capture"
        done = subprocess.run(
            [self.tshark, "-n", "-r", str(capture / "all.pcapng"), *arguments],
            env={**os.environ, "WIRESHARK_CONFIG_DIR": str(capture / "wireshark")},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def fields(self, only: str, *names: str) -> list[list[str]]:
        """The fields `names` of every frame that the filter `only` leaves."""
        options = [option for name in names for option in ("-e", name)]
        return [line.split("\t") for line in self.run("-Y", only, "-T", "fields", *options).splitlines()]

    def count(self, only: str) -> int:
        """How many frames the filter leaves."""
        return len(self.fields(only, "frame.number"))


@pytest.fixture(scope="module", params=["diameter", "radius"])
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, AaaChoice]:
    """The folder of a demo over each AAA link."""
    aaa: AaaChoice = request.param
    folder = tmp_path_factory.mktemp(aaa) / "kept"
    done = akadia("demo", "--aaa", aaa, "--keep", str(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, aaa


@pytest.fixture
def opened(foreign_peer: Callable[[str], str], kept: tuple[Path, AaaChoice]) -> Opened:
    folder, aaa = kept
    return Opened(foreign_peer("tshark"), folder, aaa)


def test_wireshark_finds_nothing_malformed_and_no_expert_error(opened: Opened) -> None:
    assert opened.count("frame") > 40
    assert opened.fields("_ws.malformed", "frame.number", "frame.protocols") == []
    assert opened.fields("_ws.expert.severity >= warning", "frame.number", "_ws.expert.message") == []
    told = opened.run("-q", "-z", "expert")
    assert "Errors (" not in told
    assert "Warns (" not in told


def test_wireshark_knows_every_frame(opened: Opened) -> None:
    protocols = {name for (stack,) in opened.fields("frame", "frame.protocols") for name in stack.split(":")}
    expected = {"dns", "udpencap", "isakmp", "eap", "esp", "mipv6", "icmpv6", "diameter", "tcp"}
    assert expected | ({"radius"} if opened.aaa == "radius" else set()) <= protocols
    assert opened.count("data && !icmpv6") == 0, "octets that nobody could read"


def test_wireshark_reads_eap_aka_inside_ike(opened: Opened) -> None:
    rounds = opened.fields("isakmp && eap", "eap.code", "eap.type", "eap.aka.subtype")
    assert rounds == [["1", "23", CHALLENGE], ["2", "23", CHALLENGE], ["3", "", ""]]
    told = opened.run("-Y", "isakmp && eap.code == 1", "-V")
    for attribute in ("AT_RAND", "AT_AUTN", "AT_MAC"):
        assert attribute in told


def test_wireshark_opens_every_sealed_ike_message(opened: Opened) -> None:
    sealed = opened.count("isakmp.exchangetype != 34")
    assert sealed >= 10
    told = opened.run("-Y", "isakmp.exchangetype != 34", "-V")
    assert told.count("Integrity Checksum Data: ") == told.count("(16 bytes)[correct]") == sealed
    for word in (
        "INTERNAL_IP6_ADDRESS",
        "USE_TRANSPORT_MODE",
        "Authentication Method: Digital Signature (14)",
        "Authentication Method: Shared Key Message Integrity Code (2)",
        "Payload: Delete (42)",
    ):
        assert word in told


def test_wireshark_reads_the_home_address_that_was_bound(opened: Opened) -> None:
    ((home_address,),) = opened.fields("isakmp.cfg.attr.internal_ip6_address", "isakmp.cfg.attr.internal_ip6_address")
    assert IPv6Address(home_address) in IPv6Network("2001:db8::/32")
    assert opened.fields("mip6.mhtype == 5", "ipv6.src") == [[home_address]] * 2


def test_wireshark_verifies_and_opens_every_esp_packet(opened: Opened) -> None:
    # RFC 4303: the ICV is a foreign decoder's word that our ESP is right.
    packets = opened.fields("esp", "esp.icv_good", "esp.icv_bad", "esp.protocol")
    assert {(good, bad) for good, bad, _ in packets} == {("1", "0")}
    assert [protocol for *_, protocol in packets] == [MOBILITY] * 2 + [IPV6] * 2 * PINGS + [MOBILITY] * 2


def test_wireshark_reads_binding_and_release(opened: Opened) -> None:
    messages = opened.fields("mipv6", "mip6.mhtype", "mip6.bu.seqnr", "mip6.ba.seqnr", "mip6.ba.status")
    kinds = [kind for kind, *_ in messages]
    assert kinds == [BINDING_UPDATE, BINDING_ACK] * 2
    (_, first, *_), (_, _, answered, status), *_ = messages
    assert (first, status) == (answered, "0")
    lifetimes = opened.fields("mip6.mhtype == 5", "mip6.bu.lifetime")
    assert [int(lifetime) > 0 for (lifetime,) in lifetimes] == [True, False]


def test_wireshark_reads_the_pings_inside_the_tunnel(opened: Opened) -> None:
    kinds = [kind for (kind,) in opened.fields("esp && icmpv6", "icmpv6.type")]
    assert kinds == [ECHO_REQUEST, ECHO_REPLY] * PINGS


def test_wireshark_verifies_radius_with_the_secret_that_was_left(opened: Opened) -> None:
    if opened.aaa != "radius":
        assert opened.count("radius") == 0
        return
    packets = opened.fields("radius", "radius.code", "eap.code", "radius.authenticator.valid")
    told = [["4", "", ""], ["5", "", "1"]]
    login = [["1", "2", ""], ["11", "1", "1"], ["1", "2", ""], ["2", "3", "1"]]
    # the gateway tells its own begin beside the login, then a UE's begin and end, and its own end
    assert sorted(packets) == sorted([*login, *told * 4])
    assert [packet for packet in packets if packet not in told] == login
    shown = opened.run("-Y", "radius", "-V")
    for word in ("Message-Authenticator", "MS-MPPE-Recv-Key", "MS-MPPE-Send-Key", "AT_RAND", "AT_RES"):
        assert word in shown


def test_wireshark_reads_s6b_and_swx(opened: Opened) -> None:
    commands = {(application, command) for application, command in opened.fields("diameter", *COMMAND)}
    swx = {("16777265", "303"), ("16777265", "301")}
    s6b = {("16777272", "268"), ("16777272", "275")} if opened.aaa == "diameter" else set()
    assert swx | s6b <= commands
    assert {application for application, _ in commands} == {"0", *(application for application, _ in swx | s6b)}


def test_no_key_is_in_the_diameter_of_the_capture(opened: Opened) -> None:
    masked = ["diameter.3GPP-SIP-Authorization", "diameter.Confidentiality-Key", "diameter.Integrity-Key"]
    if opened.aaa == "diameter":
        masked.append("diameter.EAP-Master-Session-Key")
    for name in masked:
        ((value,),) = opened.fields(name, name)
        octets = bytes.fromhex(value.replace(":", ""))
        assert len(octets) in {8, 16, 64}
        assert octets == bytes(len(octets)), f"{name} is in the capture"


def test_answers_stand_after_what_they_answer(opened: Opened) -> None:
    """The daemons write their captures apart; merged, the conversation is still one."""
    stacks = [stack for (stack,) in opened.fields("eap", "frame.protocols")]
    links = ["isakmp" if "isakmp" in stack else "aaa" for stack in stacks]
    # Identity to the AAA server; challenge down both links, response up both; success down both.
    assert links == ["aaa", "aaa", "isakmp", "isakmp", "aaa", "aaa", "isakmp"]
