"""Where a UE looks for its PDN GW, and in which order."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, IPv6Network

from tests.network import DNS, ue_settings
from ue_sim.agent_discovery import ReplyArrived
from ue_sim.discovery import AnswerArrived, Discovered, DiscoveryFailed
from ue_sim.finding import Effect, Finding
from ue_sim.settings import UeSettings
from ue_sim.ue_events import Channel, Note, Send
from wire.identity import Imsi
from wire.ikev2.nat import Endpoint
from wire.mip6.discovery import AgentReply, home_agents_of
from wire.sansio import Tick

PREFIX = IPv6Network("2001:db8:1::/64")
FIRST, SECOND = IPv6Address("2001:db8:1::1"), IPv6Address("2001:db8:1::2")
IPV4 = IPv4Address("192.0.2.4")
AWAY = ue_settings(
    Imsi("001010000000001"),
    Endpoint(IPv6Address("2001:db8:b::77"), 4500),
    home_prefix=PREFIX,
    gateway_ipv4=IPV4,
    give_up_after=4.0,
)
REPLY = ReplyArrived(AgentReply(0, (FIRST, SECOND)))


def finding(settings: UeSettings = AWAY) -> Finding:
    return Finding(settings=settings, random=bytes)


def channels(effects: list[Effect]) -> list[Channel]:
    return [effect.channel for effect in effects if isinstance(effect, Send)]


def test_configured_gateway_is_not_looked_for() -> None:
    configured = Discovered("the configuration", FIRST, IPV4)
    search = finding(replace(AWAY, configured=configured))
    assert search.begin(0.0) == [configured]
    assert search.deadline is None


def test_home_agents_are_asked_for_by_their_prefix() -> None:
    search = finding()
    (sent,) = search.begin(0.0)
    assert isinstance(sent, Send)
    assert (sent.channel, sent.to) == (Channel.DSMIP, Endpoint(home_agents_of(PREFIX), 0))
    assert search.handle(REPLY, 1.0) == [Discovered(f"home agents of {PREFIX}", FIRST, IPV4, ((SECOND, IPV4),))]


def test_dns_is_asked_when_no_home_agent_answers() -> None:
    search = finding()
    search.begin(0.0)
    assert channels(search.handle(Tick(), 3.0)) == [Channel.DSMIP]
    note, *queries = search.handle(Tick(), 4.0)
    assert isinstance(note, Note)
    assert note.cause.endswith("4 s after 2 requests; asking DNS")
    assert [(one.channel, one.to) for one in queries if isinstance(one, Send)] == [(Channel.DNS, DNS)] * 2
    # too late
    assert search.handle(REPLY, 4.1) == []
    assert channels(search.handle(Tick(), 4.5)) == [Channel.DNS] * 2


def test_dns_is_asked_at_once_where_no_home_agent_can_be() -> None:
    for settings in (replace(AWAY, home_prefix=None), replace(AWAY, ike=Endpoint(IPv4Address("192.0.2.10"), 4500))):
        search = finding(settings)
        assert channels(search.begin(0.0)) == [Channel.DNS] * 2
        assert search.handle(AnswerArrived(b"nonsense"), 0.1) == search.handle(REPLY, 0.2) == []


def test_other_home_agents_follow_in_their_order() -> None:
    found = Discovered("home agents", FIRST, IPV4, ((SECOND, IPV4),))
    second = finding().after(found)
    assert second == Discovered("home agents", SECOND, IPV4)
    assert finding().after(second) is None


IN_IPV4 = replace(AWAY, ike=Endpoint(IPv4Address("192.0.2.10"), 4500))
THIRD = IPv4Address("192.0.2.3")


def test_next_home_agent_is_one_that_the_ue_reaches() -> None:
    found = Discovered("home agents", FIRST, IPV4, ((SECOND, None), (SECOND, IPV4), (FIRST, THIRD)))
    assert finding(IN_IPV4).after(found) == Discovered("home agents", FIRST, THIRD)
    second = finding().after(found)
    assert second == Discovered("home agents", SECOND, None, ((SECOND, IPV4), (FIRST, THIRD)))
    assert finding().after(second) == Discovered("home agents", FIRST, THIRD)


def test_first_home_agent_is_one_that_the_ue_reaches_too() -> None:
    configured = Discovered("the configuration", FIRST, None, ((SECOND, THIRD),))
    search = finding(replace(IN_IPV4, configured=configured))
    assert search.begin(0.0) == [Discovered("the configuration", SECOND, THIRD)]
    alone = finding(replace(IN_IPV4, configured=replace(configured, others=())))
    why = "the configuration has no IPv4 address, and this UE is in an IPv4 network"
    assert alone.begin(0.0) == [DiscoveryFailed(why)]
