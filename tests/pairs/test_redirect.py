"""UEs that a PDN GW sends to another, by its address or by its name (RFC 5685)."""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address

import dns.name
import dns.rdata
import pytest

from akadia.dns_server import Zone
from pdngw_proxy import gateway_events as pgw
from pdngw_proxy.aaa_link.records import EndedBy
from pdngw_proxy.ike.policy import Admission
from pdngw_proxy.ike.sending import unmarked
from tests.network import (
    APN,
    DNS,
    DSMIP,
    GATEWAY_ADDRESS,
    HA_ADDRESS,
    NATT,
    Network,
    VirtualUe,
    assert_nothing_is_left,
    responder_policy,
)
from ue_sim.discovery import Discovered
from ue_sim.ike.events import IkeKeysReady
from ue_sim.ue_events import (
    Detached,
    Note,
    OnTheNetwork,
    ReauthenticationRequested,
    Step,
)
from wire.esp.encapsulation import build_ike
from wire.ikev2.message import Message
from wire.ikev2.nat import Endpoint
from wire.ikev2.redirect import GatewayIdentity, redirect_support

OTHER = Endpoint(IPv4Address("192.0.2.5"), NATT.port)
NAMED = GatewayIdentity.of("pgw2.example")
WAYS = [GatewayIdentity.of("192.0.2.5"), NAMED]


class Site:
    """A gateway that sends UEs `elsewhere` in IKE_SA_INIT or in IKE_AUTH, and takes them at its other address."""

    def __init__(self, elsewhere: GatewayIdentity | None, *, full: bool = True, known: bool = True) -> None:
        self.redirects: dict[str, GatewayIdentity] = {}
        self.network = Network(responder=responder_policy(redirects=self.redirects))
        self._full = full
        for channel, port in ((pgw.Channel.IKE, NATT.port), (pgw.Channel.DSMIP, DSMIP.port)):
            there = Endpoint(OTHER.address, port)
            self.network._receivers[there] = self._at(None, self.network._to_gateway(channel, there))
        here = self.network._receivers[NATT]
        self.network._receivers[NATT] = self._at(elsewhere, here)
        if known:
            name = dns.name.from_text("pgw2.example")
            records = (dns.rdata.from_text("IN", "A", str(OTHER.address)),)
            zone = self.network._zone
            self.network._zone = Zone((*zone.origins, name), {**zone.records, name: records})

    def _at(
        self, elsewhere: GatewayIdentity | None, arrive: Callable[[bytes, Endpoint], None]
    ) -> Callable[[bytes, Endpoint], None]:
        def arrived(octets: bytes, source: Endpoint) -> None:
            self.network.gateway._table.admission = Admission(redirect_to=elsewhere if self._full else None)
            self.redirects.clear()
            if elsewhere is not None and not self._full:
                self.redirects[APN] = elsewhere
            arrive(octets, source)

        return arrived

    def attached(self) -> VirtualUe:
        phone = self.network.attach()
        self.network.run(until=3.0)
        assert type(phone.state) is OnTheNetwork, phone.effects[-3:]
        return phone

    def asked(self, name: bytes = b"pgw2") -> int:
        """How often DNS was asked for a name."""
        return sum(name in one.octets for one in self.network.sent if one.to.port == 53)


def gateway_of(phone: VirtualUe) -> Endpoint:
    connection = phone.machine.links.current
    assert connection is not None
    return connection.gateway


@pytest.mark.parametrize("elsewhere", WAYS, ids=str)
@pytest.mark.parametrize("full", [True, False], ids=["IKE_SA_INIT", "IKE_AUTH"])
def test_ue_that_is_sent_on_at_once_is_at_the_other_gateway_for_good(elsewhere: GatewayIdentity, full: bool) -> None:
    site = Site(elsewhere, full=full)
    phone = site.attached()
    network = site.network
    first = next(one for one in network.sent if one.to == OTHER)
    assert redirect_support(GatewayIdentity(GATEWAY_ADDRESS)).build() in first.octets
    assert gateway_of(phone) == OTHER
    assert phone.ping(phone.attached.ha_address).received == 5
    before = len(network.sent)
    network.move(phone, Endpoint(IPv4Address("198.51.100.44"), 4500))
    network.run(until=network.now + 1.0)
    phone.tell(ReauthenticationRequested())
    network.run(until=network.now + 5.0)
    phone.tell(ReauthenticationRequested(make_before_break=False))
    network.run(until=network.now + 5.0)
    assert type(phone.state) is OnTheNetwork
    assert {one.to.address for one in network.sent[before:] if one.source == phone.settings.ike} == {OTHER.address}
    assert phone.said(Detached) == []


@pytest.mark.parametrize("make_before_break", [True, False])
def test_ue_that_authenticates_anew_may_be_sent_on_by_name(make_before_break: bool) -> None:
    site = Site(NAMED)
    network = site.network
    here = network._receivers.pop(NATT)
    network._receivers[NATT] = site._at(None, network._to_gateway(pgw.Channel.IKE, NATT))
    phone = site.attached()
    assert gateway_of(phone) == NATT
    network._receivers[NATT] = here
    phone.tell(ReauthenticationRequested(make_before_break))
    network.run(until=network.now + 5.0)
    assert (type(phone.state), gateway_of(phone)) == (OnTheNetwork, OTHER)
    assert phone.machine.links.found is not None
    assert phone.machine.links.found.ipv4 == OTHER.address
    assert phone.ping(phone.attached.ha_address).received == 5
    assert len(network.gateway.sessions) == 1


def test_ue_leaves_for_the_gateway_whose_name_its_own_tells_it() -> None:
    site = Site(None)
    phone, network = site.attached(), site.network
    network.tell_gateway(pgw.DrainRequested("it is repaired", to=NAMED, seconds=3.0))
    network.run(until=network.now + 2.0)
    assert (type(phone.state), gateway_of(phone)) == (OnTheNetwork, OTHER)
    assert len(network.gateway.sessions) == 1
    assert phone.ping(phone.attached.ha_address).received == 5


@pytest.mark.parametrize("full", [True, False], ids=["IKE_SA_INIT", "IKE_AUTH"])
def test_attach_fails_with_what_dns_says_of_the_name(full: bool) -> None:
    site = Site(NAMED, full=full, known=False)
    phone = site.network.attach()
    site.network.run(until=30.0)
    assert phone.failed.cause == "redirected to pgw2.example: DNS says REFUSED for pgw2.example"
    assert phone.failed.step is (Step.IKE_SA_INIT if full else Step.EAP)
    assert phone.is_off
    assert_nothing_is_left(site.network)


def test_ue_may_leave_while_it_looks_for_the_other_gateway() -> None:
    site = Site(NAMED)
    site.network.silent.add(DNS)
    phone = site.network.attach(configured=Discovered("as configured", HA_ADDRESS, GATEWAY_ADDRESS))
    while not site.asked():
        site.network.run(until=site.network.now + 0.001)
    phone.detach()
    site.network.run(until=site.network.now + 30.0)
    assert phone.is_off
    assert site.asked() == 2


def test_ue_stays_with_its_gateway_where_the_name_is_none() -> None:
    site = Site(None, known=False)
    phone, network = site.attached(), site.network
    (session,) = network.gateway.sessions.all()
    network.tell_gateway(pgw.DrainRequested("it is repaired", to=NAMED, seconds=30.0))
    network.run(until=network.now + 10.0)
    assert (type(phone.state), gateway_of(phone)) == (OnTheNetwork, NATT)
    assert "not redirected to pgw2.example: DNS says REFUSED for pgw2.example" in [n.cause for n in phone.said(Note)]
    assert network.gateway.sessions.all() == [session]


def plain(site: Site) -> None:
    """Have the gateway's receivers be as they would be without this module."""
    network = site.network
    for own in (NATT, OTHER):
        network._receivers[own] = network._to_gateway(pgw.Channel.IKE, own)


def drained(site: Site) -> None:
    """The gateway is drained to its other address, where it is another one, which is not."""
    network = site.network
    plain(site)
    arrive = network._receivers[OTHER]

    def arrived(octets: bytes, source: Endpoint) -> None:
        network.tell_gateway(pgw.LiveDrainCancelled())
        arrive(octets, source)

    network._receivers[OTHER] = arrived
    network.tell_gateway(pgw.LiveDrainRequested(GatewayIdentity(OTHER.address), 20.0, 5.0))


def test_gateway_that_is_drained_sends_its_ues_away() -> None:
    site = Site(None)
    plain(site)
    phone, network = site.attached(), site.network
    drained(site)
    network.run(until=network.now + 4.0)
    assert (type(phone.state), gateway_of(phone)) == (OnTheNetwork, OTHER)
    assert network.ended_by == [EndedBy.GATEWAY]
    assert len(network.gateway.sessions) == 1
    assert phone.ping(phone.attached.ha_address).received == 5


def test_ue_that_comes_to_a_gateway_that_is_drained_is_sent_away_at_once() -> None:
    site = Site(None)
    drained(site)
    phone = site.attached()
    assert gateway_of(phone) == OTHER
    assert len([one for one in site.network.sent if one.to == NATT]) == 1
    assert len(site.network.gateway.sessions) == 1


def test_gateway_that_is_drained_keeps_ues_that_know_no_redirect_and_lets_no_such_one_in() -> None:
    site = Site(None)
    plain(site)
    phone, network = site.attached(), site.network
    table = network.gateway._table
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table, "can_be_redirected", lambda _sa: False)
        network.tell_gateway(pgw.LiveDrainRequested(NAMED, 20.0, 5.0))
        network.run(until=network.now + 20.0)
    assert (type(phone.state), gateway_of(phone), phone.said(Detached)) == (OnTheNetwork, NATT, [])
    assert (network.gateway.draining.redirected, network.gateway.draining.unable) == (0, 1)
    opening = Message.parse(unmarked(next(one.octets for one in network.sent if one.to == NATT))[0])
    known = redirect_support()
    others = tuple(payload for payload in opening.payloads if payload != known)
    assert len(others) == len(opening.payloads) - 1
    train = pgw.TrainArrived(
        (build_ike(replace(opening, spi_i=b"another!", payloads=others).build()),), phone.settings.ike, NATT
    )
    before = table.sessions
    network.tell_gateway(train)
    assert network.reports[-1].details["cause"] == "the gateway is drained, and the UE knows no REDIRECT"
    assert table.sessions == before
    network.tell_gateway(pgw.LiveDrainCancelled())
    network.tell_gateway(train)
    assert table.sessions == before + 1


def test_ue_that_does_not_leave_is_closed() -> None:
    site = Site(None, known=False)
    plain(site)
    phone, network = site.attached(), site.network
    network.tell_gateway(pgw.LiveDrainRequested(NAMED, 20.0, 5.0))
    network.run(until=network.now + 10.0)
    assert phone.is_off
    assert network.ended_by == [EndedBy.GATEWAY]


def test_what_was_told_on_an_ike_sa_that_is_replaced_is_forgotten() -> None:
    site = Site(None)
    phone, network = site.attached(), site.network
    network.silent.add(DNS)
    network.tell_gateway(pgw.DrainRequested("it is repaired", to=NAMED, seconds=60.0))
    network.run(until=network.now + 0.2)
    assert site.asked()
    phone.tell(ReauthenticationRequested(make_before_break=True))
    network.run(until=network.now + 1.0)
    network.silent.clear()
    network.run(until=network.now + 10.0)
    assert (type(phone.state), gateway_of(phone)) == (OnTheNetwork, NATT)
    assert phone.machine.links.current is not None
    assert len(phone.said(IkeKeysReady)) == 2
