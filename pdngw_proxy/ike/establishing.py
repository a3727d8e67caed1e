"""The last IKE_AUTH at the responder: our AUTH, the Home Address, the first Child SA (RFC 7296 §1.2, RFC 5026 §5.3)."""

from dataclasses import replace

from pdngw_proxy.ike import children, configuring, upkeep
from pdngw_proxy.ike.ending import refuse
from pdngw_proxy.ike.events import AddressLeased, ChildInstalled, Established, Refused, ResponderEffect
from pdngw_proxy.ike.policy import ResponderPolicy
from pdngw_proxy.ike.sending import send
from pdngw_proxy.ike.states import AwaitingAddress, Connected, Session, State
from wire.ikev2.authentication import auth_lifetime, shared_key_proof, signed_octets
from wire.ikev2.child import ChildSa
from wire.ikev2.constants import ExchangeType, NotifyType, ProtocolId
from wire.ikev2.granting import ChildDenied
from wire.ikev2.message import Payload
from wire.ikev2.payloads.auth import Authentication
from wire.ikev2.payloads.delete import Delete
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.spis import EspSpis
from wire.sansio import RandomBytes

Step = tuple[State, list[ResponderEffect]]


def establish(
    policy: ResponderPolicy,
    random: RandomBytes,
    spis: EspSpis,
    state: AwaitingAddress,
    leased: AddressLeased,
    now: float,
) -> Step:
    """Answer AUTH with ours, CFG_REPLY and the first Child SA; where that one is denied the IKE SA stands alone."""
    claim = state.claim
    mobike = policy.mobike and claim.message.notify(NotifyType.MOBIKE_SUPPORTED) is not None
    sa = replace(state.sa, mobike=mobike)
    address = leased.home_address
    child, payloads, denial = _first_child(policy, state, leased, spis.take())
    moves = (Notify(NotifyType.MOBIKE_SUPPORTED),) if mobike else ()
    limits = [limit for limit in (state.accept.session_timeout, policy.auth_lifetime) if limit is not None]
    timeout = min(limits, default=None)
    lasts = () if timeout is None else (auth_lifetime(timeout),)
    reply = configuring.reply(policy, claim.message, leased)
    transmit = send(sa, sa.exchanges.reply(state.request, (_proof(state), reply, *payloads, *moves, *lasts)))
    session = Session(
        identity=claim.identity,
        home_address=address,
        until=None if timeout is None else now + timeout,
        ipv4_home_address=leased.ipv4_home_address,
    )
    user_name = state.accept.user_name or claim.identity
    effects: list[ResponderEffect] = [
        Established(str(sa.suite), claim.identity, user_name, claim.apn, address, sa.path.peer, session.until),
        *(ChildInstalled(one, address) for one in child),
        transmit,
        *(Refused(cause) for cause in denial),
    ]
    return Connected(sa, session, upkeep.begin(policy, random, spis, sa, session, child, now)), effects


def leave(policy: ResponderPolicy, state: AwaitingAddress, error: NotifyType | Notify, cause: str, now: float) -> Step:
    """Answer AUTH with ours and `error`; without a Home Address there is nothing to stay for.

    The UE has an IKE SA all the same, which is deleted here (RFC 7296 §1.2); after REDIRECT the UE does so.
    """
    why = f"{state.claim.identity}: {cause}"
    following, effects = refuse(policy, state.sa, state.request, error, why, now, before=(_proof(state),))
    if isinstance(error, Notify):
        return following, effects
    delete = state.sa.exchanges.request(ExchangeType.INFORMATIONAL, (Delete(ProtocolId.IKE),), now)
    return following, [*effects, send(state.sa, delete)]


def _first_child(
    policy: ResponderPolicy, state: AwaitingAddress, leased: AddressLeased, spi: bytes
) -> tuple[tuple[ChildSa, ...], tuple[Payload, ...], tuple[str, ...]]:
    if configuring.wants_prefix(state.claim.message):
        # A UE that would configure itself is told its address, and asks again for Child SAs (RFC 5026 §5.3.2).
        return (), (Notify(NotifyType.USE_ASSIGNED_HOA),), ()
    try:
        granted = children.first(policy, state.sa, leased, state.claim.message, spi)
    except ChildDenied as denied:
        return (), (denied.notify,), (f"{state.claim.identity}: {denied.cause}",)
    return (granted.child,), granted.payloads, ()


def _proof(state: AwaitingAddress) -> Authentication:
    sa, claim = state.sa, state.claim
    octets = signed_octets(sa.suite.prf, sa.keys.sk_pr, message=sa.init_reply, nonce=sa.ni, identity=claim.idr)
    return shared_key_proof(sa.suite.prf, state.accept.msk, octets)
