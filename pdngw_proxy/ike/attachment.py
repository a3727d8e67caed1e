"""IKE_AUTH at the responder: our certificate, EAP by way of the AAA server, the MSK (RFC 7296 §2.16, RFC 7427)."""

from dataclasses import replace
from ipaddress import IPv6Address
from typing import assert_never

from pdngw_proxy.aaa_link.port import RelayAccept, RelayChallenge, RelayReject, RelayUnavailable
from pdngw_proxy.ike import establishing
from pdngw_proxy.ike.ending import refuse
from pdngw_proxy.ike.events import AaaAnswered, AskAaa, LeaseAddress, ResponderEffect
from pdngw_proxy.ike.policy import ResponderPolicy
from pdngw_proxy.ike.sending import send
from pdngw_proxy.ike.states import AwaitingAaa, AwaitingAddress, AwaitingEap, AwaitingProof, Claim, Sa, State
from wire.eap.packet import EapCode, identity_response
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
    identity = _identity(idi)
    if identity is None:
        cause = f"IDi is no name for EAP: {idi.text}"
        return refuse(policy, sa, request, NotifyType.AUTHENTICATION_FAILED, cause, now)
    idr, apn = _called(policy, message.find(IdResponder))
    claim = Claim(identity=identity, idi=idi, idr=idr, apn=apn, message=message)
    ask = AskAaa(identity_response(_FIRST_IDENTIFIER, idi.data), identity, apn, None, sa.path.peer)
    return AwaitingAaa(sa, claim, request, first=True, since=now), [ask]


def relay(policy: ResponderPolicy, state: AwaitingEap, request: Request, now: float) -> Step:
    """An EAP response of the UE, on its way to the AAA server."""
    eap = request.message.find(EapMessage)
    if eap is None or eap.code != EapCode.RESPONSE:
        cause = f"{state.claim.identity} sent IKE_AUTH without an EAP response"
        return refuse(policy, state.sa, request, NotifyType.INVALID_SYNTAX, cause, now)
    claim = state.claim
    ask = AskAaa(eap.packet, claim.identity, claim.apn, state.relay_state, state.sa.path.peer)
    return AwaitingAaa(state.sa, claim, request, first=False, since=now), [ask]


def answered(policy: ResponderPolicy, state: AwaitingAaa, event: AaaAnswered, now: float) -> Step:
    """What the AAA server says, on its way to the UE; the first time our certificate and AUTH go before it."""
    sa, claim, answer = state.sa, state.claim, event.answer
    try:
        own = _introduction(policy, sa, claim) if state.first else ()
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
        case RelayReject(eap, why):
            error: Payload = EapMessage(eap) if eap else Notify(NotifyType.AUTHENTICATION_FAILED)
            return refuse(policy, sa, state.request, error, f"{claim.identity}: {why}", now, before=own if eap else ())
        case RelayUnavailable(why):
            cause = f"{claim.identity}: {why}"
            return refuse(policy, sa, state.request, NotifyType.AUTHENTICATION_FAILED, cause, now)
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
        cause = f"{claim.identity}: {error.cause}"
        return refuse(policy, sa, request, NotifyType.AUTHENTICATION_FAILED, cause, now)
    waiting = AwaitingAddress(sa, claim, state.accept, request)
    if not establishing.asks_for_address(waiting):
        return establishing.leave(policy, waiting, NotifyType.FAILED_CP_REQUIRED, "asks for no Home Address", now)
    return waiting, [LeaseAddress(claim.identity, _wanted(claim), state.accept.home_address)]


def _introduction(policy: ResponderPolicy, sa: Sa, claim: Claim) -> tuple[Payload, ...]:
    octets = signed_octets(sa.suite.prf, sa.keys.sk_pr, message=sa.init_reply, nonce=sa.ni, identity=claim.idr)
    return (claim.idr, *certificate_payloads(policy.chain), sign(policy.key, octets, sa.hashes))


def _identity(idi: IdInitiator) -> str | None:
    if idi.id_type not in _NAMES or len(idi.data) not in _IDENTITY_OCTETS:
        return None
    try:
        text = idi.data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() else None


def _called(policy: ResponderPolicy, wanted: IdResponder | None) -> tuple[IdResponder, str | None]:
    """The IDr to answer with, and the APN: any name that the UE calls for and that is not the gateway's own."""
    own = IdResponder(IdType.FQDN, policy.name.encode("ascii"))
    if wanted is None or wanted.id_type != IdType.FQDN:
        return own, None
    name = wanted.text.lower()
    apn = None if name == policy.name.lower() else wanted.text
    return (replace(wanted, reserved=bytes(3)) if name in policy.names else own), apn


def _wanted(claim: Claim) -> IPv6Address | None:
    request = claim.message.find(Configuration)
    attribute = request.find(ConfigurationAttributeType.INTERNAL_IP6_ADDRESS) if request else None
    wish = attribute.as_ip6_address if attribute else None
    return wish[0] if wish and not wish[0].is_unspecified else None
