"""The IKE SA after it is up, and the gateway's requests before that (RFC 7296 §1.4, §2.8)."""

from dataclasses import replace
from functools import partial
from ipaddress import IPv6Address
from typing import assert_never

from ue_sim.ike.children import scope_of
from ue_sim.ike.events import (
    EVERY_CHILD,
    ChildInstalled,
    ChildRefused,
    ChildRemoved,
    ChildRequested,
    ChildRetired,
    Closed,
    GatewayAnswered,
    IkeKeysReady,
    InitiatorEffect,
    LifetimeTold,
    MoveConfirmed,
    PathChanged,
    ProbeRequested,
    RekeyRequested,
    Remarked,
    SentElsewhere,
)
from ue_sim.ike.policy import InitiatorPolicy
from ue_sim.ike.states import Connected, Ended, Protected, Sa, State
from wire.errors import DecodeError
from wire.ikev2.asking import ChildWish
from wire.ikev2.authentication import read_auth_lifetime
from wire.ikev2.child import ChildSa
from wire.ikev2.constants import ExchangeType, NotifyType, ProtocolId
from wire.ikev2.exchanges import Request, Transmit
from wire.ikev2.message import UnsupportedCriticalPayload
from wire.ikev2.payloads.delete import Delete
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.redirect import read_redirect
from wire.ikev2.spis import esp_spi
from wire.ikev2.upkeep import states as kept
from wire.ikev2.upkeep.sa import Upkeep
from wire.sansio import RandomBytes

Step = tuple[State, list[InitiatorEffect]]
Wish = ChildRequested | RekeyRequested | PathChanged | ProbeRequested
_Remark = (
    kept.Genuine | kept.Passed | kept.PeerHasMoved | kept.PeerIsThere | kept.Moved | kept.NotMoved
    | kept.NotRekeyed | kept.Denied | kept.Notified
)  # fmt: skip


def begin(
    policy: InitiatorPolicy, random: RandomBytes, sa: Sa, home_address: IPv6Address, first: ChildSa, now: float
) -> Upkeep:
    """The machine that keeps the IKE SA from now on."""
    terms = kept.Terms(
        peer="the gateway",
        random=random,
        take_spi=partial(esp_spi, random),
        scope=partial(scope_of, home_address),
        ike_proposals=policy.ike_proposals,
        esp_proposals=policy.esp_proposals,
        child_groups=policy.child_groups,
        child_limit=policy.child_limit,
        liveness_interval=policy.liveness_interval,
        lifetimes=policy.lifetimes,
        leads_moves=sa.mobike,
    )
    begun = kept.IkeSa(sa.exchanges, sa.suite, sa.keys)
    place = sa.connect.local, sa.connect.gateway
    return Upkeep(terms=terms, sa=begun, children=(first,), now=now, place=place)


def order(state: Connected, event: Wish, now: float) -> Step:
    """Do what is asked of an IKE SA that is up."""
    if event == RekeyRequested(EVERY_CHILD):
        following: State = state
        effects: list[InitiatorEffect] = []
        for child in state.upkeep.children:
            following, more = step(state, kept.RekeyChild(child.spi_in), now)
            effects += more
        return following, effects
    wanted: kept.Order
    match event:
        case ChildRequested(mode, local, remote):
            wanted = kept.MakeChild(ChildWish(mode, local, remote))
        case RekeyRequested(spi_in):
            wanted = kept.RekeyIke() if spi_in is None else kept.RekeyChild(spi_in)
        case PathChanged(local, gateway) if state.sa.mobike:
            wanted = kept.Move(local, gateway or state.sa.connect.gateway)
        case PathChanged() | ProbeRequested():
            wanted = kept.Ask()
        case _:
            assert_never(event)
    return step(state, wanted, now)


def step(state: Connected, event: kept.UpkeepEvent, now: float) -> Step:
    """Give the machine an event, and say what comes of it."""
    following: State = state
    effects: list[InitiatorEffect] = []
    for effect in state.upkeep.handle(event, now):
        if isinstance(effect, kept.Rekeyed):
            state = following = replace(state, sa=state.sa.renewed(effect.sa))
        elif isinstance(effect, kept.Over):
            following = Ended()
        effects += _told(effect)
    return following, effects


def serve_early(state: Protected, request: Request) -> Step:
    """Answer a request of the gateway before the IKE SA is up."""
    exchanges, message = state.sa.exchanges, request.message
    if request.fault is not None:
        critical = isinstance(request.fault, UnsupportedCriticalPayload)
        error = NotifyType.UNSUPPORTED_CRITICAL_PAYLOAD if critical else NotifyType.INVALID_SYNTAX
        data = bytes((request.fault.payload_type,)) if isinstance(request.fault, UnsupportedCriticalPayload) else b""
        return state, [exchanges.reply(request, (Notify(error, data),))]
    if message.exchange != ExchangeType.INFORMATIONAL:
        return state, [exchanges.reply(request, (Notify(NotifyType.INVALID_SYNTAX),))]
    if any(delete.protocol_id == ProtocolId.IKE for delete in message.every(Delete)):
        return Ended(), [exchanges.reply(request, ()), Closed("the gateway deleted the IKE SA")]
    if message.fatal is not None:
        return Ended(), [exchanges.reply(request, ()), Closed(f"the gateway says {message.fatal.name}")]
    return state, [exchanges.reply(request, ())]


def heard(notify: Notify) -> list[InitiatorEffect]:
    """What REDIRECT or AUTH_LIFETIME of an IKE SA that is up says (RFC 5685 §5, RFC 4478 §3)."""
    try:
        if notify.notify_type == NotifyType.REDIRECT:
            return [SentElsewhere(read_redirect(notify)[0])]
        return [LifetimeTold(read_auth_lifetime(notify))]
    except DecodeError as error:
        return [Remarked(f"the gateway's notification {notify.notify_type} is malformed {error}")]


def _told(effect: kept.UpkeepEffect) -> list[InitiatorEffect]:
    match effect:
        case Transmit():
            return [effect]
        case kept.Answer(transmit):
            return [transmit]
        case kept.ChildReady(child):
            return [ChildInstalled(child)]
        case kept.ChildRetired(spi_in):
            return [ChildRetired(spi_in)]
        case kept.ChildGone(spi_in):
            return [ChildRemoved(spi_in)]
        case kept.NoChild(cause):
            return [ChildRefused(cause)]
        case kept.Rekeyed(sa):
            return [IkeKeysReady(sa.exchanges.spi_i, sa.exchanges.spi_r, sa.suite, sa.keys)]
        case kept.Over(cause):
            return [Closed(cause)]
        case _:
            return _remarked(effect)


def _remarked(effect: _Remark) -> list[InitiatorEffect]:
    match effect:
        case kept.Genuine(request=False):
            return [GatewayAnswered()]
        case kept.Genuine() | kept.Passed() | kept.PeerHasMoved() | kept.PeerIsThere():
            return []
        case kept.Moved(local, behind_nat):
            return [MoveConfirmed(local, behind_nat)]
        case kept.Notified(notify):
            return heard(notify)
        case kept.NotRekeyed(cause) | kept.NotMoved(cause) | kept.Denied(cause):
            return [Remarked(cause)]
        case _:
            assert_never(effect)
