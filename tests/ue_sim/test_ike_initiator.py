"""The IKEv2 initiator through every state, against the gateway's own table of responders."""

import sys
from ipaddress import IPv6Network

import pytest

from pdngw_proxy.ike import events as gateway_events
from pdngw_proxy.ike.policy import Admission
from tests.ike_link import (
    APN,
    EAP_CHALLENGES,
    EAP_FAILURE,
    GATEWAY,
    HOME_ADDRESS,
    MSK,
    NAI,
    NOW,
    UE,
    IkeLink,
    ike_link,
    initiator_policy,
    responder_policy,
)
from tests.transitions import entries, taken_by
from ue_sim.ike.events import (
    AddressAssigned,
    ChildInstalled,
    ChildRefused,
    ChildRemoved,
    ChildRequested,
    CloseRequested,
    Connect,
    DatagramArrived,
    EapReply,
    EapRequested,
    Established,
    Floated,
    IkeKeysReady,
    KeysDerived,
    ProbeRequested,
    Redirected,
    RekeyRequested,
    Tick,
)
from ue_sim.ike.states import (
    TRANSITIONS,
    AwaitingEap,
    AwaitingGateway,
    AwaitingInit,
    AwaitingKeys,
    AwaitingMethod,
    AwaitingProof,
    Connected,
    Ended,
    State,
)
from ue_sim.ike_initiator import IkeInitiator
from wire.ikev2.child import Mode
from wire.ikev2.constants import ExchangeType, NotifyType, PayloadType, ProtocolId
from wire.ikev2.exchanges import Transmit
from wire.ikev2.message import Message
from wire.ikev2.nat import Endpoint
from wire.ikev2.payloads.delete import Delete
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.redirect import GatewayIdentity
from wire.ikev2.selectors import TrafficSelector
from wire.ikev2.upkeep.states import Leaving
from wire.ikev2.upkeep.states import State as UpkeepState

INFORMATIONAL = ExchangeType.INFORMATIONAL
DELETE = Delete(ProtocolId.IKE)
DATA = ChildRequested(
    Mode.TUNNEL,
    (TrafficSelector.address(HOME_ADDRESS),),
    (TrafficSelector.network(IPv6Network("::/0")),),
)


def at(kind: type[State], link: IkeLink | None = None) -> IkeLink:
    """A link whose UE is in a state of that kind."""
    link = link or ike_link()
    link.connect()
    return link.until(lambda: isinstance(link.ue.state, kind))


def connected() -> IkeLink:
    return at(Connected)


def upkeep(link: IkeLink) -> UpkeepState:
    assert isinstance(link.ue.state, Connected)
    return link.ue.state.upkeep.state


def silent_method(_: bytes) -> list[EapReply | KeysDerived]:
    return []


def test_ue_attaches_and_tells_in_order() -> None:
    link = connected()
    kinds = [type(effect) for effect in link.ue_effects if not isinstance(effect, Transmit)]
    assert kinds[1:4] == [EapRequested, EapRequested, EapRequested]
    assert kinds[4:] == [Established, AddressAssigned, ChildInstalled]
    (established,) = link.seen_by_ue(Established)
    assert (established.identity, established.gateway) == (NAI, APN)
    assert link.seen_by_ue(AddressAssigned) == [AddressAssigned(HOME_ADDRESS, 64)]


def test_ue_marks_every_message_for_the_nat_traversal_port() -> None:
    assert all(octets.startswith(bytes(4)) for octets in connected().to_gateway)


def test_ue_floats_to_the_nat_traversal_port_after_the_first_exchange() -> None:
    """RFC 7296 §2.23: IKE_SA_INIT goes bare to one port, and all else behind the marker to the other."""
    link = at(Connected, ike_link(initiator=initiator_policy(floats_to=4501)))
    first, *others = link.to_gateway
    assert not first.startswith(bytes(4))
    assert all(octets.startswith(bytes(4)) for octets in others)
    there = Endpoint(GATEWAY.address, 4501)
    assert link.seen_by_ue(Floated) == [Floated(there)]
    assert isinstance(link.ue.state, Connected)
    assert link.ue.state.sa.connect.gateway == there


def test_ue_attaches_through_fragments_that_are_lost_doubled_and_out_of_order() -> None:
    """RFC 7383: both ends cut what is longer than 200 octets, each way."""
    for seed in range(1, 6):
        link = ike_link(
            seed=seed,
            initiator=initiator_policy(fragment_octets=200),
            responder=responder_policy(fragment_octets=200),
            loss=0.1,
            double=0.2,
            jitter=0.05,
        )
        link.connect().run(30.0)
        assert isinstance(link.ue.state, Connected), link.closed
        skf = [octets for octets in (*link.to_ue, *link.to_gateway) if octets[4 + 16] == PayloadType.SKF]
        assert len(skf) > 5
        assert all(len(octets) <= 204 for octets in skf)


def test_ue_gives_up_a_gateway_that_is_silent_from_the_beginning() -> None:
    link = ike_link(loss=1.0).connect().run(100.0)
    assert link.closed == "waited 21 s in vain for the answer to IKE_SA_INIT"
    assert len(link.to_gateway) == 6
    assert len(set(link.to_gateway)) == 1


def test_ue_leaves_in_every_state_before_it_is_connected() -> None:
    for kind in (AwaitingInit, AwaitingGateway, AwaitingMethod, AwaitingEap, AwaitingKeys, AwaitingProof):
        link = _held_at(kind)
        link.tell_ue(CloseRequested("enough"))
        assert link.closed == "enough"
        assert isinstance(link.ue.state, Ended)


def test_ue_gives_up_in_every_state_before_it_is_connected() -> None:
    waited = {
        AwaitingGateway: "the answer to IKE_AUTH",
        AwaitingMethod: "the EAP method's answer",
        AwaitingEap: "the answer to IKE_AUTH",
        AwaitingKeys: "the EAP method's MSK",
        AwaitingProof: "the answer to IKE_AUTH",
    }
    for kind, cause in waited.items():
        link = _held_at(kind).run(200.0)
        assert link.closed is not None
        assert cause in link.closed


def test_ue_ends_when_the_gateway_deletes_the_sa_under_it() -> None:
    for kind in (AwaitingGateway, AwaitingMethod, AwaitingEap, AwaitingKeys, AwaitingProof, Connected):
        link = _held_at(kind)
        link.gateway_says(INFORMATIONAL, DELETE)
        assert link.closed == "the gateway deleted the IKE SA"
        assert isinstance(link.ue.state, Ended)


def test_ue_has_a_limit_for_all_of_the_setup() -> None:
    link = ike_link(initiator=initiator_policy(setup_limit=5.0), loss=1.0).connect().run(100.0)
    assert link.closed == "waited in vain for the gateway's IKE_SA_INIT"


def test_ue_takes_keys_that_come_after_the_success() -> None:
    link = ike_link()
    link.method = lambda packet: [EapReply(b"\x02" + packet[1:])] if packet[0] == 1 else []
    at(AwaitingKeys, link)
    link.tell_ue(KeysDerived(MSK))
    link.run(1.0)
    assert isinstance(link.ue.state, Connected)


def test_ue_takes_keys_that_come_before_the_reply() -> None:
    link = ike_link()
    link.method = silent_method
    at(AwaitingMethod, link)
    link.tell_ue(KeysDerived(MSK))
    link.tell_ue(EapReply(b"\x02" + EAP_CHALLENGES[0][1:]))
    link.until(lambda: link.ue_effects.count(EapRequested(EAP_CHALLENGES[1])) == 1)
    link.tell_ue(EapReply(b"\x02" + EAP_CHALLENGES[1][1:]))
    link.run(1.0)
    assert isinstance(link.ue.state, Connected)


def test_ue_ends_on_eap_failure() -> None:
    link = ike_link()
    link.method = lambda _: [EapReply(bytes.fromhex("0201000617ff"))]
    link.connect().run(5.0)
    assert link.closed == "EAP refused: the network sent EAP-Failure"
    assert EapRequested(EAP_FAILURE) in link.ue_effects


def test_ue_ends_when_the_proofs_differ() -> None:
    link = ike_link()
    link.method = lambda packet: [EapReply(b"\x02" + packet[1:]), KeysDerived(type(MSK)(bytes(64)))]
    link.connect().run(5.0)
    assert link.closed == "the gateway answers AUTH with AUTHENTICATION_FAILED"


def test_ue_is_asked_for_a_cookie_and_brings_it() -> None:
    link = ike_link()
    link.connect()
    sent = link.to_gateway[0]
    cookie = _bare(link, Notify(NotifyType.COOKIE, b"biscuit"))
    link.tell_ue(DatagramArrived(cookie))
    assert isinstance(link.ue.state, AwaitingInit)
    assert b"biscuit" in link.to_gateway[1]
    assert link.to_gateway[1][:12] == sent[:12]


def test_ue_asks_for_a_child_and_gets_it() -> None:
    link = connected()
    link.tell_ue(DATA)
    assert link.ue.deadline is not None
    link.run(link.now + 1)
    assert [child.mode for child in link.ue_children] == [Mode.TRANSPORT, Mode.TUNNEL]


def test_ue_queues_children_and_keeps_their_order() -> None:
    link = connected()
    for _ in range(4):
        link.tell_ue(DATA)
    link.run(link.now + 1)
    assert len(link.ue_children) == 5
    assert len({child.spi_in for child in link.ue_children}) == 5


def test_ue_queues_only_so_many_children() -> None:
    link = connected()
    for _ in range(30):
        link.tell_ue(DATA)
    assert any("waiting already" in refused.cause for refused in link.seen_by_ue(ChildRefused))


def test_ue_replaces_the_ike_sa_under_its_children() -> None:
    """RFC 7296 §1.3.2: new SPIs, the same Child SAs, and the old IKE SA is deleted."""
    link = connected()
    before = link.seen_by_gateway(gateway_events.IkeKeysReady)
    link.tell_ue(RekeyRequested())
    link.run(link.now + 1)
    after = link.seen_by_gateway(gateway_events.IkeKeysReady)
    assert [len(before), len(after)] == [1, 2]
    assert after[0].spi_i != after[1].spi_i
    assert [ready.keys for ready in link.seen_by_ue(IkeKeysReady)] == [ready.keys for ready in after]
    assert link.seen_by_ue(ChildRemoved) == []
    link.tell_ue(DATA)
    link.run(link.now + 1)
    assert len(link.ue_children) == len(link.gateway_children) == 2


def test_ue_rekeys_a_child_and_sees_whether_the_gateway_is_there() -> None:
    link = connected()
    (old,) = link.ue_children
    link.tell_ue(RekeyRequested(old.spi_in))
    link.tell_ue(ProbeRequested())
    link.run(link.now + 1)
    assert link.seen_by_ue(ChildRemoved) == [ChildRemoved(old.spi_in)]
    assert len(link.ue_children) == 2
    assert link_kind(link.to_gateway[-1]) == INFORMATIONAL


def test_ue_deletes_what_it_closes() -> None:
    link = connected()
    link.tell_ue(CloseRequested("done"))
    assert isinstance(upkeep(link), Leaving)
    link.run(link.now + 1)
    assert link.closed == "done"
    assert link.seen_by_ue(ChildRemoved) == [ChildRemoved(link.ue_children[0].spi_in)]


def test_ue_closes_when_the_window_is_free() -> None:
    link = connected()
    link.tell_ue(DATA)
    link.tell_ue(CloseRequested("done"))
    assert isinstance(link.ue.state, Connected)
    link.until(lambda: isinstance(upkeep(link), Leaving))
    link.run(link.now + 1)
    assert link.closed == "done"
    assert len(link.seen_by_ue(ChildRemoved)) == 2


def test_ue_closes_without_the_gateways_answer() -> None:
    link = connected()
    link.loss = 1.0
    link.tell_ue(CloseRequested("done"))
    link.run(link.now + 100)
    assert link.closed is not None
    assert isinstance(link.ue.state, Ended)


def test_ue_asks_whether_a_silent_gateway_is_there() -> None:
    link = connected().run(100.0)
    probes = [octets for octets in link.to_gateway if link_kind(octets) == INFORMATIONAL]
    assert len(probes) == 3
    assert isinstance(link.ue.state, Connected)


def test_ue_ends_when_the_gateway_is_not_there() -> None:
    link = connected()
    link.loss = 1.0
    link.run(200.0)
    assert link.closed == "waited 21 s in vain for the answer to INFORMATIONAL"
    assert len(link.seen_by_ue(ChildRemoved)) == 1


def test_ue_answers_the_gateways_question() -> None:
    link = connected()
    before = len(link.to_gateway)
    link.gateway_says(INFORMATIONAL)
    link.gateway_says(INFORMATIONAL)
    assert link.to_gateway[before] == link.to_gateway[before + 1]
    assert isinstance(link.ue.state, Connected)


def test_ue_takes_no_further_event_after_its_end() -> None:
    link = connected()
    link.gateway_says(INFORMATIONAL, DELETE)
    before = len(link.ue_effects)
    for event in (Connect(UE, GATEWAY, NOW), Tick(), DATA, CloseRequested(), EapReply(b""), KeysDerived(MSK)):
        link.tell_ue(event)
    link.tell_ue(DatagramArrived(link.to_ue[0]))
    assert len(link.ue_effects) == before
    assert link.ue.deadline is None


def test_ue_passes_over_events_that_say_nothing_in_a_state() -> None:
    ue = IkeInitiator(policy=initiator_policy(), random=bytes)
    assert ue.deadline is None
    for event in (Tick(), CloseRequested(), DATA, EapReply(b""), KeysDerived(MSK), DatagramArrived(b"x")):
        assert ue.handle(event, 0.0) == []
    link = connected()
    before = len(link.ue_effects)
    for unfit in (Tick(), EapReply(b""), KeysDerived(MSK), Connect(UE, GATEWAY, NOW), DatagramArrived(b"noise")):
        link.tell_ue(unfit)
    assert len(link.ue_effects) == before


def test_ue_says_what_was_malformed() -> None:
    link = connected()
    link.tell_ue(DATA)
    link.gateway_says(
        ExchangeType.CREATE_CHILD_SA, Notify(NotifyType.COOKIE, b""), Delete(3, (b"", b"")), message_id=5, response=True
    )
    assert link.closed is not None
    assert "malformed" in link.closed


def test_ue_goes_where_it_is_sent_at_once_or_when_both_know_each_other() -> None:
    """RFC 5685 §3, §6."""
    elsewhere = GatewayIdentity.of("192.0.2.5")
    full = ike_link(admission=Admission(redirect_to=elsewhere)).connect().run(1.0)
    assert full.table.sessions == 0
    not_ours = ike_link(responder=responder_policy(redirects={APN: elsewhere})).connect().run(5.0)
    for link in (full, not_ours):
        assert link.seen_by_ue(Redirected) == [Redirected(elsewhere)]
        assert isinstance(link.ue.state, Ended)
        assert link.closed is None
    assert not_ours.refused == [f"{NAI}: is redirected to 192.0.2.5"]


def test_states_show_no_secret() -> None:
    for kind in (AwaitingProof, Connected):
        link = _held_at(kind)
        shown = repr(link.ue.state)
        keys = link.ue.state.sa.keys  # type: ignore[union-attr]
        assert keys.sk_d.hex() not in shown
        assert repr(bytes(keys.sk_d))[2:-1] not in shown
        assert repr(bytes(MSK))[2:-1] not in shown


def test_every_transition_of_the_table_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = taken_by(sys.modules[__name__], "ue_sim.ike_initiator", monkeypatch)
    assert entries(TRANSITIONS) - taken == set()


def link_kind(octets: bytes) -> int:
    return octets[4 + 18]


def _bare(link: IkeLink, *payloads: Notify) -> bytes:
    state = link.ue.state
    assert isinstance(state, AwaitingInit)
    return Message(
        spi_i=state.opening.exchanges.spi_i,
        spi_r=bytes(8),
        exchange=ExchangeType.IKE_SA_INIT,
        initiator=False,
        response=True,
        message_id=0,
        payloads=payloads,
    ).build()


def _held_at(kind: type[State]) -> IkeLink:
    """A link whose UE stays in that state, because whoever is to answer does not."""
    link = ike_link()
    if kind is AwaitingMethod:
        link.method = silent_method
    elif kind is AwaitingKeys:
        link.method = lambda packet: [EapReply(b"\x02" + packet[1:])] if packet[0] == 1 else []
    at(kind, link)
    if kind is not Connected:
        link.at_gateway = lambda _: None
        link.at_ue = lambda _: None
    return link
