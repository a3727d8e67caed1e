"""A Child SA pair at work: both ends of one, and what may not pass."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest

from wire.ciphers import ENCRYPTIONS, IntegrityFailed, keymat_octets
from wire.errors import DecodeError, ProtocolViolation
from wire.esp.replay import Replayed
from wire.ikev2.algorithms import EspSuite
from wire.ikev2.association import UNUSABLE, Association, outbound_of
from wire.ikev2.child import Mode, child_sa
from wire.ikev2.keys import ChildKeys
from wire.ikev2.selectors import TrafficSelector
from wire.ip.ipv4 import Ipv4Packet
from wire.ip.ipv6 import PROTO_ESP, PROTO_MOBILITY, PROTO_UDP, Ipv6Packet
from wire.secret import Secret

HOME_ADDRESS = IPv6Address("2001:db8:1::100")
OTHER = IPv6Address("2001:db8:1::200")
SERVER = IPv6Address("2001:db8:1::cafe")
ANYWHERE = IPv6Network("::/0")


def entropy(count: int) -> bytes:
    return bytes(count)


def pair(*, ipv4: bool = False) -> tuple[Association, Association]:
    """The UE's and the gateway's end of one tunnel-mode SA."""
    suite = EspSuite(next(iter(ENCRYPTIONS.values())), None, esn=True)
    octets = keymat_octets(suite.encryption, None)
    keys = ChildKeys(Secret(bytes(octets)), Secret(bytes([1]) * octets))
    home: tuple[TrafficSelector, ...] = (TrafficSelector.address(HOME_ADDRESS),)
    anywhere: tuple[TrafficSelector, ...] = (TrafficSelector.network(ANYWHERE),)
    if ipv4:
        home, anywhere = ((*ends, TrafficSelector.network(IPv4Network("0.0.0.0/0"))) for ends in (home, anywhere))
    spi_ue, spi_gateway = b"\x00\x00\x10\x01", b"\x00\x00\x20\x02"
    ue = child_sa(
        suite, keys, mode=Mode.TUNNEL, spi_in=spi_ue, spi_out=spi_gateway, local=home, remote=anywhere, initiator=True
    )
    gateway = child_sa(
        suite, keys, mode=Mode.TUNNEL, spi_in=spi_gateway, spi_out=spi_ue, local=anywhere, remote=home, initiator=False
    )
    return tuple(Association(child, HOME_ADDRESS, random=entropy) for child in (ue, gateway))  # type: ignore[return-value]


def packet(source: IPv6Address = HOME_ADDRESS, destination: IPv6Address = SERVER) -> Ipv6Packet:
    return Ipv6Packet(source=source, destination=destination, next_header=PROTO_UDP, payload=b"\0\1\0\2\0\x08\0\0")


def packet4() -> Ipv4Packet:
    source, destination = IPv4Address("10.1.2.10"), IPv4Address("10.1.2.254")
    return Ipv4Packet(source=source, destination=destination, protocol=PROTO_UDP, payload=b"\0\1\0\2\0\x08\0\0")


def test_tunnel_wears_out_by_octets_and_by_numbers() -> None:
    ue, gateway = pair()
    length = len(packet().build())
    for _ in range(9):
        assert not ue.wears_out(10 * length)
        gateway.open_tunnelled(ue.seal_tunnelled(packet().build()))
    assert (ue.octets, gateway.octets) == (9 * length, 9 * length)
    assert ue.wears_out(10 * length)
    assert gateway.wears_out(10 * length)
    assert not ue.wears_out(None)
    ue.outbound._sequence = ue.outbound.most * 19 // 20
    assert ue.wears_out(None)


def test_tunnel_says_where_it_wears_out_and_that_it_carries_all() -> None:
    ue, gateway = pair()
    assert ue.worn_at(1000) == (900, 2**64 * 0.9)
    assert ue.worn_at(None)[0] > 2**70
    assert (ue.carries_all(inward=False), gateway.carries_all(inward=True)) == (True, True)
    assert (ue.carries_all(inward=True), gateway.carries_all(inward=False)) == (False, False)
    assert all(end.carries_all(inward=inward) for end, inward in zip(pair(ipv4=True), (False, True), strict=True))


def test_of_several_tunnels_the_newest_that_is_ready_and_allows_the_packet_is_taken() -> None:
    (old, _), (_, far) = pair(), pair()
    _, granted = pair()
    assert outbound_of([old, granted], Mode.TUNNEL) is old
    granted.inbound.open(pair()[0].outbound.seal(packet().build(), 41))
    assert outbound_of([old, granted], Mode.TUNNEL) is granted
    assert outbound_of([old, granted], Mode.TUNNEL, packet().build()) is old
    old.retired = True
    assert outbound_of([old, granted], Mode.TUNNEL, packet().build()) is granted
    assert outbound_of([old, far], Mode.TRANSPORT) is None


def test_gateway_opens_what_the_ue_sealed() -> None:
    ue, gateway = pair()
    sealed = ue.seal_tunnelled(packet().build())
    assert packet().build() not in sealed
    assert gateway.open_tunnelled(sealed) == packet()


def test_ue_opens_what_the_gateway_sealed() -> None:
    ue, gateway = pair()
    reply = packet(SERVER, HOME_ADDRESS)
    assert ue.open_tunnelled(gateway.seal_tunnelled(reply.build())) == reply


def test_ue_does_not_send_from_a_foreign_address() -> None:
    ue, _ = pair()
    with pytest.raises(ProtocolViolation, match="2001:db8:1::200"):
        ue.seal_tunnelled(packet(source=OTHER).build())


def test_gateway_refuses_a_foreign_inner_source() -> None:
    ue, gateway = pair()
    forged = ue.outbound.seal(packet(source=OTHER).build(), 41)
    with pytest.raises(ProtocolViolation, match="outside the selectors"):
        gateway.open_tunnelled(forged)


def test_gateway_refuses_what_is_no_ip_packet_of_the_version_that_esp_names() -> None:
    ue, gateway = pair()
    for octets, next_header in ((packet().build(), 4), (packet4().build(), 41), (packet().build(), 59)):
        with pytest.raises(ProtocolViolation, match=f"protocol {next_header}"):
            gateway.open_tunnelled(ue.outbound.seal(octets, next_header))
    with pytest.raises(DecodeError):
        gateway.open_tunnelled(ue.outbound.seal(b"E", 4))


def test_ipv4_goes_through_where_the_selectors_have_it() -> None:
    # RFC 5555 §4.1: the inner packet is of either version
    ue, gateway = pair(ipv4=True)
    assert gateway.open_tunnelled(ue.seal_tunnelled(packet4().build())) == packet4()
    assert gateway.open_tunnelled(ue.seal_tunnelled(packet().build())) == packet()
    ue, gateway = pair()
    with pytest.raises(ProtocolViolation, match=r"10\.1\.2\.10"):
        ue.seal_tunnelled(packet4().build())
    with pytest.raises(ProtocolViolation, match="outside the selectors"):
        gateway.open_tunnelled(ue.outbound.seal(packet4().build(), 4))


def test_gateway_refuses_a_replay_and_a_changed_octet() -> None:
    ue, gateway = pair()
    sealed = ue.seal_tunnelled(packet().build())
    gateway.open_tunnelled(sealed)
    with pytest.raises(Replayed):
        gateway.open_tunnelled(sealed)
    later = bytearray(ue.seal_tunnelled(packet().build()))
    later[-1] ^= 1
    with pytest.raises(IntegrityFailed):
        gateway.open_tunnelled(bytes(later))


def test_gateway_checks_whose_mobility_header_it_is() -> None:
    _, gateway = pair()
    header = b"\x3b\x01\x05\x00" + bytes(12)
    outer = Ipv6Packet(source=HOME_ADDRESS, destination=SERVER, next_header=PROTO_ESP, payload=b"")
    gateway.check_mobility(outer, header)
    stranger = Ipv6Packet(source=OTHER, destination=SERVER, next_header=PROTO_MOBILITY, payload=b"")
    with pytest.raises(ProtocolViolation, match="Mobility Header"):
        gateway.check_mobility(stranger, header)


def test_every_refusal_is_named() -> None:
    assert {IntegrityFailed, Replayed, ProtocolViolation} < set(UNUSABLE)
