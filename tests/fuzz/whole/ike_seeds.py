"""What a genuine end might say once it is connected, before it is altered: IKE, Mobility Headers, packets."""

from collections.abc import Sequence
from ipaddress import IPv6Address, IPv6Network
from random import Random

from tests.fuzz.fuzz_mip6 import HEADERS, REVOCATION
from tests.fuzz.mutation import mutate
from tests.fuzz.whole.ike_insider import Inside, inside_of
from tests.fuzz.whole.ike_network import Ends, repaired
from tests.network import CORRESPONDENT
from wire.ikev2.constants import ExchangeType, NotifyType, ProtocolId
from wire.ikev2.groups import CURVE25519
from wire.ikev2.payloads.delete import Delete
from wire.ikev2.payloads.ke import KeyExchange
from wire.ikev2.payloads.nonce import Nonce
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.payloads.sa import SecurityAssociation
from wire.ikev2.payloads.ts import TsInitiator, TsResponder
from wire.ikev2.proposal import ESP_PROPOSALS, IKE_PROPOSALS, offer, with_groups
from wire.ikev2.selectors import TrafficSelector
from wire.ip.icmpv6 import EchoRequest, PacketTooBig, build_icmpv6
from wire.ip.ipv6 import PROTO_ICMPV6, Ipv6Packet
from wire.mip6.binding_ack import AckFlag, BindingAck
from wire.mip6.binding_update import BindingFlag, BindingUpdate
from wire.mip6.header import MobilityHeader
from wire.mip6.ipv6_options import AlternateCareOf

_NONCE = Nonce(bytes(range(32)))
_SHARE = KeyExchange(31, CURVE25519.load(bytes(range(32))).public)
_FAREWELL = 8
"""In one of so many cases a UE may end its IKE SA: most are to find one that is up."""
_ANYWHERE = TrafficSelector.network(IPv6Network("::/0"))


def requests(own: IPv6Address, spis: Sequence[int], chance: Random) -> tuple[Inside, ...]:
    """Of a UE whose Home Address is `own`; `spis` are those of Child SAs, its own and those of others."""
    spi = chance.choice(spis).to_bytes(4, "big")
    child = SecurityAssociation(offer(with_groups(ESP_PROPOSALS, (CURVE25519, None)), chance.randbytes(4)))
    ike = SecurityAssociation(offer(with_groups(IKE_PROPOSALS, (CURVE25519,)), chance.randbytes(8)))
    selectors = TsInitiator((TrafficSelector.address(own),)), TsResponder((_ANYWHERE,))
    kind, tell = ExchangeType.CREATE_CHILD_SA, ExchangeType.INFORMATIONAL
    farewell = inside_of(tell, Delete(ProtocolId.IKE))
    return (
        *((farewell,) if chance.randrange(_FAREWELL) == 0 else ()),
        inside_of(tell),
        inside_of(tell, Delete(ProtocolId.ESP, tuple(each.to_bytes(4, "big") for each in spis), 4)),
        inside_of(tell, Notify(NotifyType.UPDATE_SA_ADDRESSES), Notify(NotifyType.COOKIE2, chance.randbytes(16))),
        inside_of(tell, Notify(NotifyType.INITIAL_CONTACT)),
        inside_of(kind, child, _NONCE, _SHARE, *selectors),
        inside_of(kind, Notify(NotifyType.REKEY_SA, b"", ProtocolId.ESP, spi), child, _NONCE, *selectors),
        inside_of(kind, ike, _NONCE, _SHARE),
    )


def update(ends: Ends, chance: Random) -> bytes:
    """A Binding Update or another Mobility Header, whole or altered, with the right checksum mostly."""
    flags = (
        BindingFlag.ACKNOWLEDGE | BindingFlag.HOME_REGISTRATION | BindingFlag(chance.choice((0,) * 6 + (0x400, 0x1000)))
    )
    care_of = IPv6Address(chance.choice((int(ends[0]), chance.getrandbits(128))))
    options = (AlternateCareOf(care_of),) if chance.randrange(2) else ()
    lifetime = chance.choice((0, 1, 75, 0xFFFF))
    wanted = BindingUpdate(sequence=chance.getrandbits(16), flags=flags, lifetime=lifetime, options=options)
    seeds = (MobilityHeader(BindingUpdate.mh_type, wanted.build()).build(*ends), *HEADERS, REVOCATION)
    return _varied(seeds, ends, chance)


def acknowledgement(ends: Ends, chance: Random) -> bytes:
    """A Binding Acknowledgement or another Mobility Header, whole or altered, with the right checksum mostly."""
    said = BindingAck(
        status=chance.choice((0, 1, 128, 135, 255)), flags=AckFlag(0), sequence=chance.getrandbits(16), lifetime=75
    )
    seeds = (MobilityHeader(BindingAck.mh_type, said.build()).build(*ends), *HEADERS, REVOCATION)
    return _varied(seeds, ends, chance)


def _varied(seeds: tuple[bytes, ...], ends: Ends, chance: Random) -> bytes:
    octets = seeds[0] if chance.randrange(2) else chance.choice(seeds)
    if chance.randrange(2):
        octets = mutate(octets, chance)
    return repaired(octets, ends) if chance.randrange(5) else octets


def packet(ends: Ends, chance: Random) -> bytes:
    """An echo request or a Packet Too Big between two addresses, whole or altered."""
    message = chance.choice((EchoRequest(7, 1, b"fuzz"), PacketTooBig(1280, chance.randbytes(48))))
    icmp = build_icmpv6(message, *ends)
    whole = Ipv6Packet(source=ends[0], destination=ends[1], next_header=PROTO_ICMPV6, payload=icmp).build()
    return mutate(whole, chance) if chance.randrange(3) else whole


def echo_request(ends: Ends) -> bytes:
    """A packet that whoever has the second address answers."""
    icmp = build_icmpv6(EchoRequest(7, 1, b"whole"), *ends)
    return Ipv6Packet(source=ends[0], destination=ends[1], next_header=PROTO_ICMPV6, payload=icmp).build()


def packet_ends(own: IPv6Address, other: IPv6Address, chance: Random) -> Ends:
    """Addresses that a UE may use, and those that it may not."""
    addresses = (own, own, own, other, CORRESPONDENT, IPv6Address(chance.getrandbits(128)))
    return chance.choice(addresses), chance.choice(addresses)
