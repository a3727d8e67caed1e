"""The IKEv2 responder through every state, against the UE's own initiator and forged but genuine messages."""

import sys
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, IPv6Network

import pytest

from pdngw_proxy.aaa_link.port import RelayAccept, RelayAnswer, RelayReject, RelayUnavailable
from pdngw_proxy.ike.events import (
    AaaAnswered,
    AddressLeased,
    AddressRefused,
    AskAaa,
    ChildInstalled,
    ChildRemoved,
    Closed,
    CloseRequested,
    DatagramArrived,
    Discarded,
    Established,
    IkeKeysReady,
    LeaseAddress,
    PeerMoved,
    RedirectRequested,
    RekeyRequested,
    ResponderEvent,
    TellRequested,
    Tick,
    TimeLimited,
    Transmit,
)
from pdngw_proxy.ike.policy import ResponderPolicy
from pdngw_proxy.ike.states import (
    TRANSITIONS,
    AwaitingAaa,
    AwaitingAddress,
    AwaitingEap,
    AwaitingIdentity,
    AwaitingProof,
    Connected,
    Ended,
    Lingering,
    State,
)
from pdngw_proxy.ike.table import SaEvent
from pdngw_proxy.ike_responder import IkeResponder
from tests.ike_link import (
    APN,
    EAP_FAILURE,
    EAP_SUCCESS,
    GATEWAY,
    HOME_ADDRESS,
    MSK,
    NAI,
    UE,
    IkeLink,
    ike_link,
    initiator_policy,
    responder_policy,
    stub_aaa,
    stub_method,
)
from tests.transitions import entries, taken_by
from ue_sim.ike.events import ChildRequested, KeysDerived, MoveConfirmed, PathChanged, ProbeRequested
from ue_sim.ike.events import CloseRequested as UeCloseRequested
from ue_sim.ike.events import RekeyRequested as UeRekeyRequested
from wire.ikev2.authentication import auth_lifetime
from wire.ikev2.child import Mode
from wire.ikev2.constants import ExchangeType, IdType, NotifyType, ProtocolId
from wire.ikev2.message import Message, Payload
from wire.ikev2.nat import Endpoint
from wire.ikev2.payloads.auth import Authentication
from wire.ikev2.payloads.cert import Certificate
from wire.ikev2.payloads.delete import Delete
from wire.ikev2.payloads.eap import EapMessage
from wire.ikev2.payloads.identification import IdInitiator, IdResponder
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.payloads.sa import SecurityAssociation
from wire.ikev2.payloads.ts import TsInitiator, TsResponder
from wire.ikev2.payloads.unknown import UnknownPayload
from wire.ikev2.proposal import ESP_PROPOSALS, offer
from wire.ikev2.redirect import GatewayIdentity, redirect
from wire.ikev2.selectors import TrafficSelector
from wire.ikev2.spis import EspSpis
from wire.ikev2.upkeep.states import Asking, Leaving
from wire.ikev2.upkeep.states import State as UpkeepState
from wire.secret import Secret

INFORMATIONAL, IKE_AUTH = ExchangeType.INFORMATIONAL, ExchangeType.IKE_AUTH
DELETE = Delete(ProtocolId.IKE)
ELSEWHERE = GatewayIdentity.of("192.0.2.5")
EVERYWHERE = TrafficSelector.network(IPv6Network("::/0"))
DATA = ChildRequested(Mode.TUNNEL, (TrafficSelector.address(HOME_ADDRESS),), (EVERYWHERE,))
CHILD: tuple[Payload, ...] = (
    SecurityAssociation(offer(ESP_PROPOSALS, b"\0\0\1\0")),
    TsInitiator((EVERYWHERE,)),
    TsResponder((EVERYWHERE,)),
)
HALF_OPEN = (AwaitingIdentity, AwaitingAaa, AwaitingEap, AwaitingProof, AwaitingAddress)
NEXT_ID = {AwaitingIdentity: 1, AwaitingEap: 2, AwaitingProof: 4, Connected: 5}


def responder(link: IkeLink) -> IkeResponder:
    """The gateway's end of the only IKE SA."""
    (entry,) = link.table._entries.values()
    return entry.responder


def upkeep(link: IkeLink) -> UpkeepState:
    state = responder(link).state
    assert isinstance(state, Connected)
    return state.upkeep.state


def at(kind: type[State], link: IkeLink | None = None) -> IkeLink:
    """A link whose gateway is in a state of that kind, and stays there because whoever is next does nothing."""
    link = link or ike_link()
    link.aaa = (lambda _: None) if kind is AwaitingAaa else link.aaa
    link.lease = (lambda _: None) if kind is AwaitingAddress else link.lease
    link.connect()
    link.until(lambda: bool(link.table.sessions) and isinstance(responder(link).state, kind))
    if kind is not Connected:
        link.at_gateway = lambda _: None
        link.at_ue = lambda _: None
    return link


def connected(policy: ResponderPolicy | None = None) -> IkeLink:
    link = at(Connected, ike_link(responder=policy))
    return link.run(link.now + 0.1)


def answer(link: IkeLink) -> list[Payload]:
    """What the gateway's last message to the UE holds."""
    return list(link.open_last(link.to_ue[-1], by_ue=False).payloads)


def gateway(link: IkeLink, event: ResponderEvent) -> None:
    link.tell_gateway(SaEvent(link.sa, event))


def test_gateway_establishes_and_tells_in_order() -> None:
    link = connected()
    kinds = [type(effect) for effect in link.gateway_effects if not isinstance(effect, Transmit)]
    assert kinds[1:] == [AskAaa, AskAaa, AskAaa, LeaseAddress, Established, ChildInstalled]
    (established,) = link.seen_by_gateway(Established)
    assert (established.identity, established.apn, established.home_address) == (NAI, APN, HOME_ADDRESS)
    assert established.peer == UE
    first = link.seen_by_gateway(AskAaa)[0]
    assert first.eap == bytes((2, 0, 0, 5 + len(NAI), 1)) + NAI.encode()
    assert [ask.state for ask in link.seen_by_gateway(AskAaa)] == [None, b"\1", b"\2"]


def test_gateway_answers_whom_it_heard_from() -> None:
    link = connected()
    assert all((sent.source, sent.to) == (GATEWAY, UE) for sent in link.seen_by_gateway(Transmit))


def test_gateway_forgets_a_ue_that_does_not_go_on() -> None:
    for kind in (AwaitingIdentity, AwaitingEap, AwaitingProof):
        link = at(kind).run(200.0)
        assert any("waited in vain for the UE's" in closed.cause for closed in link.seen_by_gateway(Closed))
        assert link.table.sessions == 0


def test_gateway_refuses_when_the_aaa_server_does_not_answer() -> None:
    link = at(AwaitingAaa).run(40.0)
    assert link.refused == ["waited in vain for the AAA server"]
    assert answer(link) == [Notify(NotifyType.AUTHENTICATION_FAILED)]


def test_gateway_refuses_when_no_address_comes() -> None:
    link = at(AwaitingAddress).run(100.0)
    assert link.refused == ["waited in vain for a Home Address"]


def test_gateway_closes_a_half_open_sa_at_once() -> None:
    for kind in HALF_OPEN:
        link = at(kind)
        gateway(link, CloseRequested("maintenance"))
        assert link.seen_by_gateway(Closed) == [Closed("maintenance")]
        assert link.table.sessions == 0


def test_gateway_relays_what_the_aaa_server_rejects() -> None:
    link = ike_link()
    link.aaa = lambda ask: RelayReject(EAP_FAILURE, "5001: user unknown") if ask.state else stub_aaa(ask)
    link.connect().run(5.0)
    assert link.refused == [f"{NAI}: 5001: user unknown"]
    assert link.closed == "EAP refused: the network sent EAP-Failure"


def test_gateway_proves_itself_even_when_the_first_round_is_rejected() -> None:
    link = ike_link()
    link.aaa = lambda _: RelayReject(EAP_FAILURE, "barred")
    link.connect().run(5.0)
    assert link.closed == "EAP refused: the network sent EAP-Failure"


def _refused_in_the_first_round(reply: RelayReject | RelayUnavailable) -> IkeLink:
    link = ike_link()
    link.aaa = lambda _: reply
    return link.connect().run(5.0)


def test_gateway_refuses_by_notification_without_eap_failure() -> None:
    for reply, error in (
        (RelayReject(b"", "no service"), "AUTHENTICATION_FAILED"),
        (RelayReject(b"", "no such APN", NotifyType.NO_APN_SUBSCRIPTION), "NO_APN_SUBSCRIPTION"),
        (RelayUnavailable("no AAA server answered in 5 s"), "NETWORK_FAILURE"),
    ):
        link = _refused_in_the_first_round(reply)
        assert link.refused == [f"{NAI}: {reply.cause}"]
        assert link.closed == f"the gateway answers IKE_AUTH with {error}"


def test_gateway_says_why_beside_eap_failure() -> None:
    """TS 24.302 §7.4.1.2."""
    link = _refused_in_the_first_round(RelayReject(EAP_FAILURE, "unknown", NotifyType.USER_UNKNOWN))
    assert [type(payload) for payload in answer(link)] == [
        IdResponder, Certificate, Authentication, EapMessage, Notify,
    ]  # fmt: skip
    assert link.closed == "EAP refused: the network sent EAP-Failure and USER_UNKNOWN"


def test_gateway_takes_success_in_the_first_round() -> None:
    link = ike_link()
    link.aaa = lambda _: RelayAccept(EAP_SUCCESS, MSK)
    link.method = lambda _: []
    at(AwaitingProof, link)
    assert answer(link)[-1].build() == EAP_SUCCESS


def test_gateway_refuses_a_wrong_proof() -> None:
    link = at(AwaitingProof)
    link.ue_says(IKE_AUTH, Authentication(2, bytes(32)), message_id=4)
    assert answer(link) == [Notify(NotifyType.AUTHENTICATION_FAILED)]
    assert link.refused == [f"{NAI}: AUTH does not match the shared key"]
    assert not link.seen_by_gateway(LeaseAddress)


def test_gateway_says_that_the_msk_came_in_part() -> None:
    link = ike_link()
    link.aaa = lambda ask: _cut(stub_aaa(ask))
    link.connect().run(5.0)
    (cause,) = link.refused
    assert cause.startswith(f"{NAI}: AUTH does not match the shared key; the AAA server gave 32 octets of the MSK")


def _cut(answer: RelayAnswer) -> RelayAnswer:
    return replace(answer, msk=Secret(answer.msk[:32])) if isinstance(answer, RelayAccept) else answer


def test_gateway_says_that_the_ue_cut_the_msk() -> None:
    link = ike_link()
    link.method = lambda packet: [
        KeysDerived(Secret(event.msk[:32])) if isinstance(event, KeysDerived) else event
        for event in stub_method(packet)
    ]
    link.connect().run(5.0)
    (cause,) = link.refused
    assert "the UE makes AUTH with the first 32 octets of the MSK" in cause


def test_gateway_refuses_a_missing_proof() -> None:
    link = at(AwaitingProof)
    link.ue_says(IKE_AUTH, message_id=4)
    assert link.refused == [f"{NAI} sent no AUTH by the MSK"]


def test_gateway_refuses_an_eap_round_without_response() -> None:
    link = at(AwaitingEap)
    link.ue_says(IKE_AUTH, message_id=2)
    assert answer(link) == [Notify(NotifyType.INVALID_SYNTAX)]


def test_gateway_refuses_other_exchanges_before_authentication() -> None:
    link = at(AwaitingIdentity)
    link.ue_says(ExchangeType.CREATE_CHILD_SA, *CHILD, message_id=1)
    assert link.refused == ["exchange 36 before the UE is authenticated"]


def test_gateway_refuses_malformed_requests() -> None:
    link = at(AwaitingIdentity)
    link.ue_says(IKE_AUTH, UnknownPayload(40, b"short"), message_id=1)
    assert answer(link) == [Notify(NotifyType.INVALID_SYNTAX)]
    link = connected()
    link.ue_says(INFORMATIONAL, UnknownPayload(40, b"short"), message_id=5)
    assert answer(link) == [Notify(NotifyType.INVALID_SYNTAX)]
    assert isinstance(responder(link).state, Lingering)


def test_gateway_refuses_a_ue_that_would_do_without_eap() -> None:
    link = at(AwaitingIdentity)
    idi = IdInitiator(IdType.RFC822_ADDR, NAI.encode())
    link.ue_says(IKE_AUTH, idi, Authentication(2, bytes(32)), *CHILD, message_id=1)
    assert link.refused == [f"{NAI} wants to authenticate without EAP"]


def test_gateway_lingers_for_duplicates_and_then_ends() -> None:
    link = ike_link()
    link.aaa = lambda _: RelayUnavailable("down")
    link.connect().until(lambda: bool(link.seen_by_gateway(Closed)))
    said = link.to_ue[-1]
    link.tell_gateway(DatagramArrived(link.to_gateway[-1], UE, GATEWAY))
    assert link.to_ue[-1] == said
    link.run(link.now + 31.0)
    assert link.table.sessions == 0
    assert len(link.seen_by_gateway(Closed)) == 1


def test_gateway_answers_a_lingering_ue_that_leaves() -> None:
    link = connected()
    link.ue_says(INFORMATIONAL, DELETE, message_id=5)
    assert isinstance(responder(link).state, Lingering)
    link.ue_says(INFORMATIONAL, DELETE, message_id=6)
    assert answer(link) == []
    assert len(link.seen_by_gateway(Closed)) == 1


def test_gateway_lets_a_ue_go_in_every_state() -> None:
    for kind, message_id in NEXT_ID.items():
        for word, cause in ((DELETE, "deleted"), (Notify(NotifyType.AUTHENTICATION_FAILED), "AUTHENTICATION_FAILED")):
            link = at(kind)
            link.ue_says(INFORMATIONAL, word, message_id=message_id)
            (closed,) = link.seen_by_gateway(Closed)
            assert cause in closed.cause
            assert isinstance(responder(link).state, Lingering)


def test_gateway_answers_a_question_in_every_state() -> None:
    for kind, message_id in NEXT_ID.items():
        link = at(kind)
        link.ue_says(INFORMATIONAL, message_id=message_id)
        assert answer(link) == []
        assert isinstance(responder(link).state, kind)


def test_gateway_makes_further_children() -> None:
    link = connected()
    link.tell_ue(DATA)
    link.run(link.now + 1)
    assert [child.mode for child in link.gateway_children] == [Mode.TRANSPORT, Mode.TUNNEL]
    assert [child.spi_in for child in link.gateway_children] == [child.spi_out for child in link.ue_children]


def test_gateway_asks_whether_a_silent_ue_is_there() -> None:
    policy = responder_policy(liveness_interval=10.0)
    link = connected(policy).run(25.0)
    probes = [octets for octets in link.to_ue if octets[4 + 18] == INFORMATIONAL and not octets[4 + 19] & 0x20]
    assert len(probes) == 2
    link.loss = 1.0
    link.run(80.0)
    (closed,) = link.seen_by_gateway(Closed)
    assert closed.cause == "waited 21 s in vain for the answer to INFORMATIONAL"
    assert link.table.sessions == 0


def test_gateway_replaces_the_ike_sa_under_its_children() -> None:
    """RFC 7296 §1.3.2: it is the initiator of the new one, and the UE speaks to it by the first SPI."""
    link = connected()
    gateway(link, RekeyRequested())
    link.run(link.now + 1)
    first, second = link.seen_by_gateway(IkeKeysReady)
    assert link.seen_by_gateway(ChildRemoved) == []
    link.tell_ue(ProbeRequested())
    link.run(link.now + 1)
    assert link.to_gateway[-1][4:20] == second.spi_i + second.spi_r != first.spi_i + first.spi_r
    assert link.to_ue[-1][4:20] == second.spi_i + second.spi_r
    link.run(link.now + 40)
    assert responder(link).own_spis == {second.spi_i}


def test_gateway_answers_late_on_every_ike_sa_that_there_was() -> None:
    """A UE that rekeys and leaves at once may have the Delete of the first IKE SA arrive last."""
    link = connected()
    held: list[bytes] = []

    def hold_the_first_delete(octets: bytes) -> bytes | None:
        if octets[4 + 18] == INFORMATIONAL and not held:
            held.append(octets)
            return None
        return octets

    link.at_gateway = hold_the_first_delete
    link.tell_ue(UeRekeyRequested())
    link.run(link.now + 0.1)
    link.tell_ue(UeCloseRequested())
    link.run(link.now + 0.1)
    assert isinstance(responder(link).state, Lingering)
    before = len(link.to_ue)
    link.tell_gateway(DatagramArrived(held[0], UE, GATEWAY))
    link.tell_gateway(DatagramArrived(held[0], UE, GATEWAY))
    assert len(link.to_ue) == before + 2
    assert link.to_ue[-1] == link.to_ue[-2]
    link.run(link.now + 100.0)
    assert link.table.sessions == 0


def test_gateway_rekeys_a_child() -> None:
    link = connected()
    (old,) = link.gateway_children
    gateway(link, RekeyRequested(old.spi_in))
    link.run(link.now + 1)
    assert link.seen_by_gateway(ChildRemoved) == [ChildRemoved(old.spi_in)]
    assert (link.gateway_children[-1].remote, link.gateway_children[-1].local) == (old.remote, old.local)


def test_gateway_deletes_what_it_closes() -> None:
    link = connected()
    gateway(link, CloseRequested("maintenance"))
    assert isinstance(upkeep(link), Leaving)
    link.run(link.now + 1)
    assert link.closed == "the gateway deleted the IKE SA"
    assert link.seen_by_gateway(Closed) == [Closed("maintenance")]
    assert len(link.seen_by_gateway(ChildRemoved)) == 1


def test_gateway_closes_when_the_window_is_free() -> None:
    link = connected(responder_policy(liveness_interval=1.0)).run(1.1)
    link.until(lambda: isinstance(upkeep(link), Asking))
    gateway(link, CloseRequested("maintenance"))
    assert isinstance(responder(link).state, Connected)
    link.run(link.now + 1)
    assert link.seen_by_gateway(Closed) == [Closed("maintenance")]


def test_gateway_ends_without_a_word_what_the_ue_has_forgotten() -> None:
    """RFC 7296 §2.4: INITIAL_CONTACT came in another IKE SA."""
    for closing in (False, True):
        link = connected()
        if closing:
            gateway(link, CloseRequested("maintenance"))
        sent = len(link.seen_by_gateway(Transmit))
        gateway(link, CloseRequested("the subscriber attached again", silent=True))
        assert link.table.sessions == 0
        assert len(link.seen_by_gateway(Transmit)) == sent
        assert [closed.cause for closed in link.seen_by_gateway(Closed)] == ["the subscriber attached again"]


def test_gateway_asks_for_the_identity_before_it_asks_the_aaa_server() -> None:
    link = at(AwaitingEap, ike_link(responder=responder_policy(asks_identity=True)))
    assert not link.seen_by_gateway(AskAaa)


def test_gateway_closes_without_the_ues_answer() -> None:
    link = connected()
    link.loss = 1.0
    gateway(link, CloseRequested("maintenance"))
    link.run(link.now + 30)
    assert link.seen_by_gateway(Closed) == [Closed("maintenance")]


def test_gateway_ends_the_session_when_its_time_is_up() -> None:
    link = ike_link()
    link.aaa = lambda ask: _timed(stub_aaa(ask))
    link.connect().run(11.0)
    assert [closed.cause for closed in link.seen_by_gateway(Closed)] == ["the time that it was granted is over"]
    assert link.closed == "the gateway deleted the IKE SA"


def test_gateway_ends_a_session_whose_ue_is_silent_when_its_time_is_up() -> None:
    link = ike_link(responder=responder_policy(liveness_interval=9.0))
    link.aaa = lambda ask: _timed(stub_aaa(ask))
    link.connect().run(5.0)
    link.loss = 1.0
    link.run(40.0)
    (closed,) = link.seen_by_gateway(Closed)
    assert closed.cause == "the time that it was granted is over"
    assert link.table.sessions == 0


def test_gateway_closing_still_answers_the_ue() -> None:
    link = connected()
    link.at_ue = lambda _: None
    gateway(link, CloseRequested("maintenance"))
    link.ue_says(INFORMATIONAL, message_id=5)
    assert answer(link) == []
    link.ue_says(INFORMATIONAL, DELETE, message_id=6)
    assert isinstance(responder(link).state, Lingering)
    assert [closed.cause for closed in link.seen_by_gateway(Closed)] == ["the UE deleted the IKE SA"]


def test_gateway_follows_a_ue_that_moves() -> None:
    link = connected()
    elsewhere = Endpoint(IPv4Address("127.1.1.99"), 4500)
    link.ue_says(INFORMATIONAL, message_id=5, source=elsewhere)
    assert link.seen_by_gateway(PeerMoved) == [PeerMoved(elsewhere, GATEWAY)]
    assert link.seen_by_gateway(Transmit)[-1].to == elsewhere


def test_gateway_follows_by_mobike_alone_where_both_have_it() -> None:
    """RFC 4555 §3.5: answers go back to where the question came from; only UPDATE_SA_ADDRESSES moves the rest."""
    link = at(Connected, ike_link(initiator=initiator_policy(mobike=True))).run(1.0)
    link.source = Endpoint(IPv4Address("127.1.1.10"), 40001)
    link.tell_ue(ProbeRequested())
    link.run(link.now + 1)
    assert link.seen_by_gateway(Transmit)[-1].to == link.source
    assert link.seen_by_gateway(PeerMoved) == []
    link.tell_ue(PathChanged(link.source, GATEWAY))
    link.run(link.now + 1)
    assert link.seen_by_gateway(PeerMoved) == [PeerMoved(link.source, GATEWAY)]
    assert link.seen_by_ue(MoveConfirmed) == [MoveConfirmed(link.source)]


def test_gateway_without_mobike_follows_a_sign_of_life() -> None:
    for ours in (True, False):
        policies = initiator_policy(mobike=not ours), responder_policy(mobike=ours)
        link = at(Connected, ike_link(initiator=policies[0], responder=policies[1])).run(1.0)
        link.source = Endpoint(IPv4Address("127.1.1.10"), 40001)
        link.tell_ue(PathChanged(link.source, GATEWAY))
        link.run(link.now + 1)
        assert link.seen_by_gateway(PeerMoved) == [PeerMoved(link.source, GATEWAY)]


def test_gateway_does_not_follow_a_forger() -> None:
    link = connected()
    octets = bytearray(link.forge(INFORMATIONAL, message_id=5, by_ue=True))
    octets[-1] ^= 1
    elsewhere = Endpoint(IPv4Address("127.1.1.99"), 4500)
    link.tell_gateway(DatagramArrived(bytes(octets), elsewhere, GATEWAY))
    assert not link.seen_by_gateway(PeerMoved)
    assert isinstance(link.gateway_effects[-1], Discarded)


def test_gateway_refuses_when_there_is_no_address() -> None:
    link = at(AwaitingAddress)
    link.at_ue = lambda octets: octets
    gateway(link, AddressRefused("the pool is empty"))
    link.run(link.now + 1)
    assert link.refused == [f"{NAI}: no Home Address: the pool is empty"]
    assert link.closed == "the gateway assigns no Home Address: INTERNAL_ADDRESS_FAILURE"


def test_gateway_passes_over_answers_that_nobody_waits_for() -> None:
    link = connected()
    before = len(link.gateway_effects)
    for late in (
        AaaAnswered(RelayUnavailable("late")),
        AddressLeased(IPv6Address("2001:db8::9"), 64),
        AddressRefused("late"),
    ):
        gateway(link, late)
    fresh = IkeResponder(policy=responder_policy(), random=bytes, spis=EspSpis(bytes), spi_i=bytes(8), spi_r=bytes(8))
    assert fresh.handle(Tick(), 0.0) == fresh.handle(CloseRequested("x"), 0.0) == []
    assert fresh.deadline is None
    assert len(link.gateway_effects) == before


def test_gateway_ended_says_nothing() -> None:
    fresh = IkeResponder(policy=responder_policy(), random=bytes, spis=EspSpis(bytes), spi_i=bytes(8), spi_r=bytes(8))
    (discarded,) = fresh.handle(DatagramArrived(b"noise", UE, GATEWAY), 0.0)
    assert isinstance(discarded, Discarded)
    assert isinstance(fresh.state, Ended)
    assert fresh.handle(DatagramArrived(b"noise", UE, GATEWAY), 0.0) == fresh.handle(Tick(), 0.0) == []


def test_states_show_no_secret() -> None:
    for kind in (AwaitingProof, Connected):
        shown = repr(responder(at(kind)).state)
        assert repr(bytes(MSK))[2:-1] not in shown
        assert "<secret of" in shown


def test_ue_is_told_of_another_end_of_its_time() -> None:
    """RFC 4478 §3: AUTH_LIFETIME in INFORMATIONAL."""
    link = connected(responder_policy(liveness_interval=1000.0))
    link.at_ue = lambda _: None
    gateway(link, TimeLimited(90.7, "the AAA server says so"))
    told = link.open_last(link.to_ue[-1], by_ue=False)
    assert (told.exchange, told.payloads) == (INFORMATIONAL, (auth_lifetime(90),))
    heard = link.forge(INFORMATIONAL, message_id=told.message_id, by_ue=True, response=True)
    link.tell_gateway(DatagramArrived(heard, UE, GATEWAY))
    link.run(link.now + 90.0)
    assert isinstance(responder(link).state, Connected)
    link.run(link.now + 30.0)
    assert [closed.cause for closed in link.seen_by_gateway(Closed)] == ["the AAA server says so"]


def test_ue_is_sent_to_another_gateway() -> None:
    """RFC 5685 §5: REDIRECT in INFORMATIONAL, without a nonce; the UE deletes the IKE SA, or else the gateway."""
    link = connected()
    link.at_ue = lambda _: None
    gateway(link, RedirectRequested(ELSEWHERE, 5.0, "the gateway stops"))
    told = link.open_last(link.to_ue[-1], by_ue=False)
    assert (told.exchange, told.payloads) == (INFORMATIONAL, (redirect(ELSEWHERE),))
    link.tell_gateway(DatagramArrived(link.forge(INFORMATIONAL, message_id=0, by_ue=True, response=True), UE, GATEWAY))
    link.run(link.now + 5.1)
    assert link.open_last(link.to_ue[-1], by_ue=False).payloads == (DELETE,)


def test_ue_that_knows_no_redirect_is_deleted() -> None:
    link = connected()
    state = responder(link).state
    assert isinstance(state, Connected)
    opening = Message.parse(state.sa.init_request)
    kept = [one for one in opening.payloads if one != Notify(NotifyType.REDIRECT_SUPPORTED)]
    able_no_more = replace(state.sa, init_request=replace(opening, payloads=tuple(kept)).build())
    responder(link).state = replace(state, sa=able_no_more)
    gateway(link, RedirectRequested(ELSEWHERE, 5.0, "the gateway stops"))
    assert link.open_last(link.to_ue[-1], by_ue=False).payloads == (DELETE,)


@pytest.mark.parametrize("kind", HALF_OPEN)
def test_ue_that_is_not_connected_is_told_nothing(kind: type[State]) -> None:
    link = at(kind)
    before = list(link.gateway_effects)
    gateway(link, TimeLimited(90, "x"))
    gateway(link, TellRequested(Notify(NotifyType.INVALID_SPI)))
    gateway(link, RedirectRequested(ELSEWHERE, 5.0, "x"))
    assert link.gateway_effects == before
    assert isinstance(responder(link).state, kind)


def test_refused_ue_can_be_forgotten_at_once() -> None:
    link = ike_link()
    link.aaa = lambda _: RelayReject(EAP_FAILURE, "no")
    link.connect().run(0.5)
    assert isinstance(responder(link).state, Lingering)
    gateway(link, CloseRequested("room is needed"))
    assert link.table.sessions == 0


def test_every_transition_of_the_table_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = taken_by(sys.modules[__name__], "pdngw_proxy.ike_responder", monkeypatch)
    assert entries(TRANSITIONS) - taken == set()


def _timed(reply: object) -> RelayAccept | None:
    return replace(reply, session_timeout=10) if isinstance(reply, RelayAccept) else reply  # type: ignore[return-value]
