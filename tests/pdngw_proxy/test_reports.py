"""What log lines of the gateway say."""

from ipaddress import IPv4Address

from pdngw_proxy.gateway_events import Level
from pdngw_proxy.reports import dropped, of_session
from pdngw_proxy.sessions import GatewaySession
from wire.ikev2.nat import Endpoint

HERE, THERE = Endpoint(IPv4Address("192.0.2.1"), 4500), Endpoint(IPv4Address("192.0.2.9"), 4500)


def test_what_a_stranger_sends_is_told_with_where_it_came_from() -> None:
    report = dropped("neither IKE nor ESP of ours", THERE)
    assert (report.level, report.by_stranger) == (Level.WARNING, True)
    assert report.details == {"cause": "neither IKE nor ESP of ours", "source": str(THERE)}


def test_session_has_the_name_that_other_nodes_log() -> None:
    assert of_session(GatewaySession(b"12345678", "5a5a", HERE, THERE)) == {"session": "5a5a"}
