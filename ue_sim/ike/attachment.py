"""IKE_AUTH at the initiator: EAP, certificate, Home Address, first Child SA (RFC 7296 §2.16, RFC 5026 §5.3.1)."""

from dataclasses import replace
from ipaddress import IPv6Address

from ue_sim.ike import upkeep
from ue_sim.ike.children import first_wish
from ue_sim.ike.events import (
    AddressAssigned,
    ChildInstalled,
    Closed,
    EapRequested,
    Established,
    InitiatorEffect,
    Redirected,
)
from ue_sim.ike.policy import InitiatorPolicy
from ue_sim.ike.states import (
    AwaitingEap,
    AwaitingGateway,
    AwaitingKeys,
    AwaitingMethod,
    AwaitingProof,
    Connected,
    Ended,
    Sa,
    State,
)
from wire.errors import DecodeError, ProtocolViolation
from wire.ikev2.asking import Asked, accept_with
from wire.ikev2.authentication import AuthenticationFailed, check_shared_key_proof, shared_key_proof, signed_octets
from wire.ikev2.certificates import certificate_request, check_gateway
from wire.ikev2.child import ChildSa, Mode
from wire.ikev2.constants import (
    ConfigurationAttributeType,
    ConfigurationType,
    ExchangeType,
    IdType,
    NotifyType,
    ProtocolId,
)
from wire.ikev2.exchanges import Transmit
from wire.ikev2.message import Message
from wire.ikev2.payloads.auth import Authentication
from wire.ikev2.payloads.cert import Certificate
from wire.ikev2.payloads.cp import Configuration, ConfigurationAttribute
from wire.ikev2.payloads.delete import Delete
from wire.ikev2.payloads.eap import EapMessage
from wire.ikev2.payloads.identification import IdInitiator, IdResponder
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.payloads.sa import SecurityAssociation
from wire.ikev2.payloads.ts import TsInitiator, TsResponder
from wire.ikev2.proposal import offer
from wire.ikev2.redirect import read_redirect
from wire.ikev2.signatures import check_signature
from wire.sansio import RandomBytes
from wire.secret import Secret

Step = tuple[State, list[InitiatorEffect]]

_EAP_REQUEST, _EAP_SUCCESS = 1, 3
_HOST_PREFIX = 128


def introduce(policy: InitiatorPolicy, sa: Sa, now: float) -> Step:
    """Send the first IKE_AUTH: who we are, whom we want, what we ask for; no AUTH, which asks for EAP."""
    first = first_wish(mobility=policy.mobility)
    wish = Configuration(ConfigurationType.REQUEST, (_wanted_address(policy),))
    payloads = (
        _identity(policy),
        *((Notify(NotifyType.INITIAL_CONTACT),) if policy.initial_contact else ()),
        *((Notify(NotifyType.EAP_ONLY_AUTHENTICATION),) if policy.eap_only else ()),
        *((certificate_request(policy.anchors),) if policy.anchors else ()),
        IdResponder(IdType.FQDN, policy.apn.encode("ascii")),
        wish,
        *((Notify(NotifyType.USE_TRANSPORT_MODE),) if first.mode is Mode.TRANSPORT else ()),
        SecurityAssociation(offer(policy.esp_proposals, sa.child_spi)),
        TsInitiator(first.local),
        TsResponder(first.remote),
        *((Notify(NotifyType.MOBIKE_SUPPORTED),) if policy.mobike else ()),
    )
    return AwaitingGateway(sa), [sa.exchanges.request(ExchangeType.IKE_AUTH, payloads, now)]


def meet_gateway(policy: InitiatorPolicy, sa: Sa, message: Message, now: float) -> Step:
    """Verify the gateway's certificate, name and signature, then hand its EAP message to the method."""
    if message.refusal is not None and message.find(EapMessage) is None:
        return _over(f"the gateway answers IKE_AUTH with {message.refusal.name}")
    identity, proof, eap = message.find(IdResponder), message.find(Authentication), message.find(EapMessage)
    if identity is None or (proof is None and not policy.eap_only):
        return _fail(sa, "the gateway does not prove its identity", now)
    if proof is None:
        return _trust_eap(policy, sa, identity, message, now)
    try:
        key = check_gateway(
            message.every(Certificate),
            identity,
            names=policy.gateway_names,
            anchors=policy.anchors,
            now=sa.connect.at,
        )
        octets = signed_octets(sa.suite.prf, sa.keys.sk_pr, message=sa.init_reply, nonce=sa.ni, identity=identity)
        check_signature(proof, key, octets)
    except AuthenticationFailed as error:
        return _fail(sa, error.cause, now)
    if eap is None and message.notify(NotifyType.REDIRECT) is not None:
        return _go(sa, message, now)
    if eap is None:
        return _fail(sa, "the gateway offers no EAP", now)
    known = replace(sa, gateway=identity.text, gateway_octets=identity.build())
    return _begin_eap(known, eap, message, policy, now)


def _go(sa: Sa, message: Message, now: float) -> Step:
    """Leave for the gateway that an authenticated one names (RFC 5685 §6)."""
    notify = message.notify(NotifyType.REDIRECT)
    try:
        gateway = read_redirect(notify)[0] if notify is not None else None
    except DecodeError as error:
        return _leave(sa, f"the gateway's REDIRECT is malformed {error}", now)
    if gateway is None:
        return _leave(sa, "the gateway names no other", now)
    return Ended(), [_farewell(sa, Delete(ProtocolId.IKE), now), Redirected(gateway)]


def _trust_eap(policy: InitiatorPolicy, sa: Sa, identity: IdResponder, message: Message, now: float) -> Step:
    """Go on without a certificate: whoever has the MSK is the gateway (RFC 5998 §3)."""
    if identity.text.lower() not in {name.lower() for name in policy.gateway_names}:
        expected = " or ".join(sorted(policy.gateway_names))
        return _fail(sa, f"the gateway calls itself {identity.text}, not {expected}", now)
    eap = message.find(EapMessage)
    if eap is None:
        return _fail(sa, "the gateway offers no EAP", now)
    known = replace(sa, gateway=identity.text, gateway_octets=identity.build())
    return _begin_eap(known, eap, message, policy, now)


def _begin_eap(sa: Sa, eap: EapMessage, message: Message, policy: InitiatorPolicy, now: float) -> Step:
    """The first EAP message: no success, because nobody has shown anything yet (RFC 3748 §4.2)."""
    if eap.code == _EAP_SUCCESS:
        return _fail(sa, "the gateway sends EAP-Success before any EAP-Request", now)
    return hear_eap(sa, None, eap, message, policy, now)


def hear_eap(
    sa: Sa, msk: Secret | None, eap: EapMessage, message: Message, policy: InitiatorPolicy, now: float
) -> Step:
    """Hand an EAP message to the method; success leads on to AUTH by the MSK, failure ends it.

    `message` holds it, and says why where the network refuses.
    """
    requested = EapRequested(eap.packet)
    if eap.code == _EAP_REQUEST:
        return AwaitingMethod(sa, msk, now), [requested]
    if eap.code != _EAP_SUCCESS:
        why = f" and {message.refusal.name}" if message.refusal is not None else ""
        return Ended(), [requested, Closed(f"EAP refused: the network sent EAP-Failure{why}")]
    if msk is None:
        return AwaitingKeys(sa, now), [requested]
    state, effects = prove(policy, sa, msk, now)
    return state, [requested, *effects]


def answer_eap(sa: Sa, msk: Secret | None, packet: bytes, now: float) -> Step:
    """Send what the method answers."""
    return AwaitingEap(sa, msk), [sa.exchanges.request(ExchangeType.IKE_AUTH, (EapMessage(packet),), now)]


def go_on(policy: InitiatorPolicy, sa: Sa, msk: Secret | None, message: Message, now: float) -> Step:
    """The gateway's answer to an EAP response."""
    eap = message.find(EapMessage)
    if eap is not None:
        return hear_eap(sa, msk, eap, message, policy, now)
    refusal = message.refusal
    return _over(f"the gateway answers EAP with {refusal.name if refusal else 'nothing'}")


def prove(policy: InitiatorPolicy, sa: Sa, msk: Secret, now: float) -> Step:
    """Send AUTH by the MSK (RFC 7296 §2.16)."""
    octets = signed_octets(
        sa.suite.prf, sa.keys.sk_pi, message=sa.init_request, nonce=sa.nr, identity=_identity(policy)
    )
    proof = shared_key_proof(sa.suite.prf, msk, octets)
    return AwaitingProof(sa, msk), [sa.exchanges.request(ExchangeType.IKE_AUTH, (proof,), now)]


def conclude(policy: InitiatorPolicy, random: RandomBytes, sa: Sa, msk: Secret, message: Message, now: float) -> Step:
    """Verify the gateway's AUTH by the MSK, take the Home Address and install the first Child SA."""
    proof = message.find(Authentication)
    if proof is None:
        refusal = message.refusal
        return _over(f"the gateway answers AUTH with {refusal.name if refusal else 'no AUTH of its own'}")
    identity = IdResponder(sa.gateway_octets[0], sa.gateway_octets[4:], sa.gateway_octets[1:4])
    octets = signed_octets(sa.suite.prf, sa.keys.sk_pr, message=sa.init_reply, nonce=sa.ni, identity=identity)
    try:
        check_shared_key_proof(proof, sa.suite.prf, msk, octets)
    except AuthenticationFailed as error:
        return _fail(sa, f"the gateway's {error.cause}", now)
    if message.notify(NotifyType.REDIRECT) is not None:
        return _go(sa, message, now)
    effects: list[InitiatorEffect] = [Established(str(sa.suite), policy.identity, sa.gateway, sa.nat)]
    try:
        address = _assigned(message)
        effects.append(address)
        child = _first_child(policy, sa, message, address.home_address)
    except ProtocolViolation as error:
        state, farewell = _leave(sa, error.reason, now)
        return state, [*effects, *farewell]
    sa = replace(sa, mobike=policy.mobike and message.notify(NotifyType.MOBIKE_SUPPORTED) is not None)
    kept = upkeep.begin(policy, random, sa, address.home_address, child, now)
    lifetime = message.notify(NotifyType.AUTH_LIFETIME)
    told = upkeep.heard(lifetime) if lifetime is not None else []
    return Connected(sa, kept), [*effects, ChildInstalled(child), *told]


def _first_child(policy: InitiatorPolicy, sa: Sa, message: Message, home_address: IPv6Address) -> ChildSa:
    if message.refusal is not None:
        raise ProtocolViolation(f"the gateway makes no Child SA: {message.refusal.name}")
    wanted = Asked(
        wish=first_wish(mobility=policy.mobility),
        offered=offer(policy.esp_proposals, sa.child_spi),
        spi=sa.child_spi,
        ni=sa.ni,
    )
    child = accept_with(wanted, message, prf=sa.suite.prf, sk_d=sa.keys.sk_d, nr=sa.nr)
    if not all(selector.is_one_address and selector.start == home_address for selector in child.local):
        raise ProtocolViolation("the first Child SA is not bound to the Home Address")
    return child


def _assigned(message: Message) -> AddressAssigned:
    reply = message.find(Configuration)
    attribute = reply.find(ConfigurationAttributeType.INTERNAL_IP6_ADDRESS) if reply else None
    assigned = attribute.as_ip6_address if attribute else None
    if reply is None or reply.kind != ConfigurationType.REPLY or assigned is None:
        refusal = f": {message.refusal.name}" if message.refusal is not None else ""
        raise ProtocolViolation(f"the gateway assigns no Home Address{refusal}")
    return AddressAssigned(*assigned)


def _wanted_address(policy: InitiatorPolicy) -> ConfigurationAttribute:
    """Any address, or that which the UE had: the gateway may give another all the same (RFC 7296 §3.15.1)."""
    if policy.home_address is None:
        return ConfigurationAttribute(ConfigurationAttributeType.INTERNAL_IP6_ADDRESS)
    return ConfigurationAttribute.ip6_address(policy.home_address, _HOST_PREFIX)


def _identity(policy: InitiatorPolicy) -> IdInitiator:
    return IdInitiator(policy.id_type, policy.identity.encode("utf-8"))


def _over(cause: str) -> Step:
    return Ended(), [Closed(cause)]


def _fail(sa: Sa, cause: str, now: float) -> Step:
    # The gateway has done nothing wrong that it could know of: tell it why we go (RFC 7296 §2.21.2).
    notify = Notify(NotifyType.AUTHENTICATION_FAILED)
    return Ended(), [_farewell(sa, notify, now), Closed(cause)]


def _leave(sa: Sa, cause: str, now: float) -> Step:
    return Ended(), [_farewell(sa, Delete(ProtocolId.IKE), now), Closed(cause)]


def _farewell(sa: Sa, payload: Notify | Delete, now: float) -> Transmit:
    return sa.exchanges.request(ExchangeType.INFORMATIONAL, (payload,), now)
