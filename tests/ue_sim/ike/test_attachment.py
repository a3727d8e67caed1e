"""IKE_AUTH at the initiator: what it asks for, whom it believes, what it takes."""

import datetime as dt
from dataclasses import replace
from ipaddress import IPv6Address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from akadia.pki import Authority
from pdngw_proxy.aaa_link.port import RelayAccept, RelayAnswer
from pdngw_proxy.ike.events import AddressLeased, LeaseAddress
from tests.ike_link import (
    APN,
    EAP_CHALLENGES,
    GATEWAY_NAME,
    HA_ADDRESS,
    HOME_ADDRESS,
    NAI,
    NOW,
    IkeLink,
    ike_link,
    initiator_policy,
    pki,
    responder_policy,
    stub_aaa,
)
from ue_sim.ike.events import AddressAssigned, ChildInstalled, EapRequested, Established
from ue_sim.ike.states import AwaitingEap, AwaitingGateway, AwaitingProof, Connected
from wire.ikev2.child import Mode
from wire.ikev2.constants import ConfigurationType, ExchangeType, IdType, NotifyType, PayloadType
from wire.ikev2.message import Message, Payload
from wire.ikev2.payloads.auth import Authentication
from wire.ikev2.payloads.cert import Certificate
from wire.ikev2.payloads.certreq import CertificateRequest
from wire.ikev2.payloads.cp import Configuration, ConfigurationAttribute
from wire.ikev2.payloads.delete import Delete
from wire.ikev2.payloads.eap import EapMessage
from wire.ikev2.payloads.identification import IdInitiator, IdResponder
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.payloads.sa import SecurityAssociation
from wire.ikev2.payloads.ts import TsInitiator, TsResponder
from wire.ikev2.proposal import ESP_PROPOSALS, offer, select
from wire.ikev2.selectors import MOBILITY_HEADER, TrafficSelector
from wire.secret import Secret

IKE_AUTH = ExchangeType.IKE_AUTH


def held(kind: type[object]) -> IkeLink:
    """A link whose UE waits in that state for what the test makes up."""
    link = ike_link().connect()
    link.until(lambda: isinstance(link.ue.state, kind))
    link.at_gateway = lambda _: None
    link.at_ue = lambda _: None
    return link


def farewell(link: IkeLink) -> Message:
    return link.open_last(link.to_gateway[-1], by_ue=True)


def test_first_ike_auth_asks_for_everything() -> None:
    link = held(AwaitingGateway)
    message = link.open_last(link.to_gateway[-1], by_ue=True)
    assert [payload.payload_type for payload in message.payloads] == [
        PayloadType.IDI, PayloadType.CERTREQ, PayloadType.IDR, PayloadType.CP, PayloadType.NOTIFY, PayloadType.SA,
        PayloadType.TSI, PayloadType.TSR,
    ]  # fmt: skip
    assert message.find(IdInitiator) == IdInitiator(IdType.RFC822_ADDR, NAI.encode())
    assert message.find(IdResponder) == IdResponder(IdType.FQDN, APN.encode())
    assert message.find(Authentication) is None
    assert message.notify(NotifyType.USE_TRANSPORT_MODE) is not None
    request = message.find(CertificateRequest)
    assert request is not None
    assert len(request.authorities) == 1
    wish = message.find(Configuration)
    assert wish is not None
    assert (wish.kind, wish.attributes) == (ConfigurationType.REQUEST, (ConfigurationAttribute(8),))
    for payload in (message.find(TsInitiator), message.find(TsResponder)):
        assert payload is not None
        (selector,) = payload.known
        assert (selector.protocol, str(selector.start), selector.end.packed) == (MOBILITY_HEADER, "::", b"\xff" * 16)


def test_ue_believes_the_gateway_by_the_apn() -> None:
    link = ike_link().connect().run(1.0)
    (established,) = link.seen_by_ue(Established)
    assert established.gateway == APN


def test_ue_believes_the_gateway_by_its_own_name() -> None:
    other = pki(GATEWAY_NAME)
    link = ike_link(
        initiator=initiator_policy(anchors=(other.anchor,)),
        responder=responder_policy(chain=other.chain, key=other.key),
    )
    link.connect().run(1.0)
    (established,) = link.seen_by_ue(Established)
    assert established.gateway == GATEWAY_NAME


def test_ue_believes_an_rsa_gateway() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "rsa authority")])
    authority = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def certificate(public: rsa.RSAPublicKey, *extensions: tuple[x509.ExtensionType, bool]) -> x509.Certificate:
        builder = x509.CertificateBuilder(name, name, public, x509.random_serial_number())
        builder = builder.not_valid_before(NOW - dt.timedelta(days=1)).not_valid_after(NOW + dt.timedelta(days=9))
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(authority, hashes.SHA256())

    template = pki().anchor.extensions
    usage = template.get_extension_for_class(x509.KeyUsage).value
    root = certificate(authority.public_key(), (x509.BasicConstraints(ca=True, path_length=None), True), (usage, True))
    leaf = certificate(
        key.public_key(),
        (x509.SubjectAlternativeName([x509.DNSName(GATEWAY_NAME)]), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), False),
    )
    link = ike_link(initiator=initiator_policy(anchors=(root,)), responder=responder_policy(chain=(leaf,), key=key))
    link.connect().run(1.0)
    assert isinstance(link.ue.state, Connected), link.closed


def test_ue_refuses_a_gateway_of_an_unknown_authority() -> None:
    foreign = x509.load_pem_x509_certificate(Authority("foreign", now=NOW).credential.certificate)
    link = ike_link(initiator=initiator_policy(anchors=(foreign,))).connect().run(1.0)
    assert link.closed == f"the certificate of {APN} is not valid: no trusted authority signed it"
    assert farewell(link).payloads == (Notify(NotifyType.AUTHENTICATION_FAILED),)
    assert not link.seen_by_ue(EapRequested)


def test_ue_refuses_a_gateway_by_another_name() -> None:
    link = ike_link(initiator=initiator_policy(gateway_names=("pgw.other",))).connect().run(1.0)
    assert link.closed == f"the gateway calls itself {APN}, not pgw.other"


def test_ue_refuses_a_signature_by_another_key() -> None:
    link = ike_link(responder=responder_policy(key=pki("other").key)).connect().run(1.0)
    assert link.closed == "the signature in AUTH is wrong"


def test_ue_refuses_a_gateway_without_proof() -> None:
    for payloads in ((EapMessage(EAP_CHALLENGES[0]),), (IdResponder(2, b"internet"), EapMessage(EAP_CHALLENGES[0]))):
        link = held(AwaitingGateway)
        link.gateway_says(IKE_AUTH, *payloads, message_id=1, response=True)
        assert link.closed == "the gateway does not prove its identity"


def test_ue_refuses_success_before_anything_was_asked() -> None:
    """RFC 3748 §4.2: EAP-Success is not protected, and here nobody has the MSK yet that AUTH is made of."""
    link = ike_link(initiator=initiator_policy(eap_only=True)).connect()
    link.until(lambda: isinstance(link.ue.state, AwaitingGateway))
    link.at_gateway = lambda _: None
    success = EapMessage(bytes((3, 1, 0, 4)))
    link.gateway_says(IKE_AUTH, IdResponder(2, b"internet"), success, message_id=1, response=True)
    assert link.closed == "the gateway sends EAP-Success before any EAP-Request"
    assert farewell(link).payloads == (Notify(NotifyType.AUTHENTICATION_FAILED),)


def test_ue_that_may_do_without_a_certificate_says_so_and_believes_whoever_has_the_msk() -> None:
    """RFC 5998 §3; the name is compared all the same."""
    link = ike_link(initiator=initiator_policy(eap_only=True, anchors=()), responder=responder_policy(eap_only=True))
    link.connect().until(lambda: len(link.to_gateway) == 2)
    asked = link.open_last(link.to_gateway[-1], by_ue=True)
    assert asked.notify(NotifyType.EAP_ONLY_AUTHENTICATION) is not None
    assert asked.find(CertificateRequest) is None, "it trusts nobody whom it could name"
    link.until(lambda: bool(link.seen_by_ue(Established)))
    assert not any(link.open_last(octets, by_ue=False).find(Certificate) for octets in link.to_ue[1:])


def test_ue_without_certificates_refuses_another_msk_and_another_name() -> None:
    link = ike_link(
        initiator=initiator_policy(eap_only=True, gateway_names=("elsewhere",)),
        responder=responder_policy(eap_only=True),
    )
    link.connect().run(1.0)
    assert link.closed == f"the gateway calls itself {APN}, not elsewhere"
    link = ike_link(initiator=initiator_policy(eap_only=True), responder=responder_policy(eap_only=True))
    link.aaa = lambda ask: replace_msk(stub_aaa(ask))
    link.connect().run(5.0)
    assert link.refused == [f"{NAI}: AUTH does not match the shared key"]


def replace_msk(answer: RelayAnswer) -> RelayAnswer:
    return replace(answer, msk=Secret(bytes(64))) if isinstance(answer, RelayAccept) else answer


def test_ue_verifies_a_certificate_that_comes_all_the_same() -> None:
    foreign = initiator_policy(eap_only=True, anchors=(pki("foreign").anchor,))
    link = ike_link(initiator=foreign).connect().run(1.0)
    assert link.closed is not None
    assert "no trusted authority signed it" in link.closed


def test_ue_says_that_this_is_its_only_ike_sa() -> None:
    link = ike_link(initiator=initiator_policy(initial_contact=True)).connect()
    link.until(lambda: bool(link.seen_by_gateway(LeaseAddress)))
    assert [ask.initial_contact for ask in link.seen_by_gateway(LeaseAddress)] == [True]


def test_ue_refuses_a_gateway_without_eap() -> None:
    link = ike_link().connect()
    link.until(lambda: len(link.to_ue) == 2)
    genuine = link.open_last(link.to_ue[-1], by_ue=False)
    link.at_ue = lambda _: None
    payloads = [payload for payload in genuine.payloads if not isinstance(payload, EapMessage)]
    assert any(isinstance(payload, Certificate) for payload in payloads)
    link.gateway_says(IKE_AUTH, *payloads, message_id=1, response=True)
    assert link.closed == "the gateway offers no EAP"


@pytest.mark.parametrize(
    ("kind", "message_id", "cause"),
    [
        (AwaitingGateway, 1, "the gateway answers IKE_AUTH with NO_PROPOSAL_CHOSEN"),
        (AwaitingEap, 2, "the gateway answers EAP with NO_PROPOSAL_CHOSEN"),
        (AwaitingProof, 4, "the gateway answers AUTH with NO_PROPOSAL_CHOSEN"),
    ],
)
def test_ue_says_with_what_the_gateway_answered(kind: type[object], message_id: int, cause: str) -> None:
    link = held(kind)
    link.gateway_says(IKE_AUTH, Notify(NotifyType.NO_PROPOSAL_CHOSEN), message_id=message_id, response=True)
    assert link.closed == cause


def test_ue_says_when_the_gateway_answered_nothing() -> None:
    link = held(AwaitingEap)
    link.gateway_says(IKE_AUTH, message_id=2, response=True)
    assert link.closed == "the gateway answers EAP with nothing"
    link = held(AwaitingProof)
    link.gateway_says(IKE_AUTH, message_id=4, response=True)
    assert link.closed == "the gateway answers AUTH with no AUTH of its own"


def test_ue_refuses_a_gateway_that_does_not_know_the_msk() -> None:
    link = held(AwaitingProof)
    link.gateway_says(IKE_AUTH, Authentication(2, bytes(32)), message_id=4, response=True)
    assert link.closed == "the gateway's AUTH does not match the shared key"
    assert farewell(link).payloads == (Notify(NotifyType.AUTHENTICATION_FAILED),)


def last_answer(link: IkeLink) -> list[Payload]:
    """What the gateway really answers to AUTH, for a test to change."""
    link.connect()
    link.until(lambda: isinstance(link.ue.state, AwaitingProof))
    link.at_ue = lambda _: None
    sent = len(link.to_ue)
    link.until(lambda: len(link.to_ue) > sent)
    return list(link.open_last(link.to_ue[-1], by_ue=False).payloads)


def test_ue_takes_address_and_child_of_the_last_answer() -> None:
    link = ike_link()
    link.gateway_says(IKE_AUTH, *last_answer(link), message_id=4, response=True)
    assert link.seen_by_ue(AddressAssigned) == [AddressAssigned(HOME_ADDRESS, 64)]
    (child,) = link.ue_children
    assert child.mode is Mode.TRANSPORT
    assert child.local == (TrafficSelector.address(HOME_ADDRESS, MOBILITY_HEADER),)
    assert child.remote == (TrafficSelector.address(HA_ADDRESS, MOBILITY_HEADER),)


@pytest.mark.parametrize(
    ("drop", "add", "cause"),
    [
        (Configuration, (), "assigns no Home Address"),
        (Configuration, (Configuration(ConfigurationType.REPLY),), "assigns no Home Address"),
        (
            Configuration,
            (Configuration(ConfigurationType.REQUEST, (ConfigurationAttribute.ip6_address(HOME_ADDRESS, 64),)),),
            "assigns no Home Address",
        ),
        (SecurityAssociation, (), "answers without SA"),
        (Notify, (), "does not agree to transport mode"),
        (TsInitiator, (), "not within ours"),
        (TsResponder, (TsResponder((TrafficSelector.address(HA_ADDRESS),)),), "not within ours"),
        (
            TsInitiator,
            (TsInitiator((TrafficSelector.address(IPv6Address("2001:db8::bad"), MOBILITY_HEADER),)),),
            "not bound to the Home Address",
        ),
        (TsInitiator, (Notify(NotifyType.TS_UNACCEPTABLE),), "makes no Child SA: TS_UNACCEPTABLE"),
        (
            SecurityAssociation,
            (SecurityAssociation((select(offer(ESP_PROPOSALS, bytes(4)), ESP_PROPOSALS),)),),  # type: ignore[arg-type]
            "SPI",
        ),
    ],
)
def test_ue_leaves_when_the_last_answer_is_not_what_it_needs(
    drop: type[object], add: tuple[Payload, ...], cause: str
) -> None:
    link = ike_link()
    payloads = [payload for payload in last_answer(link) if not isinstance(payload, drop)]
    link.gateway_says(IKE_AUTH, *payloads, *add, message_id=4, response=True)
    assert cause in (link.closed or "")
    assert not link.seen_by_ue(ChildInstalled)
    assert farewell(link).payloads == (Delete(1),)


def test_ue_takes_whatever_address_it_is_given() -> None:
    link = ike_link()
    other = IPv6Address("2001:db8:7:0:dead:beef:0:1")
    link.lease = lambda _: AddressLeased(other, 128)
    link.connect().run(1.0)
    assert link.seen_by_ue(AddressAssigned) == [AddressAssigned(other, 128)]
