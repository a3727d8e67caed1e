"""Child SA pairs as both their holders see them."""

from ipaddress import IPv6Address, IPv6Network

from wire.ciphers import AES_CBC_256, HMAC_SHA2_256_128, keymat_octets
from wire.ikev2.algorithms import EspSuite
from wire.ikev2.child import ChildSa, Mode, child_sa
from wire.ikev2.constants import ProtocolId
from wire.ikev2.keys import ChildKeys
from wire.ikev2.selectors import MOBILITY_HEADER, TrafficSelector, mobility_ports
from wire.ip.ipv6 import Ipv6Packet
from wire.secret import Secret

HOME_ADDRESS, HA_ADDRESS = IPv6Address("2001:db8:7::100"), IPv6Address("2001:db8:7::1")
SUITE = EspSuite(AES_CBC_256, HMAC_SHA2_256_128, esn=True)
OCTETS = keymat_octets(AES_CBC_256, HMAC_SHA2_256_128)
KEYS = ChildKeys(Secret(b"i" * OCTETS), Secret(b"r" * OCTETS))
LOCAL = (TrafficSelector.address(HOME_ADDRESS, MOBILITY_HEADER, mobility_ports(5)),)
REMOTE = (TrafficSelector.network(IPv6Network("2001:db8:7::/126"), MOBILITY_HEADER),)


def pair() -> tuple[ChildSa, ChildSa]:
    one, other = b"\0\0\1\1", b"\0\0\2\2"
    mine = child_sa(
        SUITE, KEYS, mode=Mode.TRANSPORT, spi_in=one, spi_out=other, local=LOCAL, remote=REMOTE, initiator=True
    )
    theirs = child_sa(
        SUITE, KEYS, mode=Mode.TRANSPORT, spi_in=other, spi_out=one, local=REMOTE, remote=LOCAL, initiator=False
    )
    return mine, theirs


def test_one_ends_outbound_is_the_others_inbound() -> None:
    mine, theirs = pair()
    assert (mine.spi_in, mine.spi_out) == (theirs.spi_out, theirs.spi_in) == (0x101, 0x202)
    assert mine.protocol == ProtocolId.ESP
    for sender, receiver in ((mine, theirs), (theirs, mine)):
        body = sender.protector_out.seal(header=b"h", iv=bytes(16), plaintext=bytes(16))
        assert receiver.protector_in.open(header=b"h", body=body) == bytes(16)


def test_initiators_keys_come_first() -> None:
    """RFC 7296 §2.17."""
    mine, _ = pair()
    assert mine.keys_out == KEYS.initiator_to_responder
    assert "secret" in repr(mine)
    assert "iiii" not in repr(mine)


def test_selectors_speak_to_the_esp_layer() -> None:
    mine, _ = pair()
    update = Ipv6Packet(source=HOME_ADDRESS, destination=HA_ADDRESS, next_header=135, payload=bytes((59, 0, 5, 0)) * 2)
    other = Ipv6Packet(source=HOME_ADDRESS, destination=HA_ADDRESS, next_header=135, payload=bytes((59, 0, 3, 0)) * 2)
    assert mine.selectors.allow_outbound(update)
    assert not mine.selectors.allow_outbound(other)


def test_algorithms_are_named() -> None:
    assert pair()[0].algorithms == "AES_CBC_256 HMAC_SHA2_256_128 ESN"
