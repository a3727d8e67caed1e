"""What log lines of the gateway say."""

from ipaddress import IPv4Address, IPv6Address

from pdngw_proxy.addresses import Lease
from pdngw_proxy.gateway_events import Level
from pdngw_proxy.mobility import Clause, Dropped, Refused
from pdngw_proxy.reports import dropped, ended, given_up, moved, of_mobility, refused
from pdngw_proxy.sessions import GatewaySession
from wire.ikev2.nat import Endpoint

NONCES = "RFC 6275 §9.5.1 Nonce Indices"
HERE, THERE = Endpoint(IPv4Address("192.0.2.1"), 4500), Endpoint(IPv4Address("192.0.2.9"), 4500)


def test_what_a_stranger_sends_is_told_with_where_it_came_from() -> None:
    report = dropped("neither IKE nor ESP of ours", THERE)
    assert (report.level, report.by_stranger) == (Level.WARNING, True)
    assert report.details == {"cause": "neither IKE nor ESP of ours", "source": str(THERE)}


def test_session_has_the_name_that_other_nodes_log() -> None:
    session = GatewaySession(b"12345678", "5a5a", HERE, THERE, identity="nai")
    report = moved(session)
    assert (report.phrase, report.by_stranger) == ("UE moved", True)
    assert report.details == {"session": "5a5a", "identity": "nai", "to": str(THERE)}
    report = refused(session, "no", HERE)
    assert (report.details, report.by_stranger) == ({"session": "5a5a", "cause": "no"}, False)
    session.began = 1.0
    assert refused(session, "no", HERE).by_stranger, "it can ask any number of times"


def test_who_has_no_session_is_told_of_by_where_it_is() -> None:
    report = refused(None, "no", THERE)
    assert (report.details, report.by_stranger) == ({"cause": "no", "source": str(THERE)}, True)
    assert given_up("no").by_stranger


def test_session_that_had_no_home_address_was_an_attach() -> None:
    session = GatewaySession(b"12345678", "5a5a", HERE, THERE, identity="nai")
    assert (ended(session, "why").phrase, ended(session, "why").level) == ("attach given up", Level.WARNING)
    session.lease = Lease(IPv6Address("2001:db8::100"), "nai", 1)
    report = ended(session, "why")
    assert (report.phrase, report.level) == ("session ended", Level.INFO)
    assert report.details == {"session": "5a5a", "identity": "nai", "cause": "why"}


def test_dropped_message_of_mobile_ipv6_names_its_clause() -> None:
    report = of_mobility(Dropped(Clause.NONCE_INDICES, "a home registration with Nonce Indices"))
    assert (report.phrase, report.clause, report.by_stranger) == ("mobility message dropped", NONCES, True)
    assert report.details == {"cause": "a home registration with Nonce Indices", "clause": NONCES}
    assert dropped("nonsense", THERE, "some clause").clause == "some clause"


def test_refused_update_names_its_status() -> None:
    report = of_mobility(Refused(IPv6Address("2001:db8::100"), 135, "status 135 (sequence out of window)"))
    assert (report.phrase, report.clause, report.by_stranger) == ("Binding Update refused", "status 135", True)
    assert report.details["home_address"] == "2001:db8::100"
