"""IKE_SA_INIT at the initiator, with its retries (RFC 7296 §1.2, §2.6, §2.7)."""

from collections.abc import Sequence
from dataclasses import replace

from ue_sim.ike import attachment
from ue_sim.ike.events import Connect, Floated, IkeKeysReady, InitiatorEffect, Redirected
from ue_sim.ike.policy import InitiatorPolicy
from ue_sim.ike.states import AwaitingInit, Ended, Opening, Sa, State
from ue_sim.tampering import TamperedExchanges
from wire.errors import DecodeError, ProtocolViolation
from wire.ikev2.constants import ExchangeType, NotifyType, TransformType
from wire.ikev2.exchanges import Exchanges, Reply, Transmit
from wire.ikev2.groups import GROUPS, InvalidPublicValue
from wire.ikev2.header import NO_SPI
from wire.ikev2.keys import ike_keys, initial_skeyseed
from wire.ikev2.message import Message, Payload
from wire.ikev2.nat import Endpoint, detect, detection_payloads
from wire.ikev2.payloads.ke import KeyExchange
from wire.ikev2.payloads.nonce import Nonce
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.payloads.sa import Proposal, SecurityAssociation
from wire.ikev2.proposal import check_answer, ike_suite, offer
from wire.ikev2.protection import Protection
from wire.ikev2.redirect import GatewayIdentity, read_redirect, redirect_support
from wire.ikev2.signatures import hash_algorithms
from wire.ikev2.spis import esp_spi, ike_spi
from wire.sansio import RandomBytes

MAX_RESTARTS = 5
"""Times that a COOKIE or INVALID_KE_PAYLOAD makes us begin again, before they are passed over."""

_NONCE_OCTETS = 32
_COOKIE_OCTETS = range(1, 65)

Step = tuple[State, list[InitiatorEffect]]


def begin(policy: InitiatorPolicy, random: RandomBytes, connect: Connect, now: float) -> Step:
    """Send the first IKE_SA_INIT, with a public value of the group most wanted."""
    group = GROUPS[_groups(policy.ike_proposals)[0]]
    exchanges = _exchanges(policy, ike_spi(random))
    opening = Opening(
        connect=connect,
        began=now,
        exchanges=exchanges,
        ni=random(_NONCE_OCTETS),
        group=group,
        private=group.generate(random),
        request=b"",
    )
    return _send(policy, opening, now)


def _exchanges(policy: InitiatorPolicy, spi_i: bytes) -> Exchanges:
    if policy.tampering is None:
        return Exchanges(spi_i=spi_i, initiator=True, retransmission=policy.retransmission)
    tampered = TamperedExchanges(spi_i=spi_i, initiator=True, retransmission=policy.retransmission)
    tampered.tampering = policy.tampering
    return tampered


def process(policy: InitiatorPolicy, random: RandomBytes, opening: Opening, reply: Reply, now: float) -> Step:
    """Go on with IKE_AUTH, begin again, or note what the answer complains of.

    Anybody may have made the answer, so that a complaint ends nothing before the next sending (RFC 7296 §2.21.1).
    """
    message = reply.message
    elsewhere = _elsewhere(opening, message)
    if elsewhere is not None:
        return Ended(), [Redirected(elsewhere)]
    again = _begun_again(policy, random, opening, message)
    if again is not None:
        again.exchanges.restart()
        return _send(policy, again, now)
    if message.refusal is not None:
        return _complain(opening, f"the gateway answers IKE_SA_INIT with {message.refusal.name}")
    try:
        sa = _accept(policy, random, opening, reply)
    except (ProtocolViolation, InvalidPublicValue) as error:
        return _complain(opening, f"the gateway's IKE_SA_INIT is not acceptable: {error}")
    ready = IkeKeysReady(sa.exchanges.spi_i, sa.exchanges.spi_r, sa.suite, sa.keys)
    sa, floated = _floated(policy, sa)
    state, effects = attachment.introduce(policy, sa, now)
    return state, [ready, *floated, *effects]


def _floated(policy: InitiatorPolicy, sa: Sa) -> tuple[Sa, list[InitiatorEffect]]:
    """To the port of ESP in UDP, which a NAT demands and our ESP needs without one as well (RFC 7296 §2.23)."""
    if policy.floats_to is None:
        return sa, []
    there = Endpoint(sa.connect.gateway.address, policy.floats_to)
    here = Endpoint(sa.connect.local.address, policy.floats_from or sa.connect.local.port)
    return replace(sa, connect=replace(sa.connect, local=here, gateway=there)), [Floated(there)]


def _elsewhere(opening: Opening, message: Message) -> GatewayIdentity | None:
    """Where a REDIRECT leads; one without our nonce is a forger's (RFC 5685 §3)."""
    notify = message.notify(NotifyType.REDIRECT)
    if notify is None:
        return None
    try:
        gateway, nonce = read_redirect(notify)
    except DecodeError:
        return None
    return gateway if nonce == opening.ni else None


def _complain(opening: Opening, complaint: str) -> Step:
    return AwaitingInit(replace(opening, complaint=complaint)), []


def _begun_again(policy: InitiatorPolicy, random: RandomBytes, opening: Opening, message: Message) -> Opening | None:
    if opening.restarts == MAX_RESTARTS:
        return None
    cookie, invalid_ke = message.notify(NotifyType.COOKIE), message.notify(NotifyType.INVALID_KE_PAYLOAD)
    if cookie is not None and len(cookie.data) in _COOKIE_OCTETS:
        return replace(opening, cookie=cookie.data, restarts=opening.restarts + 1)
    if invalid_ke is None or len(invalid_ke.data) != 2:
        return None
    wanted = int.from_bytes(invalid_ke.data, "big")
    if wanted == opening.group.transform_id or wanted not in _groups(policy.ike_proposals):
        return None
    group = GROUPS[wanted]
    return replace(opening, group=group, private=group.generate(random), restarts=opening.restarts + 1)


def _send(policy: InitiatorPolicy, opening: Opening, now: float) -> Step:
    spi_i, connect = opening.exchanges.spi_i, opening.connect
    payloads: list[Payload] = [Notify(NotifyType.COOKIE, opening.cookie)] if opening.cookie is not None else []
    payloads += [
        SecurityAssociation(offer(policy.ike_proposals)),
        KeyExchange(opening.group.transform_id, opening.private.public),
        Nonce(opening.ni),
        *detection_payloads(spi_i, NO_SPI, source=connect.local, destination=connect.gateway),
        hash_algorithms(),
        redirect_support(connect.redirected_from),
    ]
    if policy.fragment_octets is not None:
        payloads.append(Notify(NotifyType.IKEV2_FRAGMENTATION_SUPPORTED))
    transmit = opening.exchanges.request(ExchangeType.IKE_SA_INIT, payloads, now)
    sent = replace(opening, request=transmit.octets, complaint=None)
    return AwaitingInit(sent), [Transmit(transmit.octets)]


def _accept(policy: InitiatorPolicy, random: RandomBytes, opening: Opening, reply: Reply) -> Sa:
    message = reply.message
    answer, ke, nonce = message.find(SecurityAssociation), message.find(KeyExchange), message.find(Nonce)
    if answer is None or ke is None or nonce is None or message.spi_r == NO_SPI:
        raise ProtocolViolation("it lacks SA, KE, Nonce or SPI")
    suite = ike_suite(check_answer(answer.proposals, offer(policy.ike_proposals)))
    if not suite.group.transform_id == ke.group == opening.group.transform_id:
        raise ProtocolViolation("its KE payload is of another group than was sent")
    g_ir = opening.private.shared(ke.data)
    skeyseed = initial_skeyseed(suite.prf, ni=opening.ni, nr=nonce.data, g_ir=g_ir)
    spi_i = opening.exchanges.spi_i
    keys = ike_keys(suite, skeyseed, ni=opening.ni, nr=nonce.data, spi_i=spi_i, spi_r=message.spi_r)
    if message.notify(NotifyType.IKEV2_FRAGMENTATION_SUPPORTED):
        opening.exchanges.fragment_octets = policy.fragment_octets
    opening.exchanges.protect(Protection(suite, keys, initiator=True, random=random), spi_r=message.spi_r)
    connect = opening.connect
    return Sa(
        connect=connect,
        began=opening.began,
        exchanges=opening.exchanges,
        suite=suite,
        keys=keys,
        ni=opening.ni,
        nr=nonce.data,
        init_request=opening.request,
        init_reply=reply.octets,
        nat=detect(message, source=connect.gateway, destination=connect.local),
        child_spi=esp_spi(random),
    )


def _groups(proposals: Sequence[Proposal]) -> list[int]:
    return [
        transform.transform_id
        for proposal in proposals
        for transform in proposal.transforms
        if transform.kind == TransformType.DH
    ]
