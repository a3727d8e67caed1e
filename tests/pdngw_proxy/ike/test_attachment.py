"""IKE_AUTH at the responder: identities, names, signatures, the relay."""

from collections.abc import Callable
from ipaddress import IPv6Address

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from pdngw_proxy.aaa_link.port import RelayAccept, RelayAnswer
from pdngw_proxy.ike.events import AskAaa, Established, LeaseAddress
from tests.ike_link import APN, GATEWAY_NAME, HOME_ADDRESS, NAI, UE, IkeLink, ike_link, responder_policy, stub_aaa
from wire.ikev2.constants import ConfigurationType, ExchangeType, IdType, NotifyType, ProtocolId
from wire.ikev2.message import Message, Payload
from wire.ikev2.payloads.auth import Authentication
from wire.ikev2.payloads.cert import Certificate
from wire.ikev2.payloads.cp import Configuration, ConfigurationAttribute
from wire.ikev2.payloads.delete import Delete
from wire.ikev2.payloads.eap import EapMessage
from wire.ikev2.payloads.identification import IdInitiator, IdResponder
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.payloads.sa import SecurityAssociation
from wire.ikev2.payloads.ts import TsInitiator, TsResponder
from wire.ikev2.redirect import GatewayIdentity, redirect

IKE_AUTH = ExchangeType.IKE_AUTH
IDI = IdInitiator(IdType.RFC822_ADDR, NAI.encode())


def introduced() -> tuple[IkeLink, list[Payload]]:
    """A gateway that waits for the first IKE_AUTH, and what the UE would have sent."""
    link = ike_link().connect()
    link.at_gateway = lambda octets: octets if octets[4 + 18] == ExchangeType.IKE_SA_INIT else None
    link.until(lambda: len(link.to_gateway) == 2)
    return link, list(link.open_last(link.to_gateway[-1], by_ue=True).payloads)


def said(link: IkeLink) -> Message:
    return link.open_last(link.to_ue[-1], by_ue=False)


def instead(payloads: list[Payload], kind: type[object], *others: Payload) -> list[Payload]:
    """The same payloads with those of one kind replaced."""
    return [*others, *(payload for payload in payloads if not isinstance(payload, kind))]


def test_gateway_relays_who_the_ue_is_where_and_what_it_wants() -> None:
    link, payloads = introduced()
    link.ue_says(IKE_AUTH, *payloads, message_id=1)
    (ask,) = link.seen_by_gateway(AskAaa)
    assert (ask.identity, ask.apn, ask.state, ask.care_of) == (NAI, APN, None, UE)


def test_first_answer_proves_the_gateway() -> None:
    link, payloads = introduced()
    link.ue_says(IKE_AUTH, *payloads, message_id=1)
    link.run(link.now + 0.05)
    kinds = [type(payload) for payload in said(link).payloads]
    assert kinds == [IdResponder, Certificate, Authentication, EapMessage]


@pytest.mark.parametrize(
    ("idr", "named", "apn"),
    [
        (None, GATEWAY_NAME, None),
        (IdResponder(IdType.FQDN, APN.encode()), APN, APN),
        (IdResponder(IdType.FQDN, b"ims"), GATEWAY_NAME, "ims"),
        (IdResponder(IdType.FQDN, GATEWAY_NAME.upper().encode()), GATEWAY_NAME.upper(), None),
        (IdResponder(IdType.KEY_ID, b"internet"), GATEWAY_NAME, None),
        (IdResponder(IdType.IPV4_ADDR, b"\x7f\1\1\4"), GATEWAY_NAME, None),
    ],
)
def test_gateway_calls_itself_what_its_certificate_says(idr: IdResponder | None, named: str, apn: str | None) -> None:
    link, payloads = introduced()
    link.ue_says(IKE_AUTH, *instead(payloads, IdResponder, *((idr,) if idr else ())), message_id=1)
    link.run(link.now + 0.05)
    answered = said(link).find(IdResponder)
    assert answered is not None
    assert answered.text == named
    assert link.seen_by_gateway(AskAaa)[0].apn == apn


@pytest.mark.parametrize("missing", [IdInitiator, SecurityAssociation, TsInitiator, TsResponder])
def test_gateway_refuses_an_incomplete_request(missing: type[object]) -> None:
    link, payloads = introduced()
    link.ue_says(IKE_AUTH, *instead(payloads, missing), message_id=1)
    assert said(link).payloads == (Notify(NotifyType.INVALID_SYNTAX),)
    assert link.refused == ["IKE_AUTH without IDi, SA or TS"]


@pytest.mark.parametrize(
    "idi",
    [
        IdInitiator(IdType.IPV4_ADDR, bytes(4)),
        IdInitiator(IdType.RFC822_ADDR, b"\xff\xfe"),
        IdInitiator(IdType.RFC822_ADDR, b""),
        IdInitiator(IdType.RFC822_ADDR, b"a" * 254),
        IdInitiator(IdType.RFC822_ADDR, b"line\nbreak@x"),
    ],
    ids=["address", "no text", "empty", "long", "control"],
)
def test_gateway_asks_by_eap_for_an_identity_that_idi_is_not(idi: IdInitiator) -> None:
    link, payloads = introduced()
    link.ue_says(IKE_AUTH, *instead(payloads, IdInitiator, idi), message_id=1)
    assert [type(one) for one in said(link).payloads] == [IdResponder, Certificate, Authentication, EapMessage]
    assert said(link).payloads[-1] == EapMessage(bytes.fromhex("0100000501"))
    assert not link.seen_by_gateway(AskAaa)
    answer = b"\x02\x00" + (5 + len(NAI)).to_bytes(2, "big") + b"\x01" + NAI.encode()
    link.ue_says(IKE_AUTH, EapMessage(answer), message_id=2)
    assert link.seen_by_gateway(AskAaa) == [AskAaa(answer, NAI, APN, None, UE)]
    link.run(link.now + 0.05)
    assert [type(one) for one in said(link).payloads] == [EapMessage], "the gateway has proved itself before"


@pytest.mark.parametrize("answer", ["0200000501", "020000060317", "0200000701fffe", "02000004"], ids=str)
def test_gateway_refuses_an_answer_that_is_no_identity(answer: str) -> None:
    link, payloads = introduced()
    link.ue_says(IKE_AUTH, *instead(payloads, IdInitiator, IdInitiator(IdType.IPV4_ADDR, b"\x7f\0\0\1")), message_id=1)
    link.ue_says(IKE_AUTH, EapMessage(bytes.fromhex(answer)), message_id=2)
    assert said(link).payloads == (Notify(NotifyType.AUTHENTICATION_FAILED),)
    assert link.refused == ["IPV4_ADDR 7f000001 answers EAP-Request/Identity with no name"]
    assert not link.seen_by_gateway(AskAaa)


def test_gateway_asks_everybody_where_it_is_told_to() -> None:
    link = ike_link(responder=responder_policy(asks_identity=True)).connect()
    link.until(lambda: len(link.to_ue) == 2)
    assert said(link).payloads[-1] == EapMessage(bytes.fromhex("0100000501"))
    assert not link.seen_by_gateway(AskAaa)


@pytest.mark.parametrize(("allowed", "asked"), [(True, False), (False, True), (True, True)])
def test_gateway_leaves_its_certificate_out_when_both_agree(allowed: bool, asked: bool) -> None:
    """RFC 5998 §4: the UE asks, and the gateway decides."""
    link = ike_link(responder=responder_policy(eap_only=allowed)).connect()
    link.at_gateway = lambda octets: octets if octets[4 + 18] == ExchangeType.IKE_SA_INIT else None
    link.until(lambda: len(link.to_gateway) == 2)
    payloads = list(link.open_last(link.to_gateway[-1], by_ue=True).payloads)
    more = (Notify(NotifyType.EAP_ONLY_AUTHENTICATION),) if asked else ()
    called = IdResponder(IdType.FQDN, b"elsewhere")
    link.ue_says(IKE_AUTH, *instead(payloads, IdResponder, called), *more, message_id=1)
    link.run(link.now + 0.05)
    proofs = [Certificate, Authentication] if not (allowed and asked) else []
    named = said(link).find(IdResponder)
    assert named is not None
    assert named.text == ("elsewhere" if allowed and asked else GATEWAY_NAME), (
        "nothing is to be proved by a certificate"
    )
    assert [type(one) for one in said(link).payloads] == [IdResponder, *proofs, EapMessage]


def test_gateway_signs_by_the_older_method_for_an_older_ue() -> None:
    """RFC 7427 §4: without SIGNATURE_HASH_ALGORITHMS the peer knows methods 1 and 9 to 11 alone."""
    link = ike_link()
    link.at_gateway = without_hashes
    link.connect().until(lambda: len(link.to_ue) == 2)
    proof = said(link).find(Authentication)
    assert proof is not None
    assert (proof.method, len(proof.data)) == (9, 64)


def test_gateway_refuses_a_ue_that_cannot_verify_its_key() -> None:
    link = ike_link(responder=responder_policy(key=ed25519.Ed25519PrivateKey.generate()))
    link.at_gateway = without_hashes
    link.connect().until(lambda: bool(link.refused))
    assert link.refused[0].startswith(f"{NAI}: the peer verifies no Ed25519")
    assert said(link).notify(NotifyType.AUTHENTICATION_FAILED) is not None


@pytest.mark.parametrize("able", [True, False])
def test_gateway_sends_the_apn_of_another_one_there(able: bool) -> None:
    """RFC 5685 §6: AUTH and REDIRECT; a UE that cannot go is served here."""
    elsewhere = GatewayIdentity.of("192.0.2.5")
    link = ike_link(responder=responder_policy(redirects={APN: elsewhere}))
    if not able:
        # AUTH would be wrong about what both ends signed, so that the policy is what is asked.
        link.at_gateway = lambda octets: without(octets, NotifyType.REDIRECT_SUPPORTED)
    link.connect().until(lambda: bool(link.refused or link.seen_by_gateway(LeaseAddress)))
    if able:
        assert link.refused == [f"{NAI}: is redirected to 192.0.2.5"]
        assert [type(one) for one in said(link).payloads] == [Authentication, Notify]
        assert said(link).payloads[-1] == redirect(elsewhere)
        assert not link.seen_by_gateway(LeaseAddress)
    else:
        assert link.refused == [f"{NAI}: AUTH does not match the shared key"]


def without_hashes(octets: bytes) -> bytes:
    return without(octets, NotifyType.SIGNATURE_HASH_ALGORITHMS)


def without(octets: bytes, notify_type: NotifyType) -> bytes:
    """IKE_SA_INIT without one of its notifications."""
    if octets[4 + 18] != ExchangeType.IKE_SA_INIT:
        return octets
    message = Message.parse(octets[4:])
    kept = [p for p in message.payloads if not (isinstance(p, Notify) and p.notify_type == notify_type)]
    built = Message(
        spi_i=message.spi_i,
        spi_r=message.spi_r,
        exchange=message.exchange,
        initiator=True,
        response=False,
        message_id=0,
        payloads=tuple(kept),
    )
    return bytes(4) + built.build()


@pytest.mark.parametrize(
    ("attributes", "wanted"),
    [
        ((ConfigurationAttribute(8),), None),
        ((ConfigurationAttribute.ip6_address(IPv6Address("2001:db8::5"), 64),), IPv6Address("2001:db8::5")),
        ((ConfigurationAttribute.ip6_address(IPv6Address("::"), 0),), None),
        ((ConfigurationAttribute(1), ConfigurationAttribute(16)), None),
    ],
)
def test_gateway_leases_with_the_ues_wish(
    attributes: tuple[ConfigurationAttribute, ...], wanted: IPv6Address | None
) -> None:
    link, payloads = introduced()
    wish = Configuration(ConfigurationType.REQUEST, attributes)
    link.at_gateway = changed_in_flight(link, [*instead(payloads, Configuration), wish])
    link.run(link.now + 5.0)
    (lease,) = link.seen_by_gateway(LeaseAddress)
    assert (lease.wanted, lease.static) == (wanted, None)


def changed_in_flight(link: IkeLink, payloads: list[Payload]) -> Callable[[bytes], bytes]:
    """In place of the UE's first IKE_AUTH the gateway gets one with these payloads."""
    sealed = bytes(4) + link.forge(IKE_AUTH, *payloads, message_id=1, by_ue=True)
    return lambda octets: sealed if int.from_bytes(octets[24:28], "big") == 1 else octets


def test_gateway_leases_what_the_profile_orders() -> None:
    static = IPv6Address("2001:db8:7::5")

    def ordering(ask: AskAaa) -> RelayAnswer:
        answer = stub_aaa(ask)
        if isinstance(answer, RelayAccept):
            return RelayAccept(answer.eap, answer.msk, user_name="someone", home_address=static)
        return answer

    link = ike_link()
    link.aaa = ordering
    link.connect().run(1.0)
    assert link.seen_by_gateway(LeaseAddress) == [LeaseAddress(None, static)]
    (established,) = link.seen_by_gateway(Established)
    assert (established.user_name, established.home_address) == ("someone", HOME_ADDRESS)


def test_gateway_wants_to_be_asked_for_an_address() -> None:
    link, payloads = introduced()
    link.at_gateway = changed_in_flight(link, instead(payloads, Configuration))
    link.until(lambda: bool(link.refused))
    assert link.refused == [f"{NAI}: asks for no Home Address"]
    answer, delete = (link.open_last(octets, by_ue=False) for octets in link.to_ue[-2:])
    assert answer.notify(NotifyType.FAILED_CP_REQUIRED) is not None
    assert delete.payloads == (Delete(ProtocolId.IKE),), "the UE has an IKE SA of no use (RFC 7296 §1.2)"
    assert not link.seen_by_gateway(LeaseAddress)
