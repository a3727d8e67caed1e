"""Wireshark opens what we seal: ESP in UDP, and Binding Updates in ESP in IPv6 in UDP, each ICV checked."""

import os
import subprocess
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from pathlib import Path

import pytest

from runtime.pcapng import enhanced_packet, interface_description, section_header
from ue_sim.mobile_node import MobileNode
from ue_sim.mobility import MobilityPolicy, SendMobility, TunnelUp
from ue_sim.stack import Stack
from wire.ciphers import (
    AES_CBC_128,
    AES_CBC_256,
    AES_GCM_16_128,
    AES_GCM_16_256,
    HMAC_SHA2_256_128,
    HMAC_SHA2_512_256,
    Encryption,
    Integrity,
    Protector,
    keymat_octets,
)
from wire.esp.sa import OutboundSa
from wire.ip.icmpv6 import build_icmpv6
from wire.ip.ipv4 import Ipv4Packet
from wire.ip.ipv6 import PROTO_ICMPV6, PROTO_IPV6, PROTO_UDP
from wire.ip.packet import packet_between
from wire.ip.udp import UdpDatagram
from wire.mip6.binding_ack import AckFlag, BindingAck
from wire.mip6.discovery import HomePrefix, PrefixAdvertisement
from wire.mip6.encapsulation import DSMIPV6_PORT, seal_from_care_of, seal_mobility, seal_to_care_of
from wire.mip6.messages import build_message
from wire.mip6.revocation import RevocationAck, RevocationIndication
from wire.secret import Secret

pytestmark = pytest.mark.interop

UE, GATEWAY = IPv4Address("127.9.8.10"), IPv4Address("127.9.8.4")
HOME, AGENT = IPv6Address("2001:db8:1::100"), IPv6Address("2001:db8:1::1")
SPI = 0xC0FFEE01
SUITES = [
    (AES_GCM_16_128, None, '"AES-GCM with 16 octet ICV [RFC4106]","0x{cipher}","NULL",""'),
    (AES_GCM_16_256, None, '"AES-GCM with 16 octet ICV [RFC4106]","0x{cipher}","NULL",""'),
    (AES_CBC_128, HMAC_SHA2_256_128, '"AES-CBC [RFC3602]","0x{cipher}","HMAC-SHA-256-128 [RFC4868]","0x{mac}"'),
    (AES_CBC_256, HMAC_SHA2_512_256, '"AES-CBC [RFC3602]","0x{cipher}","HMAC-SHA-512-256 [RFC4868]","0x{mac}"'),
]
Suite = tuple[Encryption, Integrity | None, str]
Shark = Callable[[Suite, bytes, tuple[str, ...]], list[str]]


def outbound(suite: Suite) -> tuple[OutboundSa, Secret]:
    encryption, integrity, _ = suite
    keys = Secret(bytes(range(1, keymat_octets(encryption, integrity) + 1)))
    return OutboundSa(spi=SPI, protector=Protector(encryption, integrity, keys), random=lambda n: b"\x5a" * n), keys


def in_udp(payload: bytes, port: int) -> bytes:
    """An IPv4 packet from the UE to the gateway."""
    datagram = UdpDatagram(port, port, payload).build(UE, GATEWAY)
    return Ipv4Packet(source=UE, destination=GATEWAY, protocol=PROTO_UDP, payload=datagram).build()


@pytest.fixture
def shark(tmp_path: Path, foreign_peer: Callable[[str], str]) -> Shark:
    """`shark(suite, packet, fields)` is what tshark reads in one packet with the suite's keys at hand."""
    program = foreign_peer("tshark")

    def read(suite: Suite, packet: bytes, fields: tuple[str, ...]) -> list[str]:
        capture, config = tmp_path / "one.pcapng", tmp_path / "wireshark"
        capture.write_bytes(section_header() + interface_description("test") + enhanced_packet(0, 0, packet))
        config.mkdir()
        encryption, _, line = suite
        keys = outbound(suite)[1]
        cut = encryption.key_octets + encryption.salt_octets
        algorithms = line.format(cipher=keys[:cut].hex(), mac=keys[cut:].hex())
        lines = [f'"{family}","*","*","{SPI:#010x}",{algorithms}\n' for family in ("IPv4", "IPv6")]
        (config / "esp_sa").write_text("".join(lines), encoding="ascii")
        settings = "esp.enable_encryption_decode: TRUE\nesp.enable_authentication_check: TRUE\n"
        (config / "preferences").write_text(settings, encoding="ascii")
        command = [program, "-r", str(capture), "-d", f"udp.port=={DSMIPV6_PORT},ipv6", "-T", "fields"]
        for field in (*fields, "_ws.malformed", "_ws.expert.message"):
            command += ["-e", field]
        environment = {**os.environ, "WIRESHARK_CONFIG_DIR": str(config)}
        told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
        return told.stdout.rstrip("\n").split("\t")

    return read


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite[0].name)
def test_tshark_reads_a_tunnelled_ping(shark: Shark, suite: Suite) -> None:
    sealed = outbound(suite)[0].seal(Stack(HOME).echo_request(AGENT, 7, 9, bytes(33)), PROTO_IPV6)
    fields = ("esp.sequence", "esp.icv_good", "ipv6.src", "icmpv6.echo.sequence_number", "icmpv6.checksum.status")
    assert shark(suite, in_udp(sealed, 4500), fields) == ["1", "1", str(HOME), "9", "1", "", ""]


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite[0].name)
def test_tshark_reads_a_binding_update_of_the_mobile_node(shark: Shark, suite: Suite) -> None:
    node = MobileNode(MobilityPolicy(ipv4_home_address=IPv4Address(0)), sequence=41)
    (send,) = node.handle(TunnelUp(home_address=HOME, ha_address=AGENT, care_of=UE), 0.0)
    assert isinstance(send, SendMobility)
    packet = in_udp(seal_mobility(send.octets, HOME, AGENT, outbound(suite)[0]), DSMIPV6_PORT)
    fields = (
        "esp.icv_good", "mip6.mhtype", "mip6.bu.seqnr", "mip6.bu.a_flag", "mip6.bu.h_flag", "mip6.bu.k_flag",
        "mip6.bu.lifetime", "mip6.ipv4coa.addr",
    )  # fmt: skip
    assert shark(suite, packet, fields) == ["1", "5", "42", "1", "1", "1", "900", str(UE), "", ""]


def test_tshark_reads_a_binding_revocation(shark: Shark) -> None:
    fields = ("mip6.mhtype", "mip6.bri_br.type", "mip6.bri_r.trigger", "mip6.bri_status", "mip6.bri_seqnr")
    indication = build_message(RevocationIndication(trigger=1, sequence=77), AGENT, HOME)
    packet = in_udp(seal_mobility(indication, AGENT, HOME, outbound(SUITES[0])[0]), DSMIPV6_PORT)
    assert shark(SUITES[0], packet, fields) == ["16", "1", "1", "", "77", "", ""]


def test_tshark_reads_the_answer_to_a_binding_revocation(shark: Shark) -> None:
    fields = ("mip6.mhtype", "mip6.bri_br.type", "mip6.bri_r.trigger", "mip6.bri_status", "mip6.bri_seqnr")
    answer = build_message(RevocationAck(status=128, sequence=77), HOME, AGENT)
    packet = in_udp(seal_mobility(answer, HOME, AGENT, outbound(SUITES[0])[0]), DSMIPV6_PORT)
    assert shark(SUITES[0], packet, fields) == ["16", "2", "", "128", "77", "", ""]


AWAY = IPv6Address("2001:db8:b::77")


def test_tshark_reads_a_binding_update_behind_a_home_address_option(shark: Shark) -> None:
    update = MobileNode(MobilityPolicy(), sequence=41).handle(
        TunnelUp(home_address=HOME, ha_address=AGENT, care_of=AWAY), 0.0
    )
    (send,) = update
    assert isinstance(send, SendMobility)
    packet = seal_from_care_of(send.octets, HOME, AGENT, AWAY, outbound(SUITES[0])[0])
    fields = (
        "ipv6.src",
        "ipv6.opt.mipv6.home_address",
        "esp.icv_good",
        "mip6.mhtype",
        "mip6.bu.seqnr",
        "mip6.acoa.acoa",
    )
    assert shark(SUITES[0], packet, fields) == [str(AWAY), str(HOME), "1", "5", "42", str(AWAY), "", ""]


def test_tshark_reads_an_answer_behind_a_type_2_routing_header(shark: Shark) -> None:
    ack = BindingAck(status=0, flags=AckFlag(0), sequence=42, lifetime=900)
    octets = build_message(ack, AGENT, HOME)
    packet = seal_to_care_of(octets, HOME, AGENT, AWAY, outbound(SUITES[0])[0])
    fields = ("ipv6.routing.type", "ipv6.routing.mipv6.home_address", "esp.icv_good", "mip6.mhtype", "mip6.ba.seqnr")
    assert shark(SUITES[0], packet, fields) == ["2", str(HOME), "1", "6", "42", "", ""]


def test_tshark_reads_a_mobile_prefix_advertisement(shark: Shark) -> None:
    advertised = PrefixAdvertisement(7, (HomePrefix(IPv6Network("2001:db8:1::/64"), valid=7200, preferred=3600),))
    payload = build_icmpv6(advertised.build(), AGENT, HOME)
    packet = packet_between(AGENT, HOME, PROTO_ICMPV6, payload).build()
    fields = (
        "icmpv6.type", "icmpv6.checksum.status", "icmpv6.mip6.identifier", "icmpv6.opt.prefix",
        "icmpv6.opt.prefix.length", "icmpv6.opt.prefix.valid_lifetime", "icmpv6.opt.prefix.preferred_lifetime",
    )  # fmt: skip
    told = shark(SUITES[0], packet, fields)
    assert told == ["147", "1", "7", "2001:db8:1::", "64", "7200", "3600", "", ""]
