"""Child SAs at the responder: choosing and narrowing."""

from dataclasses import replace
from ipaddress import IPv4Network, IPv6Address, IPv6Network

import pytest

from tests.ike_link import HA_ADDRESS, HOME_ADDRESS, NAI, IkeLink, ike_link
from wire.ciphers import AES_GCM_16_128
from wire.ikev2.child import Mode
from wire.ikev2.constants import ExchangeType, NotifyType, ProtocolId
from wire.ikev2.groups import CURVE25519, ECP_256, MODP_2048
from wire.ikev2.message import Message, Payload
from wire.ikev2.payloads.ke import KeyExchange
from wire.ikev2.payloads.nonce import Nonce
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.payloads.sa import SecurityAssociation
from wire.ikev2.payloads.ts import TsInitiator, TsResponder
from wire.ikev2.proposal import ESP_PROPOSALS, esp_proposal, offer, with_groups
from wire.ikev2.selectors import MOBILITY_HEADER, OpaqueSelector, TrafficSelector, mobility_ports

EVERYWHERE = TrafficSelector.network(IPv6Network("::/0"))
ANY_MOBILITY = TrafficSelector.network(IPv6Network("::/0"), MOBILITY_HEADER)
OLD_WORLD = TrafficSelector.network(IPv4Network("0.0.0.0/0"))
SPI = b"\0\0\1\0"
TRANSPORT = Notify(NotifyType.USE_TRANSPORT_MODE)
NONCE = Nonce(bytes(range(32)))
PLAIN = SecurityAssociation(offer(ESP_PROPOSALS, SPI))


def asked(*payloads: Payload) -> IkeLink:
    """A gateway that got CREATE_CHILD_SA with these payloads from an established UE."""
    link = ike_link().connect().run(1.0)
    link.ue_says(ExchangeType.CREATE_CHILD_SA, *payloads, message_id=5)
    return link


def said(link: IkeLink) -> Message:
    return link.open_last(link.to_ue[-1], by_ue=False)


@pytest.mark.parametrize(
    ("tsi", "tsr", "transport", "ue", "network"),
    [
        (ANY_MOBILITY, ANY_MOBILITY, True, "2001:db8:7::100[135]", "2001:db8:7::1[135]"),
        (EVERYWHERE, EVERYWHERE, True, "2001:db8:7::100[135]", "2001:db8:7::1[135]"),
        (EVERYWHERE, EVERYWHERE, False, "2001:db8:7::100[any]", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff[any]"),
        (
            TrafficSelector.address(HOME_ADDRESS, MOBILITY_HEADER, mobility_ports(5)),
            TrafficSelector.address(HA_ADDRESS, MOBILITY_HEADER, mobility_ports(6)),
            True,
            "2001:db8:7::100[135:1280-1280]",
            "2001:db8:7::1[135:1536-1536]",
        ),
        (TrafficSelector.address(HOME_ADDRESS, 17), EVERYWHERE, False, "2001:db8:7::100[17]", None),
    ],
)
def test_gateway_narrows_to_the_home_address(
    tsi: TrafficSelector, tsr: TrafficSelector, *, transport: bool, ue: str, network: str | None
) -> None:
    """RFC 4877 §4.3: whatever is asked for, the SA is bound to the leased Home Address."""
    link = asked(*((TRANSPORT,) if transport else ()), PLAIN, NONCE, TsInitiator((tsi,)), TsResponder((tsr,)))
    child = link.gateway_children[-1]
    assert child.mode is (Mode.TRANSPORT if transport else Mode.TUNNEL)
    assert [str(selector) for selector in child.remote] == [ue]
    if network is not None:
        assert [str(selector) for selector in child.local] == [network]
    answer = said(link)
    assert answer.find(TsInitiator) == TsInitiator(child.remote)
    assert answer.find(TsResponder) == TsResponder(child.local)
    assert (answer.notify(NotifyType.USE_TRANSPORT_MODE) is not None) == transport
    assert child.spi_out == int.from_bytes(SPI, "big")


def test_transport_mode_is_declined_for_what_is_not_signalling() -> None:
    """RFC 7296 §1.3.1: the answer without USE_TRANSPORT_MODE makes it a tunnel."""
    wish = TsInitiator((TrafficSelector.address(HOME_ADDRESS, 17),)), TsResponder((EVERYWHERE,))
    link = asked(TRANSPORT, PLAIN, NONCE, *wish)
    assert said(link).notify(NotifyType.USE_TRANSPORT_MODE) is None
    assert link.gateway_children[-1].mode is Mode.TUNNEL
    assert said(link).find(TsInitiator) == wish[0]


@pytest.mark.parametrize(
    ("tsi", "tsr", "transport"),
    [
        (TsInitiator((TrafficSelector.address(IPv6Address("2001:db8:7::bad")),)), TsResponder((EVERYWHERE,)), False),
        (TsInitiator((OLD_WORLD,)), TsResponder((OLD_WORLD,)), False),
        (TsInitiator((OpaqueSelector(9, 0, b"label"),)), TsResponder((EVERYWHERE,)), False),
        (
            TsInitiator((ANY_MOBILITY,)),
            TsResponder((TrafficSelector.address(IPv6Address("2001:db8:7::2"), MOBILITY_HEADER),)),
            True,
        ),
    ],
    ids=["foreign", "ipv4", "unknown type", "other agent"],
)
def test_gateway_refuses_selectors_of_somebody_else(tsi: TsInitiator, tsr: TsResponder, *, transport: bool) -> None:
    link = asked(*((TRANSPORT,) if transport else ()), PLAIN, NONCE, tsi, tsr)
    assert said(link).payloads == (Notify(NotifyType.TS_UNACCEPTABLE),)
    assert link.refused[-1].startswith(f"{NAI}: ")
    assert len(link.gateway_children) == 1


@pytest.mark.parametrize(
    "payloads",
    [
        (NONCE, TsInitiator((EVERYWHERE,)), TsResponder((EVERYWHERE,))),
        (PLAIN, TsInitiator((EVERYWHERE,)), TsResponder((EVERYWHERE,))),
        (PLAIN, NONCE, TsResponder((EVERYWHERE,))),
        (PLAIN, NONCE, TsInitiator((EVERYWHERE,))),
        (
            SecurityAssociation(offer(ESP_PROPOSALS, bytes(4))),
            NONCE,
            TsInitiator((EVERYWHERE,)),
            TsResponder((EVERYWHERE,)),
        ),
    ],
    ids=["no SA", "no Nonce", "no TSi", "no TSr", "SPI 0"],
)
def test_gateway_refuses_an_incomplete_request(payloads: tuple[Payload, ...]) -> None:
    assert said(asked(*payloads)).payloads == (Notify(NotifyType.INVALID_SYNTAX),)


def test_gateway_refuses_algorithms_that_it_does_not_want() -> None:
    odd = SecurityAssociation(offer((esp_proposal((), ()),), SPI))
    link = asked(odd, NONCE, TsInitiator((EVERYWHERE,)), TsResponder((EVERYWHERE,)))
    assert said(link).payloads == (Notify(NotifyType.NO_PROPOSAL_CHOSEN),)
    assert "no common ESP proposal: offered ESN NO_ESN; wanted AES_GCM" in link.refused[-1]


MODP_1024 = replace(MODP_2048, transform_id=2, name="MODP_1024")


def fresh(ke: KeyExchange | None, group: object = CURVE25519) -> IkeLink:
    wanted = with_groups((esp_proposal((AES_GCM_16_128,), ()),), (group,))  # type: ignore[arg-type]
    extra = (ke,) if ke else ()
    return asked(
        SecurityAssociation(offer(wanted, SPI)),
        NONCE,
        *extra,
        TsInitiator((EVERYWHERE,)),
        TsResponder((EVERYWHERE,)),
    )


def test_gateway_makes_fresh_keys_when_the_ue_wants_them() -> None:
    """RFC 7296 §2.17: KEYMAT of a new Diffie-Hellman exchange."""
    link = fresh(KeyExchange(31, CURVE25519.load(bytes(range(32))).public))
    answer = said(link)
    ke = answer.find(KeyExchange)
    assert ke is not None
    assert (ke.group, len(ke.data)) == (31, 32)
    assert len(link.gateway_children) == 2
    assert link.gateway_children[-1].encryption is AES_GCM_16_128


@pytest.mark.parametrize("ke", [None, KeyExchange(19, ECP_256.load(bytes(40)).public)], ids=["no KE", "other group"])
def test_gateway_asks_for_the_group_of_the_proposal(ke: KeyExchange | None) -> None:
    assert said(fresh(ke)).payloads == (Notify(NotifyType.INVALID_KE_PAYLOAD, b"\0\x1f"),)


def test_gateway_refuses_an_unusable_public_value() -> None:
    assert said(fresh(KeyExchange(31, bytes(32)))).payloads == (Notify(NotifyType.INVALID_SYNTAX),)


def test_gateway_refuses_a_group_that_it_does_not_want() -> None:
    assert said(fresh(None, MODP_1024)).payloads == (Notify(NotifyType.NO_PROPOSAL_CHOSEN),)


def test_gateway_speaks_of_esp_alone() -> None:
    link = asked(PLAIN, NONCE, TsInitiator((EVERYWHERE,)), TsResponder((EVERYWHERE,)))
    answer = said(link).find(SecurityAssociation)
    assert answer is not None
    (proposal,) = answer.proposals
    assert proposal.protocol_id == ProtocolId.ESP
    assert int.from_bytes(proposal.spi, "big") == link.gateway_children[-1].spi_in
