"""What a session has come to, as accounting is told it (RFC 2866)."""

from pdngw_proxy.aaa_link.records import EndedBy, Moment, SessionRecord
from pdngw_proxy.gateway_events import DatagramArrived, GatewayEvent, TrainArrived
from pdngw_proxy.sessions import GatewaySession
from wire.sansio import Tick


def has_begun(session: GatewaySession) -> bool:
    """Whether its START has been told."""
    return session.began is not None


def record_of(session: GatewaySession, moment: Moment, now: float, ended_by: EndedBy | None = None) -> SessionRecord:
    """The record of a session, of no seconds where it has not begun; `now` on the clock of `session.began`."""
    return SessionRecord(
        session=session.name,
        moment=moment,
        identity=session.identity,
        user_name=session.user_name,
        apn=session.apn,
        home_address=None if session.lease is None else session.lease.home_address,
        care_of=session.peer.address,
        seconds=int(now - (now if session.began is None else session.began)),
        usage=session.traffic.usage(),
        ended_by=ended_by,
        ipv4_home_address=session.ipv4_home_address,
    )


def occasion_of(event: GatewayEvent) -> EndedBy:
    """Who ends a session that nobody was about to end, by what is being handled."""
    match event:
        case DatagramArrived() | TrainArrived():
            return EndedBy.UE
        case Tick():
            return EndedBy.SILENCE
        case _:
            return EndedBy.FAULT


def ended_by(session: GatewaySession, occasion: EndedBy, now: float) -> EndedBy:
    """Who ends it: whoever was about to; else its time, else what is being handled, by `occasion_of`."""
    is_late = session.until is not None and now >= session.until
    by_itself = EndedBy.TIMEOUT if is_late else occasion
    return session.ended_by or (by_itself if has_begun(session) else EndedBy.UNUSED)
