"""The IKE SA after it is up: what the UE and the clock want of it, and the end of the AAA server's time."""

from dataclasses import replace
from functools import partial
from typing import assert_never

from pdngw_proxy.ike.children import scope_of
from pdngw_proxy.ike.events import (
    ChildInstalled,
    ChildRemoved,
    ChildRetired,
    Closed,
    DatagramArrived,
    Discarded,
    IkeKeysReady,
    PathSeen,
    PeerMoved,
    RedirectRequested,
    Refused,
    RekeyRequested,
    ResponderEffect,
    TellRequested,
    TimeLimited,
)
from pdngw_proxy.ike.policy import MoveCheck, ResponderPolicy
from pdngw_proxy.ike.sending import answer_to, follow, send, unmarked
from pdngw_proxy.ike.states import Connected, Ended, Lingering, Sa, Session, State
from wire.ikev2.authentication import auth_lifetime
from wire.ikev2.child import ChildSa
from wire.ikev2.exchanges import Transmit
from wire.ikev2.nat import Endpoint
from wire.ikev2.redirect import redirect
from wire.ikev2.spis import EspSpis
from wire.ikev2.upkeep import states as kept
from wire.ikev2.upkeep.sa import Upkeep
from wire.sansio import RandomBytes, Tick

Step = tuple[State, list[ResponderEffect]]


def begin(
    policy: ResponderPolicy,
    random: RandomBytes,
    spis: EspSpis,
    sa: Sa,
    session: Session,
    children: tuple[ChildSa, ...],
    now: float,
) -> Upkeep:
    """The machine that keeps the IKE SA of `session` from now on."""
    terms = kept.Terms(
        peer="the UE",
        random=random,
        take_spi=spis.take,
        scope=partial(scope_of, policy, session.home_address, session.ipv4_home_address),
        ike_proposals=policy.ike_proposals,
        esp_proposals=policy.esp_proposals,
        child_groups=policy.child_groups,
        child_limit=policy.child_limit,
        liveness_interval=policy.liveness_interval,
        lifetimes=policy.lifetimes,
        linger=policy.linger,
        follows_moves=sa.mobike,
        seen_at=policy.seen_at,
        checks_moves=policy.move_check is not None,
    )
    return Upkeep(terms=terms, sa=kept.IkeSa(sa.exchanges, sa.suite, sa.keys), children=children, now=now)


def deadline(state: Connected) -> float | None:
    """When `tick` has something to do."""
    return min((at for at in (state.upkeep.deadline, state.session.until) if at is not None), default=None)


def receive(policy: ResponderPolicy, state: Connected, arrived: DatagramArrived, now: float) -> Step:
    """One datagram of the UE."""
    message = kept.MessageArrived(unmarked(arrived.octets)[0], arrived.source, arrived.destination)
    effects = state.upkeep.handle(message, now)
    return _perform(policy, state, effects, arrived, now)


def receive_late(upkeep: Upkeep, arrived: DatagramArrived, now: float) -> list[ResponderEffect]:
    """One datagram of a UE whose session is over: it may have missed an answer."""
    effects = upkeep.handle(kept.MessageArrived(unmarked(arrived.octets)[0]), now)
    return [answer_to(arrived, effect.transmit) for effect in effects if isinstance(effect, kept.Answer)]


def tick(policy: ResponderPolicy, state: Connected, now: float) -> Step:
    """What the clock wants; the end of the AAA server's time is told once."""
    until = state.session.until
    if until is not None and now >= until:
        state = replace(state, session=replace(state.session, until=None))
        return close(policy, state, state.session.over, now)
    return _perform(policy, state, state.upkeep.handle(Tick(), now), None, now)


def close(policy: ResponderPolicy, state: Connected, cause: str, now: float) -> Step:
    """Delete the IKE SA, as soon as the window is free."""
    return _perform(policy, state, state.upkeep.handle(kept.Leave(cause), now), None, now)


Wish = RekeyRequested | TimeLimited | TellRequested | RedirectRequested | PathSeen


def order(policy: ResponderPolicy, state: Connected, wish: Wish, now: float) -> Step:
    """What is wanted of the IKE SA, as soon as the window is free."""
    wanted: kept.Order
    match wish:
        case PathSeen():
            return state, _relocated(state, wish)
        case RekeyRequested(spi_in):
            wanted = kept.RekeyIke() if spi_in is None else kept.RekeyChild(spi_in)
        case TimeLimited(seconds, cause):
            # Another end of the session's time, of which the UE is told (RFC 4478 §3).
            state = replace(state, session=replace(state.session, until=now + seconds, over=cause))
            wanted = kept.Tell(auth_lifetime(seconds))
        case TellRequested(notify):
            wanted = kept.Tell(notify)
        case RedirectRequested(to, seconds, cause):
            if not state.sa.can_be_redirected:
                return close(policy, state, cause, now)
            # The UE deletes the IKE SA when it leaves, and the gateway where it does not (RFC 5685 §5).
            state = replace(state, session=replace(state.session, until=now + seconds, over=cause))
            wanted = kept.Tell(redirect(to))
        case _:
            assert_never(wish)
    return _perform(policy, state, state.upkeep.handle(wanted, now), None, now)


def _relocated(state: Connected, seen: PathSeen) -> list[ResponderEffect]:
    """What has MOBIKE is moved by that alone (RFC 4555 §3.8, RFC 5555 §5.1)."""
    path = state.sa.path
    peer = Endpoint(seen.peer.address, seen.peer.port or path.peer.port)
    if state.sa.mobike or path.peer == peer:
        return []
    path.peer, path.local = peer, Endpoint(seen.local.address, seen.local.port or path.local.port)
    return [PeerMoved(path.peer, path.local)]


def _perform(
    policy: ResponderPolicy,
    state: Connected,
    wanted: list[kept.UpkeepEffect],
    arrived: DatagramArrived | None,
    now: float,
) -> Step:
    following: State = state
    effects: list[ResponderEffect] = []
    for effect in wanted:
        if isinstance(effect, kept.Rekeyed):
            state = following = replace(state, sa=state.sa.renewed(effect.sa))
        elif isinstance(effect, kept.Over):
            lingers = Lingering(state.sa, now + policy.linger, state.upkeep)
            following = lingers if arrived is not None else Ended()
        effects += _told(policy, state, effect, arrived)
    return following, effects


def _told(
    policy: ResponderPolicy, state: Connected, effect: kept.UpkeepEffect, arrived: DatagramArrived | None
) -> list[ResponderEffect]:
    match effect:
        case Transmit():
            return [send(state.sa, effect)]
        case kept.Answer(transmit):
            return [answer_to(arrived, transmit)] if arrived else []
        case kept.Genuine() | kept.PeerHasMoved() | kept.PeerIsThere() | kept.Moved() | kept.NotMoved():
            return _followed(policy, state, effect, arrived)
        case kept.Notified():
            return []
        case kept.Passed(cause):
            return [Discarded(cause, arrived.source)] if arrived else []
        case kept.ChildReady(child):
            return [ChildInstalled(child, state.session.home_address)]
        case kept.ChildRetired(spi_in):
            return [ChildRetired(spi_in)]
        case kept.ChildGone(spi_in):
            return [ChildRemoved(spi_in)]
        case kept.NoChild(cause) | kept.NotRekeyed(cause) | kept.Denied(cause):
            return [Refused(f"{state.session.identity}: {cause}")]
        case kept.Rekeyed(sa):
            return [IkeKeysReady(sa.exchanges.spi_i, sa.exchanges.spi_r, sa.suite, sa.keys)]
        case kept.Over(cause):
            return [Closed(cause)]
        case _:
            assert_never(effect)


def _followed(
    policy: ResponderPolicy, state: Connected, effect: kept.UpkeepEffect, arrived: DatagramArrived | None
) -> list[ResponderEffect]:
    """With MOBIKE only UPDATE_SA_ADDRESSES moves the UE, else every genuine message (RFC 4555 §3.5, RFC 7296 §2.23).

    IKE follows at once, and ESP where it need not be seen before that the UE is there (RFC 4555 §3.7).
    """
    waits = state.sa.mobike and policy.move_check is MoveCheck.BEFORE
    if isinstance(effect, kept.PeerIsThere):
        return [PeerMoved(state.sa.path.peer, state.sa.path.local)] if waits else []
    follows = isinstance(effect, kept.PeerHasMoved if state.sa.mobike else kept.Genuine)
    moved = arrived is not None and follows and follow(state.sa, arrived)
    return [PeerMoved(state.sa.path.peer, state.sa.path.local)] if moved and not waits else []
