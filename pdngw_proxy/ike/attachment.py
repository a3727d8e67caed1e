"""IKE_AUTH at the responder: our certificate, EAP by way of the AAA server, the MSK (RFC 7296 §2.16, RFC 7427)."""

from dataclasses import replace
from ipaddress import IPv6Address
from typing import assert_never

from pdngw_proxy.aaa_link.port import RelayAccept, RelayChallenge, RelayReject, RelayUnavailable
from pdngw_proxy.ike import configuring, establishing
from pdngw_proxy.ike.credentials import Credential, choose
from pdngw_proxy.ike.ending import refuse
from pdngw_proxy.ike.events import AaaAnswered, AskAaa, Ipv4Wish, LeaseAddress, ResponderEffect
from pdngw_proxy.ike.other_keys import suspect
from pdngw_proxy.ike.policy import ResponderPolicy
from pdngw_proxy.ike.sending import send
from pdngw_proxy.ike.states import AwaitingAaa, AwaitingAddress, AwaitingEap, AwaitingProof, Claim, Sa, State
from wire.eap.packet import EapCode, EapPacket, EapType, identity_response
from wire.errors import DecodeError
from wire.ikev2.authentication import AuthenticationFailed, check_shared_key_proof, signed_octets
from wire.ikev2.certificates import certificate_payloads
from wire.ikev2.constants import ConfigurationAttributeType, IdType, NotifyType
from wire.ikev2.exchanges import Request
from wire.ikev2.message import Payload
from wire.ikev2.payloads.auth import Authentication
from wire.ikev2.payloads.cp import Configuration
from wire.ikev2.payloads.eap import EapMessage
from wire.ikev2.payloads.identification import IdInitiator, IdResponder
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.payloads.sa import SecurityAssociation
from wire.ikev2.payloads.ts import TsInitiator, TsResponder
from wire.ikev2.redirect import redirect
from wire.ikev2.signatures import sign

Step = tuple[State, list[ResponderEffect]]

_NAMES = frozenset({IdType.FQDN, IdType.RFC822_ADDR, IdType.KEY_ID})
_IDENTITY_OCTETS = range(1, 254)
_FIRST_IDENTIFIER = 0


def identify(policy: ResponderPolicy, sa: Sa, request: Request, now: float) -> Step:
    """The first IKE_AUTH: take down who the UE is, and begin EAP with that as its identity (RFC 7296 §2.16)."""
    message = request.message
    idi = message.find(IdInitiator)
    if idi is None or not all(message.find(kind) for kind in (SecurityAssociation, TsInitiator, TsResponder)):
        return refuse(policy, sa, request, NotifyType.INVALID_SYNTAX, "IKE_AUTH without IDi, SA or TS", now)
    if message.find(Authentication) is not None:
        cause = f"{idi.text} wants to authenticate without EAP"
        return refuse(policy, sa, request, NotifyType.AUTHENTICATION_FAILED, cause, now)
    identity = _name(idi.data) if idi.id_type in _NAMES else None
    wanted = message.find(IdResponder)
    eap_only = policy.eap_only and message.notify(NotifyType.EAP_ONLY_AUTHENTICATION) is not None
    credential = choose(policy.credentials, message, wanted, sa.hashes)
    claim = Claim(
        identity=identity or idi.text,
        idi=idi,
        idr=_called(policy, wanted, None if eap_only else credential),
        apn=_apn(policy, wanted),
        message=message,
        credential=credential,
        eap_only=eap_only,
    )
    if identity is None or policy.asks_identity:
        return _ask_identity(policy, sa, claim, request, now)
    ask = AskAaa(identity_response(_FIRST_IDENTIFIER, idi.data), identity, claim.apn, None, sa.path.peer)
    return AwaitingAaa(sa, claim, request, first=True, since=now), [ask]


def relay(policy: ResponderPolicy, state: AwaitingEap, request: Request, now: float) -> Step:
    """An EAP response of the UE, on its way to the AAA server."""
    eap = request.message.find(EapMessage)
    if eap is None or eap.code != EapCode.RESPONSE:
        cause = f"{state.claim.identity} sent IKE_AUTH without an EAP response"
        return refuse(policy, state.sa, request, NotifyType.INVALID_SYNTAX, cause, now)
    claim = state.claim
    if state.asked:
        identity = _answered_identity(eap.packet)
        if identity is None:
            cause = f"{claim.identity} answers EAP-Request/Identity with no name"
            return refuse(policy, state.sa, request, NotifyType.AUTHENTICATION_FAILED, cause, now)
        claim = replace(claim, identity=identity)
    ask = AskAaa(eap.packet, claim.identity, claim.apn, state.relay_state, state.sa.path.peer)
    return AwaitingAaa(state.sa, claim, request, first=False, since=now), [ask]


def answered(policy: ResponderPolicy, state: AwaitingAaa, event: AaaAnswered, now: float) -> Step:
    """What the AAA server says, on its way to the UE; the first time our certificate and AUTH go before it."""
    sa, claim, answer = state.sa, state.claim, event.answer
    try:
        own = _introduction(sa, claim) if state.first else ()
    except AuthenticationFailed as failure:
        cause = f"{claim.identity}: {failure.cause}"
        return refuse(policy, sa, state.request, NotifyType.AUTHENTICATION_FAILED, cause, now)
    match answer:
        case RelayChallenge(eap, relay_state):
            transmit = send(sa, sa.exchanges.reply(state.request, (*own, EapMessage(eap))))
            return AwaitingEap(sa, claim, relay_state), [transmit]
        case RelayAccept(eap):
            transmit = send(sa, sa.exchanges.reply(state.request, (*own, EapMessage(eap))))
            return AwaitingProof(sa, claim, answer), [transmit]
        case RelayReject(eap, why, error):
            said = _refusal(eap, error)
            before = (*own, *said[:-1]) if eap else ()
            return refuse(policy, sa, state.request, said[-1], f"{claim.identity}: {why}", now, before=before)
        case RelayUnavailable(why):
            return refuse(policy, sa, state.request, NotifyType.NETWORK_FAILURE, f"{claim.identity}: {why}", now)
        case _:
            assert_never(answer)


def verify(policy: ResponderPolicy, state: AwaitingProof, request: Request, now: float) -> Step:
    """AUTH by the MSK; once it holds, a Home Address is wanted (RFC 5026 §5.3.1)."""
    sa, claim, message = state.sa, state.claim, request.message
    proof = message.find(Authentication)
    if proof is None:
        cause = f"{claim.identity} sent no AUTH by the MSK"
        return refuse(policy, sa, request, NotifyType.AUTHENTICATION_FAILED, cause, now)
    octets = signed_octets(sa.suite.prf, sa.keys.sk_pi, message=sa.init_request, nonce=sa.nr, identity=claim.idi)
    try:
        check_shared_key_proof(proof, sa.suite.prf, state.accept.msk, octets)
    except AuthenticationFailed as error:
        why = suspect(proof, sa.suite.prf, state.accept.msk, octets)
        cause = f"{claim.identity}: {error.cause}" + (f"; {why}" if why else "")
        return refuse(policy, sa, request, NotifyType.AUTHENTICATION_FAILED, cause, now)
    waiting = AwaitingAddress(sa, claim, state.accept, request)
    elsewhere = policy.redirects.get((claim.apn or "").lower())
    if elsewhere is not None and sa.can_be_redirected:
        return establishing.leave(policy, waiting, redirect(elsewhere), f"is redirected to {elsewhere}", now)
    if not configuring.asks_for_address(claim.message):
        return establishing.leave(policy, waiting, NotifyType.FAILED_CP_REQUIRED, "asks for no Home Address", now)
    initial = claim.message.notify(NotifyType.INITIAL_CONTACT) is not None
    return waiting, [LeaseAddress(_wanted(claim), state.accept.home_address, initial, _ipv4(claim))]


def _ask_identity(policy: ResponderPolicy, sa: Sa, claim: Claim, request: Request, now: float) -> Step:
    """EAP-Request/Identity, for a UE whose IDi is no name that EAP could carry, or where all are to be asked."""
    try:
        own = _introduction(sa, claim)
    except AuthenticationFailed as failure:
        return refuse(policy, sa, request, NotifyType.AUTHENTICATION_FAILED, f"{claim.identity}: {failure.cause}", now)
    eap = EapPacket(EapCode.REQUEST, _FIRST_IDENTIFIER, EapType.IDENTITY).build()
    transmit = send(sa, sa.exchanges.reply(request, (*own, EapMessage(eap))))
    return AwaitingEap(sa, claim, None, asked=True), [transmit]


def _answered_identity(packet: bytes) -> str | None:
    try:
        answer = EapPacket.parse(packet)
    except DecodeError:
        return None
    return _name(answer.type_data) if answer.type == EapType.IDENTITY else None


def _refusal(eap: bytes, error: NotifyType | None) -> tuple[Payload, ...]:
    """EAP-Failure, and why (TS 24.302 §7.4.1.2); AUTHENTICATION_FAILED where there is neither."""
    failure: tuple[Payload, ...] = (EapMessage(eap),) if eap else ()
    told: tuple[Payload, ...] = (Notify(error),) if error is not None else ()
    return (*failure, *told) or (Notify(NotifyType.AUTHENTICATION_FAILED),)


def _introduction(sa: Sa, claim: Claim) -> tuple[Payload, ...]:
    if claim.eap_only:
        return (claim.idr,)
    octets = signed_octets(sa.suite.prf, sa.keys.sk_pr, message=sa.init_reply, nonce=sa.ni, identity=claim.idr)
    credential = claim.credential
    return (claim.idr, *certificate_payloads(credential.sent), sign(credential.key, octets, sa.hashes))


def _name(octets: bytes) -> str | None:
    if len(octets) not in _IDENTITY_OCTETS:
        return None
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() else None


def _called(policy: ResponderPolicy, wanted: IdResponder | None, credential: Credential | None) -> IdResponder:
    """The IDr to answer with: what the UE calls for, where the certificate proves it or none is shown (RFC 5998 §4)."""
    if wanted is None or (credential is not None and not credential.proves(wanted)):
        return IdResponder(IdType.FQDN, policy.name.encode("ascii"))
    return replace(wanted, reserved=bytes(3))


def _apn(policy: ResponderPolicy, wanted: IdResponder | None) -> str | None:
    """Any name that the UE calls for and that is not the gateway's own."""
    if wanted is None or wanted.id_type != IdType.FQDN or wanted.text.lower() == policy.name.lower():
        return None
    return wanted.text


def _ipv4(claim: Claim) -> Ipv4Wish:
    if configuring.wants_ipv4_alone(claim.message):
        return Ipv4Wish.ALONE
    asked = configuring.asks(claim.message, ConfigurationAttributeType.INTERNAL_IP4_ADDRESS)
    return Ipv4Wish.BESIDE if asked else Ipv4Wish.NONE


def _wanted(claim: Claim) -> IPv6Address | None:
    request = claim.message.find(Configuration)
    attribute = request.find(ConfigurationAttributeType.INTERNAL_IP6_ADDRESS) if request else None
    wish = attribute.as_ip6_address if attribute else None
    return wish[0] if wish and not wish[0].is_unspecified else None
