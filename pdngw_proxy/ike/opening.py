"""IKE_SA_INIT at the responder (RFC 7296 §1.2, §2.7, §2.21.1)."""

from pdngw_proxy.ike.events import DatagramArrived, Discarded, IkeKeysReady, Refused, ResponderEffect
from pdngw_proxy.ike.policy import ResponderPolicy
from pdngw_proxy.ike.sending import answer_to, unmarked
from pdngw_proxy.ike.states import AwaitingIdentity, Ended, Path, Sa, State
from wire.frozen import dataclass
from wire.ikev2.algorithms import IkeSuite
from wire.ikev2.constants import NotifyType
from wire.ikev2.exchanges import Exchanges, Request
from wire.ikev2.groups import InvalidPublicValue, PrivateKey
from wire.ikev2.keys import ike_keys, initial_skeyseed
from wire.ikev2.message import Payload
from wire.ikev2.nat import detection_payloads
from wire.ikev2.payloads.ke import KeyExchange
from wire.ikev2.payloads.nonce import Nonce
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.payloads.sa import Proposal, SecurityAssociation
from wire.ikev2.proposal import describe, ike_suite, select
from wire.ikev2.protection import Protection
from wire.ikev2.signatures import hash_algorithms, peer_hashes
from wire.sansio import RandomBytes
from wire.secret import Secret

_NONCE_OCTETS = 32

Step = tuple[State, list[ResponderEffect]]


class _Refusal(Exception):
    def __init__(self, error: NotifyType, cause: str, data: bytes = b"") -> None:
        super().__init__(cause)
        self.notify = Notify(error, data)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class _Agreed:
    chosen: Proposal
    suite: IkeSuite
    ni: bytes
    private: PrivateKey
    g_ir: Secret


def answer(
    policy: ResponderPolicy,
    random: RandomBytes,
    exchanges: Exchanges,
    spi_r: bytes,
    arrived: DatagramArrived,
    now: float,
) -> Step:
    """Answer the IKE_SA_INIT in `arrived` with our half, or with the error that leaves no state behind."""
    request = exchanges.receive(unmarked(arrived.octets)[0])
    if not isinstance(request, Request):
        return Ended(), [Discarded("not an IKE_SA_INIT request", arrived.source)]
    try:
        agreed = _agree(policy, random, request)
    except _Refusal as refusal:
        return Ended(), [answer_to(arrived, exchanges.reply(request, (refusal.notify,))), Refused(refusal.cause)]
    exchanges.spi_r = spi_r
    nr = random(_NONCE_OCTETS)
    hashes = peer_hashes(request.message)
    own = policy.seen_at(arrived.destination)
    payloads: list[Payload] = [
        SecurityAssociation((agreed.chosen,)),
        KeyExchange(agreed.suite.group.transform_id, agreed.private.public),
        Nonce(nr),
        *detection_payloads(exchanges.spi_i, spi_r, source=own, destination=arrived.source),
    ]
    if hashes is not None:
        payloads.append(hash_algorithms())
    if policy.fragment_octets is not None and request.message.notify(NotifyType.IKEV2_FRAGMENTATION_SUPPORTED):
        payloads.append(Notify(NotifyType.IKEV2_FRAGMENTATION_SUPPORTED))
        exchanges.fragment_octets = policy.fragment_octets
    transmit = exchanges.reply(request, payloads)
    skeyseed = initial_skeyseed(agreed.suite.prf, ni=agreed.ni, nr=nr, g_ir=agreed.g_ir)
    keys = ike_keys(agreed.suite, skeyseed, ni=agreed.ni, nr=nr, spi_i=exchanges.spi_i, spi_r=spi_r)
    exchanges.protect(Protection(agreed.suite, keys, initiator=False, random=random), spi_r=spi_r)
    sa = Sa(
        exchanges=exchanges,
        began=now,
        suite=agreed.suite,
        keys=keys,
        ni=agreed.ni,
        nr=nr,
        init_request=request.octets,
        init_reply=transmit.octets,
        hashes=hashes,
        path=Path(arrived.source, arrived.destination, unmarked(arrived.octets)[1]),
    )
    ready = IkeKeysReady(exchanges.spi_i, spi_r, agreed.suite, keys)
    return AwaitingIdentity(sa), [ready, answer_to(arrived, transmit)]


def _agree(policy: ResponderPolicy, random: RandomBytes, request: Request) -> _Agreed:
    message = request.message
    offer, ke, nonce = message.find(SecurityAssociation), message.find(KeyExchange), message.find(Nonce)
    if offer is None or ke is None or nonce is None:
        raise _Refusal(NotifyType.INVALID_SYNTAX, "IKE_SA_INIT without SA, KE or Nonce")
    chosen = select(offer.proposals, policy.ike_proposals, group=ke.group)
    if chosen is None:
        offered, wanted = describe(offer.proposals), describe(policy.ike_proposals)
        raise _Refusal(NotifyType.NO_PROPOSAL_CHOSEN, f"no common IKE proposal: offered {offered}; wanted {wanted}")
    suite = ike_suite(chosen)
    if ke.group != suite.group.transform_id:
        wish = suite.group.transform_id.to_bytes(2, "big")
        raise _Refusal(NotifyType.INVALID_KE_PAYLOAD, f"KE of group {ke.group}, not of {suite.group.name}", wish)
    private = suite.group.generate(random)
    try:
        g_ir = private.shared(ke.data)
    except InvalidPublicValue as error:
        raise _Refusal(NotifyType.INVALID_SYNTAX, f"KE payload: {error}") from None
    return _Agreed(chosen, suite, nonce.data, private, g_ir)
