"""UEs of other makers before our IKEv2 responder: what RFC 7296 lets them say, in any order and shape.

Only IKE_SA_INIT is our own initiator's; every later message is written here and sealed with the keys that came of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Network

import pytest

from pdngw_proxy.ike.events import AddressLeased, AskAaa, DatagramArrived, Established, IkeKeysReady, LeaseAddress
from pdngw_proxy.ike.events import Transmit as Sent
from tests.ike_link import APN, EAP_CHALLENGES, GATEWAY, HOME_ADDRESS, MSK, NAI, UE, IkeLink, ike_link, responder_policy
from wire.esp.encapsulation import NON_ESP_MARKER
from wire.ikev2.authentication import check_shared_key_proof, shared_key_proof, signed_octets
from wire.ikev2.child import Mode
from wire.ikev2.constants import ConfigurationAttributeType as Kind
from wire.ikev2.constants import ConfigurationType, ExchangeType, IdType, NotifyType, TransformType
from wire.ikev2.groups import CURVE25519, ECP_256, MODP_2048
from wire.ikev2.message import Message, Payload
from wire.ikev2.nat import Endpoint
from wire.ikev2.payloads.auth import Authentication
from wire.ikev2.payloads.certreq import CertificateRequest
from wire.ikev2.payloads.cp import Configuration, ConfigurationAttribute
from wire.ikev2.payloads.eap import EapMessage
from wire.ikev2.payloads.identification import IdInitiator, IdResponder
from wire.ikev2.payloads.nonce import Nonce
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.payloads.sa import SecurityAssociation
from wire.ikev2.payloads.ts import TsInitiator, TsResponder
from wire.ikev2.payloads.unknown import UnknownPayload
from wire.ikev2.payloads.vendor import VendorId
from wire.ikev2.proposal import ESP_PROPOSALS, offer, with_groups
from wire.ikev2.selectors import MOBILITY_HEADER, TrafficSelector

IKE_AUTH = ExchangeType.IKE_AUTH
IPV4_HOME, IPV4_POOL = IPv4Address("10.1.2.9"), IPv4Network("10.1.2.0/24")
IDI = IdInitiator(IdType.RFC822_ADDR, NAI.encode())
ALL6, ALL4 = TrafficSelector.network(IPv6Network("::/0")), TrafficSelector.network(IPv4Network("0.0.0.0/0"))
IN_PORT_500 = Endpoint(UE.address, 500)
MOBILITY = TrafficSelector.network(IPv6Network("::/0"), MOBILITY_HEADER)
PLAIN: tuple[Payload, ...] = (SecurityAssociation(offer(ESP_PROPOSALS, b"\0\0\1\0")),)


def request(*kinds: int) -> Configuration:
    return Configuration(ConfigurationType.REQUEST, tuple(ConfigurationAttribute(kind) for kind in kinds))


ADDRESS = request(Kind.INTERNAL_IP6_ADDRESS)


def tunnel(tsi: Sequence[TrafficSelector] = (ALL6,), tsr: Sequence[TrafficSelector] = (ALL6,)) -> tuple[Payload, ...]:
    return (*PLAIN, TsInitiator(tuple(tsi)), TsResponder(tuple(tsr)))


@dataclass
class ForeignUe:
    """One such UE; `said` is what the gateway answered to each IKE_AUTH."""

    idi: IdInitiator = IDI
    link: IkeLink = field(default_factory=lambda: ike_link(responder=responder_policy(ipv4_home_prefix=IPV4_POOL)))
    said: list[Message] = field(default_factory=list)
    marker: bytes = NON_ESP_MARKER
    source: Endpoint = UE

    def __post_init__(self) -> None:
        self.link.lease = lambda wish: AddressLeased(HOME_ADDRESS, 64, IPV4_HOME if wish.ipv4.value != "none" else None)
        self.link.at_gateway = lambda octets: octets if octets[4 + 18] == ExchangeType.IKE_SA_INIT else None
        self.link.connect().until(lambda: len(self.link.to_gateway) == 2)

    def says(self, *payloads: Payload) -> Message:
        octets = self.link.forge(IKE_AUTH, *payloads, message_id=len(self.said) + 1, by_ue=True)
        before = len(self.link.to_ue)
        self.link.tell_gateway(DatagramArrived(self.marker + octets, self.source, GATEWAY))
        self.link.until(lambda: len(self.link.to_ue) > before)
        self.said.append(self.link.open_last(self.link.to_ue[-1], by_ue=False))
        return self.said[-1]

    def attaches(self, *first: Payload, last: Sequence[Payload] = ()) -> Message:
        """The whole of IKE_AUTH, with `first` as its first request beside IDi and `last` beside AUTH."""
        self.says(self.idi, *first)
        for challenge in EAP_CHALLENGES:
            self.says(EapMessage(b"\x02" + challenge[1:]))
        return self.says(*last, self.proof())

    def proof(self) -> Authentication:
        ready = self.link.seen_by_gateway(IkeKeysReady)[0]
        octets = signed_octets(
            ready.suite.prf,
            ready.keys.sk_pi,
            message=self.link.to_gateway[0].removeprefix(NON_ESP_MARKER),
            nonce=self._nonce(self.link.to_ue[0]),
            identity=self.idi,
        )
        return shared_key_proof(ready.suite.prf, MSK, octets)

    def believes(self, answer: Message) -> None:
        """AUTH of the gateway, over its own IKE_SA_INIT."""
        ready, proof, idr = self.link.seen_by_gateway(IkeKeysReady)[0], answer.find(Authentication), self.said[0]
        named = idr.find(IdResponder)
        assert proof is not None
        assert named is not None
        octets = signed_octets(
            ready.suite.prf,
            ready.keys.sk_pr,
            message=self.link.to_ue[0].removeprefix(NON_ESP_MARKER),
            nonce=self._nonce(self.link.to_gateway[0]),
            identity=named,
        )
        check_shared_key_proof(proof, ready.suite.prf, MSK, octets)

    @staticmethod
    def _nonce(octets: bytes) -> bytes:
        nonce = Message.parse(octets.removeprefix(NON_ESP_MARKER)).find(Nonce)
        assert nonce is not None
        return nonce.data


DECORATED: tuple[Payload, ...] = (
    Notify(NotifyType.INITIAL_CONTACT),
    Notify(16392),
    CertificateRequest(12, bytes(20)),
    CertificateRequest(4, bytes(40)),
    Notify(16394),
    Notify(16395),
    Notify(16420),
    Notify(40999, b"private"),
    VendorId(b"somebody"),
    UnknownPayload(200, b"later"),
)


def backwards(payloads: tuple[Payload, ...]) -> tuple[Payload, ...]:
    return payloads[::-1]


def decorated(payloads: tuple[Payload, ...]) -> tuple[Payload, ...]:
    return (*DECORATED, *payloads, *DECORATED)


@pytest.mark.parametrize("shape", [tuple, backwards, decorated])
def test_payloads_may_come_in_any_order_and_company(
    shape: Callable[[tuple[Payload, ...]], tuple[Payload, ...]],
) -> None:
    """RFC 7296 §2.5: order does not matter, and what is unknown and not critical is passed over."""
    ue = ForeignUe()
    answer = ue.attaches(*shape((ADDRESS, *tunnel())), last=shape(())[:1])
    ue.believes(answer)
    (child,) = ue.link.gateway_children
    assert (child.mode, [str(one) for one in child.remote]) == (Mode.TUNNEL, [f"{HOME_ADDRESS}[any]"])
    (lease,) = ue.link.seen_by_gateway(LeaseAddress)
    assert lease.initial_contact is (shape is decorated)


@pytest.mark.parametrize(
    ("kinds", "tsi", "granted", "told"),
    [
        ((8,), (ALL6, ALL4), ["2001:db8:7::100[any]", "10.1.2.0-10.1.2.255[any]"], [8]),
        ((8, 1), (ALL6, ALL4), ["2001:db8:7::100[any]", "10.1.2.9[any]"], [8, 1]),
        ((1, 2, 3), (ALL4,), ["10.1.2.9[any]"], [1, 2]),
        ((1, 13, 15, 19, 25, 16383), (ALL4, ALL6), ["10.1.2.9[any]", "2001:db8:7::100[any]"], [1]),
        ((8, 10, 12, 17, 18), (TrafficSelector.address(HOME_ADDRESS), ALL6), ["2001:db8:7::100[any]"], [8]),
        ((8, 16), (ALL6,), ["2001:db8:7::100[any]"], [8, 16]),
    ],
)
def test_addresses_and_selectors_of_either_family(
    kinds: tuple[int, ...], tsi: tuple[TrafficSelector, ...], granted: list[str], told: list[int]
) -> None:
    """RFC 7296 §2.9, §3.15: narrowed to what was leased, and no attribute that was not asked for."""
    ue = ForeignUe()
    answer = ue.attaches(request(*kinds), *tunnel(tsi, (ALL4, ALL6)))
    reply = answer.find(Configuration)
    assert reply is not None
    assert [one.kind for one in reply.attributes] == told
    narrowed = answer.find(TsInitiator)
    assert narrowed is not None
    assert [str(one) for one in narrowed.known] == granted


def test_groups_in_the_first_proposal_for_esp_are_passed_over() -> None:
    """RFC 7296 §1.2: IKE_AUTH makes no Diffie-Hellman exchange for a Child SA."""
    named = SecurityAssociation(offer(with_groups(ESP_PROPOSALS, (CURVE25519, ECP_256, MODP_2048)), b"\0\0\1\0"))
    answer = ForeignUe().attaches(ADDRESS, named, TsInitiator((ALL6,)), TsResponder((ALL6,)))
    chosen = answer.find(SecurityAssociation)
    assert chosen is not None
    assert TransformType.DH not in {one.kind for one in chosen.proposals[0].transforms}


def test_mobile_node_has_transport_mode_for_its_signalling() -> None:
    wish = Notify(NotifyType.USE_TRANSPORT_MODE), *tunnel((MOBILITY,), (MOBILITY,))
    answer = ForeignUe().attaches(ADDRESS, *wish)
    assert answer.notify(NotifyType.USE_TRANSPORT_MODE) is not None


def test_client_that_wants_transport_mode_for_everything_has_it_for_signalling_alone() -> None:
    ue = ForeignUe()
    ue.attaches(ADDRESS, Notify(NotifyType.USE_TRANSPORT_MODE), *tunnel())
    (child,) = ue.link.gateway_children
    assert (child.mode, [one.protocol for one in child.remote]) == (Mode.TRANSPORT, [MOBILITY_HEADER])


def test_ue_may_stay_on_port_500_or_leave_it_in_the_middle() -> None:
    """RFC 7296 §2.11, §2.23: answers go where each request came from, with a marker where that one had it."""
    ue = ForeignUe(marker=b"", source=IN_PORT_500)
    ue.says(IDI, ADDRESS, *tunnel())
    sent = ue.link.seen_by_gateway(Sent)[-1]
    assert (sent.to, sent.octets[:8]) == (IN_PORT_500, ue.link.seen_by_gateway(IkeKeysReady)[0].spi_i)
    ue.marker, ue.source = NON_ESP_MARKER, UE
    ue.says(EapMessage(b"\x02" + EAP_CHALLENGES[0][1:]))
    sent = ue.link.seen_by_gateway(Sent)[-1]
    assert (sent.to, sent.octets[:4]) == (UE, NON_ESP_MARKER)
    ue.says(EapMessage(b"\x02" + EAP_CHALLENGES[1][1:]))
    ue.believes(ue.says(ue.proof()))
    assert ue.link.seen_by_gateway(Established)[0].peer == UE


@pytest.mark.parametrize(
    "idi",
    [
        IdInitiator(IdType.FQDN, NAI.encode()),
        IdInitiator(IdType.KEY_ID, NAI.encode()),
        IdInitiator(IdType.RFC822_ADDR, NAI.encode(), reserved=b"\1\2\3"),
    ],
    ids=["fqdn", "key id", "reserved octets"],
)
def test_name_may_be_of_any_type(idi: IdInitiator) -> None:
    """RFC 7296 §2.15: AUTH is over IDi as it came, its reserved octets included."""
    ue = ForeignUe(idi=idi)
    ue.believes(ue.attaches(ADDRESS, *tunnel(), IdResponder(IdType.FQDN, APN.encode())))
    assert {ask.identity for ask in ue.link.seen_by_gateway(AskAaa)} == {NAI}


def test_request_that_comes_again_gets_the_answer_that_it_got() -> None:
    ue = ForeignUe()
    octets = NON_ESP_MARKER + ue.link.forge(IKE_AUTH, IDI, ADDRESS, *tunnel(), message_id=1, by_ue=True)
    for _ in range(3):
        ue.link.tell_gateway(DatagramArrived(octets, UE, GATEWAY))
        ue.link.run(ue.link.now + 0.1)
    first, *again = ue.link.to_ue[1:]
    assert again == [first, first]
    assert len(ue.link.seen_by_gateway(AskAaa)) == 1
