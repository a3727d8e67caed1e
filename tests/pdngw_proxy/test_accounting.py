"""A session as a record."""

from ipaddress import IPv4Address

from pdngw_proxy.aaa_link.records import EndedBy, Moment, SessionRecord, Usage
from pdngw_proxy.accounting import ended_by, has_begun, occasion_of, record_of
from pdngw_proxy.gateway_events import Channel, DatagramArrived, TrainArrived, UsageWanted
from pdngw_proxy.sessions import GatewaySession
from wire.ikev2.nat import Endpoint
from wire.sansio import Tick

HERE, THERE = Endpoint(IPv4Address("192.0.2.1"), 4500), Endpoint(IPv4Address("192.0.2.9"), 4500)


def test_session_begins_with_its_authentication() -> None:
    session = GatewaySession(b"12345678", "one", HERE, THERE)
    assert not has_begun(session)
    session.began = 10.0
    assert has_begun(session)


def test_record_holds_what_the_session_is_and_has_carried() -> None:
    session = GatewaySession(b"12345678", "one", HERE, THERE, "0001@nai", "user", apn="internet", began=10.0)
    session.traffic.came(100)
    assert record_of(session, Moment.STOP, 75.9, EndedBy.UE) == SessionRecord(
        session="one",
        moment=Moment.STOP,
        identity="0001@nai",
        user_name="user",
        apn="internet",
        home_address=None,
        care_of=THERE.address,
        seconds=65,
        usage=Usage(octets_in=100, packets_in=1),
        ended_by=EndedBy.UE,
    )


def test_who_ends_a_session_is_told_by_what_is_handled() -> None:
    train = TrainArrived((b"",), THERE, HERE)
    datagram = DatagramArrived(Channel.IKE, b"", THERE, HERE)
    events = (train, datagram, Tick(), UsageWanted(600.0))
    assert [occasion_of(event) for event in events] == [EndedBy.UE, EndedBy.UE, EndedBy.SILENCE, EndedBy.FAULT]


def test_session_ends_by_whoever_was_about_to_end_it_or_by_its_time() -> None:
    session = GatewaySession(b"12345678", "one", HERE, THERE)
    assert ended_by(session, EndedBy.UE, 5.0) is EndedBy.UNUSED
    session.began, session.until = 1.0, 9.0
    assert [ended_by(session, EndedBy.UE, now) for now in (8.9, 9.0)] == [EndedBy.UE, EndedBy.TIMEOUT]
    session.ended_by = EndedBy.GATEWAY
    assert ended_by(session, EndedBy.UE, 9.0) is EndedBy.GATEWAY
