"""The peer machine against messages made by hand and against itself; RFC 6733 §5.6 line by line."""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address, ip_network

import pytest

from tests.wire.diameter.samples import AAA, EAP_DEA, EAP_DER, GATEWAY, REALM, numbered
from wire.diameter.capabilities import LocalNode, PeerPolicy, accept, advertise
from wire.diameter.command import error_answer
from wire.diameter.enumerations import DisconnectCause
from wire.diameter.message import Message
from wire.diameter.peer import Peer, Timing
from wire.diameter.peer_events import (
    Accept,
    CeaArrived,
    CerArrived,
    Closed,
    Closing,
    Connect,
    ConnectionLost,
    ConnectionMade,
    ConnectionRefused,
    Deliver,
    Disconnect,
    Effect,
    Ended,
    Event,
    IOpen,
    Needed,
    Opened,
    Reject,
    Resumed,
    ROpen,
    Send,
    Side,
    Started,
    State,
    StopRequested,
    Suspended,
    WaitConnAck,
    WaitICea,
    WaitReturns,
    arrived,
)
from wire.diameter.peer_table import TRANSITIONS
from wire.diameter.peering import DeviceWatchdogRequest, DisconnectPeerRequest, PeerCommand
from wire.diameter.results import ResultCode
from wire.diameter.transactions import Identifiers
from wire.sansio import Tick

OURS, THEIRS = Side.INITIATOR, Side.RESPONDER
ADDRESS = IPv4Address("127.0.0.1")
NETWORKS = (ip_network("127.0.0.0/8"),)
# the election compares names: "zzz" wins against us, "aaa" loses
LOW = LocalNode("aaa.example", "example", AAA.applications)
HIGH = LocalNode("zzz.example", "example", AAA.applications)
US = LocalNode("mmm.example", "example", AAA.applications)
TIMING = Timing(retry_first=1.0, retry_most=30.0, twinit=30.0)

TAKEN: set[tuple[type, type, type]] = set()


class Probe:
    """A machine, with the messages that the other end `them` would send."""

    def __init__(self, them: LocalNode = LOW, *, initiator: bool = True) -> None:
        self.them = them
        self.peer = Peer(
            local=US,
            policy=PeerPolicy("them", them.origin_host, "example", NETWORKS),
            identifiers=Identifiers(bytes),
            random=lambda count: b"\x7f" * count,
            timing=TIMING,
            initiator=initiator,
        )
        self.now = 0.0
        self.sent: list[Message] = []

    def feed(self, event: Event) -> list[Effect]:
        before = type(self.peer.state)
        effects = self.peer.handle(event, self.now)
        if (before, type(event)) in TRANSITIONS:
            TAKEN.add((before, type(event), type(self.peer.state)))
        self.sent += [effect.message for effect in effects if isinstance(effect, Send)]
        return effects

    def cer(self, *, good: bool = True) -> CerArrived:
        said = advertise(self.them if good else replace(self.them, applications=(1,)), (ADDRESS,))
        return CerArrived(7, numbered(said.message()), ADDRESS)

    def cea(self, side: Side = OURS, *, good: bool = True) -> Event:
        request = next(m for m in reversed(self.sent) if m.is_request and m.command == 257)
        answer = accept(self.them, (ADDRESS,), request)
        return arrived(side, answer if good else error_answer(request, self.them.identity, ResultCode.UNKNOWN_PEER))

    def answer(self, side: Side, result: ResultCode = ResultCode.SUCCESS) -> Event:
        request = next(m for m in reversed(self.sent) if m.is_request)
        return arrived(side, replace(error_answer(request, self.them.identity, result), flags=0))

    def dwr(self, side: Side) -> Event:
        who = self.them.identity
        return arrived(
            side, numbered(DeviceWatchdogRequest(origin_host=who.origin_host, origin_realm="example").message())
        )

    def dpr(self, side: Side, cause: DisconnectCause = DisconnectCause.REBOOTING) -> Event:
        who = self.them.identity
        request = DisconnectPeerRequest(origin_host=who.origin_host, origin_realm="example", disconnect_cause=cause)
        return arrived(side, numbered(request.message()))

    def tick(self) -> list[Effect]:
        assert self.peer.deadline is not None
        self.now = self.peer.deadline
        return self.feed(Tick())

    @property
    def state(self) -> State:
        return self.peer.state

    # --- ways into each state -----------------------------------------------------------------------------------------

    def connecting(self) -> "Probe":
        self.feed(Started())
        return self

    def waiting_for_cea(self) -> "Probe":
        self.connecting().feed(ConnectionMade(ADDRESS))
        return self

    def electing(self) -> "Probe":
        self.connecting().feed(self.cer())
        return self

    def lost_election(self) -> "Probe":
        self.waiting_for_cea().feed(self.cer())
        return self

    def i_open(self) -> "Probe":
        self.waiting_for_cea().feed(self.cea())
        return self

    def r_open(self) -> "Probe":
        self.feed(self.cer())
        return self

    def closing(self) -> "Probe":
        self.i_open().feed(StopRequested())
        return self


def is_in(probe: "Probe | Peer", state: type[State]) -> bool:
    return isinstance(probe.state, state)


def kinds(effects: list[Effect]) -> list[type]:
    return [type(effect) for effect in effects]


# --- Closed -----------------------------------------------------------------------------------------------------------


def test_start_connects_and_sends_a_cer() -> None:
    probe = Probe()
    assert probe.feed(Started()) == [Connect()]
    (send,) = probe.feed(ConnectionMade(ADDRESS))
    assert isinstance(send, Send)
    assert (send.side, send.message.command, send.message.is_request) == (OURS, 257, True)
    assert is_in(probe, WaitICea)


def test_a_good_cer_opens_the_responder() -> None:
    probe = Probe(initiator=False)
    accepted, send, opened = probe.feed(probe.cer())
    assert accepted == Accept(7)
    assert isinstance(send, Send)
    assert send.message.result_code == 2001
    assert isinstance(opened, Opened)
    assert opened.capabilities.common == set(AAA.applications)
    assert is_in(probe, ROpen)
    assert probe.peer.usable


def test_a_cer_without_a_common_application_is_answered_5010_and_the_connection_ended() -> None:
    probe = Probe(initiator=False)
    (rejected,) = probe.feed(probe.cer(good=False))
    assert isinstance(rejected, Reject)
    assert rejected.answer is not None
    assert (rejected.connection, rejected.answer.result_code) == (7, 5010)
    assert rejected.cause == "CER refused: no common application"
    assert probe.state == Closed()


def test_a_stopped_peer_stays_closed() -> None:
    probe = Probe()
    assert probe.feed(StopRequested()) == []
    assert probe.peer.deadline is None


# --- Wait-Conn-Ack ----------------------------------------------------------------------------------------------------


def test_a_refused_connection_is_tried_again_ever_later() -> None:
    probe, waits = Probe().connecting(), []
    for _ in range(8):
        assert probe.feed(ConnectionRefused("refused")) == [Ended("refused")]
        assert probe.peer.deadline is not None
        waits.append(probe.peer.deadline - probe.now)
        assert probe.tick() == [Connect()]
    assert waits == sorted(waits)
    assert waits[0] == pytest.approx(0.875, rel=0.01)
    assert waits[-1] == pytest.approx(26.25, rel=0.01)


def test_a_connection_that_is_not_made_in_time_is_given_up() -> None:
    probe = Probe().connecting()
    assert kinds(probe.tick()) == [Disconnect, Ended]
    assert is_in(probe, Closed)


def test_a_bad_cer_does_not_disturb_our_own_connection() -> None:
    for probe in (Probe().connecting(), Probe().waiting_for_cea()):
        before = probe.state
        assert kinds(probe.feed(probe.cer(good=False))) == [Reject]
        assert probe.state == before


# --- Wait-I-CEA -------------------------------------------------------------------------------------------------------


def test_a_good_cea_opens_the_initiator() -> None:
    probe = Probe().waiting_for_cea()
    assert kinds(probe.feed(probe.cea())) == [Opened]
    assert is_in(probe, IOpen)


def test_a_refusing_cea_ends_the_connection_with_its_cause() -> None:
    probe = Probe().waiting_for_cea()
    effects = probe.feed(probe.cea(good=False))
    assert kinds(effects) == [Disconnect, Ended]
    assert isinstance(effects[1], Ended)
    assert "3010 UNKNOWN_PEER" in effects[1].cause


def test_a_cea_to_another_cer_is_no_cea() -> None:
    probe = Probe().waiting_for_cea()
    cea = accept(LOW, (ADDRESS,), numbered(advertise(US, (ADDRESS,)).message()))
    assert kinds(probe.feed(arrived(OURS, cea))) == [Disconnect, Ended]


@pytest.mark.parametrize("kind", ["dwr", "dwa", "dpr", "dpa", "message"])
def test_anything_else_than_the_cea_ends_the_connection(kind: str) -> None:
    probe = Probe().waiting_for_cea()
    events = {
        "dwr": probe.dwr(OURS),
        "dwa": arrived(OURS, Message(PeerCommand.DEVICE_WATCHDOG, 0, 0, 1, 1, ())),
        "dpr": probe.dpr(OURS),
        "dpa": arrived(OURS, Message(PeerCommand.DISCONNECT_PEER, 0, 0, 1, 1, ())),
        "message": arrived(OURS, numbered(EAP_DER.message())),
    }
    assert kinds(probe.feed(events[kind])) == [Disconnect, Ended]


def test_a_cea_that_does_not_come_is_waited_for_a_limited_time() -> None:
    probe = Probe().waiting_for_cea()
    assert probe.peer.deadline == TIMING.capabilities
    assert kinds(probe.tick()) == [Disconnect, Ended]


# --- election ---------------------------------------------------------------------------------------------------------


def test_the_winner_of_an_election_closes_the_connection_it_made() -> None:
    probe = Probe(LOW).waiting_for_cea()
    effects = probe.feed(probe.cer())
    assert kinds(effects) == [Accept, Disconnect, Send, Opened]
    assert effects[1] == Disconnect(OURS, "the election was won")
    assert is_in(probe, ROpen)


def test_the_loser_of_an_election_waits_for_the_cea_to_its_own_cer() -> None:
    probe = Probe(HIGH).lost_election()
    assert is_in(probe, WaitReturns)
    assert probe.feed(probe.cea())[0] == Disconnect(THEIRS, "the election was lost")
    assert is_in(probe, IOpen)


def test_the_loser_uses_the_other_connection_when_its_own_is_closed() -> None:
    for event in (ConnectionLost(OURS, "closed"), None):
        probe = Probe(HIGH).lost_election()
        effects = probe.feed(event or probe.cea(good=False))
        assert kinds(effects)[-2:] == [Send, Opened]
        assert is_in(probe, ROpen)


def test_the_loser_goes_on_alone_when_the_other_connection_is_closed() -> None:
    probe = Probe(HIGH).lost_election()
    assert probe.feed(ConnectionLost(THEIRS, "closed")) == []
    assert is_in(probe, WaitICea)


def test_a_cer_before_our_connection_is_made_waits_for_the_election() -> None:
    winner = Probe(LOW).electing()
    assert kinds(winner.feed(ConnectionMade(ADDRESS))) == [Send, Disconnect, Send, Opened]
    loser = Probe(HIGH).electing()
    assert kinds(loser.feed(ConnectionMade(ADDRESS))) == [Send]
    assert is_in(loser, WaitReturns)


def test_a_waiting_cer_is_accepted_when_our_connection_is_refused() -> None:
    probe = Probe().electing()
    assert kinds(probe.feed(ConnectionRefused("refused"))) == [Send, Opened]
    assert is_in(probe, ROpen)


def test_a_waiting_cer_that_leaves_is_forgotten() -> None:
    probe = Probe().electing()
    assert probe.feed(ConnectionLost(THEIRS, "closed")) == []
    assert is_in(probe, WaitConnAck)


def test_no_more_than_one_incoming_connection_is_kept() -> None:
    for probe in (Probe().electing(), Probe(HIGH).lost_election(), Probe().i_open(), Probe().r_open()):
        before = probe.state
        (reject,) = probe.feed(probe.cer())
        assert isinstance(reject, Reject)
        assert reject.connection == 7
        assert probe.state == before


def test_a_cea_that_answers_nothing_does_not_decide_an_election() -> None:
    probe = Probe(HIGH).lost_election()
    cea = probe.cea()
    assert isinstance(cea, CeaArrived)
    stray = replace(cea.message, hop_by_hop=cea.message.hop_by_hop + 1)
    assert probe.feed(arrived(OURS, stray)) == []
    assert is_in(probe, WaitReturns)
    assert kinds(probe.feed(cea)) == [Disconnect, Opened]


def test_elections_end_in_time() -> None:
    for probe in (Probe().electing(), Probe(HIGH).lost_election()):
        effects = probe.tick()
        assert [e.side for e in effects if isinstance(e, Disconnect)] == [OURS, THEIRS]
        assert is_in(probe, Closed)


# --- open -------------------------------------------------------------------------------------------------------------


def opened(side: Side) -> Probe:
    return Probe().i_open() if side is OURS else Probe().r_open()


@pytest.mark.parametrize("side", Side)
def test_requests_and_answers_are_delivered(side: Side) -> None:
    probe = opened(side)
    for message in (numbered(EAP_DER.message()), EAP_DEA.message(EAP_DER.message())):
        assert probe.feed(arrived(side, message)) == [Deliver(side, message)]


@pytest.mark.parametrize("side", Side)
def test_a_message_that_is_only_heard_keeps_the_connection_as_its_event_does(side: Side) -> None:
    heard, fed = opened(side), opened(side)
    for probe in (heard, fed):
        probe.now += 10.0
    assert heard.peer.heard(heard.now)
    fed.feed(arrived(side, numbered(EAP_DER.message())))
    for _ in range(3):
        assert (kinds(heard.tick()), heard.now) == (kinds(fed.tick()), fed.now)
    assert not heard.peer.heard(heard.now)
    assert not Probe().closing().peer.heard(0.0)


@pytest.mark.parametrize("side", Side)
def test_a_dwr_is_answered(side: Side) -> None:
    probe = opened(side)
    (send,) = probe.feed(probe.dwr(side))
    assert isinstance(send, Send)
    assert (send.message.command, send.message.result_code) == (280, 2001)


@pytest.mark.parametrize("side", Side)
def test_silence_brings_dwr_then_suspicion_then_the_end(side: Side) -> None:
    probe = opened(side)
    (send,) = probe.tick()
    assert isinstance(send, Send)
    assert (send.side, send.message.command) == (side, 280)
    assert probe.tick() == [Suspended()]
    usable = [probe.peer.usable]
    assert probe.feed(probe.answer(side)) == [Resumed()]
    usable.append(probe.peer.usable)
    assert usable == [False, True]
    for _ in range(2):
        probe.tick()
    assert kinds(probe.tick()) == [Disconnect, Ended]


@pytest.mark.parametrize("side", Side)
def test_answers_that_nobody_expects_are_discarded(side: Side) -> None:
    probe = opened(side)
    before = probe.state
    for command in PeerCommand:
        assert probe.feed(arrived(side, Message(command, 0, 0, 4711, 1, ()))) == []
    assert probe.state == before


@pytest.mark.parametrize("side", Side)
def test_a_dpr_is_answered_and_the_connection_left_to_the_peer(side: Side) -> None:
    probe = opened(side)
    (send,) = probe.feed(probe.dpr(side))
    assert isinstance(send, Send)
    assert (send.message.command, send.message.result_code) == (282, 2001)
    assert is_in(probe, Closing)
    assert probe.feed(arrived(side, numbered(EAP_DER.message()))) == []
    effects = probe.feed(ConnectionLost(side, "closed"))
    assert effects == [Ended("the connection was ended by DPR", orderly=True)]


@pytest.mark.parametrize(("cause", "wait"), [(DisconnectCause.REBOOTING, 0.875), (DisconnectCause.BUSY, 30.0)])
def test_a_peer_that_reboots_is_called_again_soon(cause: DisconnectCause, wait: float) -> None:
    probe = opened(OURS)
    probe.feed(probe.dpr(OURS, cause))
    probe.feed(ConnectionLost(OURS, "closed"))
    assert probe.peer.deadline == pytest.approx(wait, rel=0.01)


@pytest.mark.parametrize("polite", [False, True])
def test_a_peer_that_lets_us_in_and_throws_us_out_is_called_ever_later(polite: bool) -> None:
    probe, waits = Probe().connecting(), []
    for stay in (1.0,) * 8 + (TIMING.retry_most,):
        probe.feed(ConnectionMade(ADDRESS))
        probe.feed(probe.cea())
        probe.now += stay
        if polite:
            probe.feed(probe.dpr(OURS))
        probe.feed(ConnectionLost(OURS, "reset"))
        assert probe.peer.deadline is not None
        waits.append(probe.peer.deadline - probe.now)
        probe.tick()
    assert waits[:8] == sorted(waits[:8])
    assert waits[7] == pytest.approx(26.25, rel=0.01)
    assert waits[8] == pytest.approx(waits[0])


@pytest.mark.parametrize("side", Side)
def test_a_lost_connection_closes(side: Side) -> None:
    probe = opened(side)
    assert probe.feed(ConnectionLost(side, "reset")) == [Ended("reset")]
    assert probe.peer.capabilities is None


def test_a_responder_does_not_call_back() -> None:
    probe = Probe(initiator=False).r_open()
    probe.feed(ConnectionLost(THEIRS, "reset"))
    assert probe.peer.deadline is None


@pytest.mark.parametrize("side", Side)
def test_stop_sends_a_dpr_and_ends_with_the_dpa(side: Side) -> None:
    probe = opened(side)
    (send,) = probe.feed(StopRequested(DisconnectCause.BUSY))
    assert isinstance(send, Send)
    assert DisconnectPeerRequest.parse(send.message).disconnect_cause is DisconnectCause.BUSY
    assert probe.feed(arrived(side, Message(282, 0, 0, 4711, 1, ()))) == []
    assert kinds(probe.feed(probe.answer(side))) == [Disconnect, Ended]
    assert probe.peer.deadline is None


# --- Closing ----------------------------------------------------------------------------------------------------------


def test_what_is_asked_after_a_dpr_is_ignored_and_what_is_answered_delivered() -> None:
    probe = Probe().closing()
    answer = EAP_DEA.message(EAP_DER.message())
    assert probe.feed(arrived(OURS, numbered(EAP_DER.message()))) == []
    assert probe.feed(arrived(OURS, answer)) == [Deliver(OURS, answer)]


def test_two_dprs_that_cross_are_both_answered() -> None:
    probe = Probe().closing()
    assert kinds(probe.feed(probe.dpr(OURS))) == [Send]
    assert is_in(probe, Closing)


def test_a_dpa_that_does_not_come_is_waited_for_a_limited_time() -> None:
    probe = Probe().closing()
    assert kinds(probe.tick()) == [Disconnect, Ended]
    assert probe.now == TIMING.closing


def test_a_stop_while_the_peer_leaves_prevents_the_next_connection() -> None:
    probe = opened(OURS)
    probe.feed(probe.dpr(OURS))
    assert probe.feed(StopRequested()) == []
    probe.feed(ConnectionLost(OURS, "closed"))
    assert probe.state == Closed()


def test_a_new_connection_has_to_wait_for_the_end_of_the_old() -> None:
    probe = Probe().closing()
    assert kinds(probe.feed(probe.cer())) == [Reject]


@pytest.mark.parametrize("way", [Probe.connecting, Probe.waiting_for_cea, Probe.electing])
def test_stop_ends_an_attempt(way: Callable[[Probe], Probe]) -> None:
    probe = way(Probe())
    effects = probe.feed(StopRequested())
    assert effects[-1] == Ended("stopped", orderly=True)
    assert probe.state == Closed()
    returns = Probe(HIGH).lost_election()
    assert [e.side for e in returns.feed(StopRequested()) if isinstance(e, Disconnect)] == [OURS, THEIRS]


# --- the whole --------------------------------------------------------------------------------------------------------


def test_a_tick_before_its_time_changes_nothing() -> None:
    probe = Probe().connecting()
    assert probe.feed(Tick()) == []
    assert is_in(probe, WaitConnAck)
    assert Probe().peer.handle(Tick(), 1e9) == []


def test_an_event_that_a_state_does_not_list_changes_nothing() -> None:
    probe = Probe()
    assert probe.feed(probe.dpr(THEIRS)) == []
    assert probe.state == Closed()


def test_two_machines_that_call_each_other_end_with_one_connection() -> None:
    """Both CERs cross: each learns of the other's connection while it waits for its own CEA."""
    low, high = _machine(GATEWAY, HIGH), _machine(HIGH, GATEWAY)
    wires = {
        (low, OURS): (high, THEIRS),
        (high, THEIRS): (low, OURS),
        (high, OURS): (low, THEIRS),
        (low, THEIRS): (high, OURS),
    }
    dead: set[tuple[Peer, Side]] = set()
    queue: list[tuple[Peer, Event]] = []

    def perform(machine: Peer, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Send) and (machine, effect.side) not in dead:
                other, side = wires[machine, effect.side]
                message = Message.parse(effect.message.build())
                is_cer = message.is_request and message.command == 257
                queue.append((other, CerArrived(1, message, ADDRESS) if is_cer else arrived(side, message)))
            if isinstance(effect, Disconnect):
                other, side = wires[machine, effect.side]
                dead.update({(machine, effect.side), (other, side)})
                queue.append((other, ConnectionLost(side, "closed")))

    for machine in (low, high):
        perform(machine, machine.handle(Started(), 0.0))
    for machine in (low, high):
        perform(machine, machine.handle(ConnectionMade(ADDRESS), 0.0))
    while queue:
        machine, event = queue.pop(0)
        perform(machine, machine.handle(event, 0.0))
    assert is_in(low, IOpen)
    assert is_in(high, ROpen)


def _machine(us: LocalNode, them: LocalNode) -> Peer:
    return Peer(
        local=us,
        policy=PeerPolicy("them", them.origin_host, REALM, NETWORKS),
        identifiers=Identifiers(bytes),
        random=bytes,
        initiator=True,
    )


def _walk() -> None:
    """Every line that the tests above do not reach by themselves, and those they do."""
    for way in (Probe.connecting, Probe.waiting_for_cea, Probe.electing, Probe.i_open, Probe.r_open, Probe.closing):
        way(Probe()).feed(StopRequested())
        way(Probe()).tick()
        for good in (True, False):
            probe = way(Probe())
            probe.feed(probe.cer(good=good))
    for side in Side:
        for event in ("dwr", "dpr"):
            probe = opened(side)
            probe.feed(getattr(probe, event)(side))
        opened(side).feed(Needed())
        for command in PeerCommand:
            opened(side).feed(arrived(side, Message(command, 0, 0, 4711, 1, ())))
        opened(side).feed(arrived(side, numbered(EAP_DER.message())))
        opened(side).feed(ConnectionLost(side, "reset"))
        silent = opened(side)
        for _ in range(3):
            silent.tick()


def test_every_entry_of_the_table_is_taken() -> None:
    _walk()
    test_start_connects_and_sends_a_cer()
    test_a_good_cer_opens_the_responder()
    test_a_cer_without_a_common_application_is_answered_5010_and_the_connection_ended()
    test_a_stopped_peer_stays_closed()
    test_a_refused_connection_is_tried_again_ever_later()
    test_a_good_cea_opens_the_initiator()
    test_a_refusing_cea_ends_the_connection_with_its_cause()
    for kind in ("dwr", "dwa", "dpr", "dpa", "message"):
        test_anything_else_than_the_cea_ends_the_connection(kind)
    Probe().waiting_for_cea().feed(ConnectionLost(OURS, "closed"))
    test_the_winner_of_an_election_closes_the_connection_it_made()
    test_the_loser_of_an_election_waits_for_the_cea_to_its_own_cer()
    test_the_loser_uses_the_other_connection_when_its_own_is_closed()
    test_the_loser_goes_on_alone_when_the_other_connection_is_closed()
    test_a_cer_before_our_connection_is_made_waits_for_the_election()
    test_a_waiting_cer_is_accepted_when_our_connection_is_refused()
    test_a_waiting_cer_that_leaves_is_forgotten()
    test_no_more_than_one_incoming_connection_is_kept()
    test_a_cea_that_answers_nothing_does_not_decide_an_election()
    test_elections_end_in_time()
    test_what_is_asked_after_a_dpr_is_ignored_and_what_is_answered_delivered()
    test_two_dprs_that_cross_are_both_answered()
    test_stop_sends_a_dpr_and_ends_with_the_dpa(OURS)
    Probe().closing().feed(ConnectionLost(OURS, "closed"))
    Probe(HIGH).lost_election().feed(StopRequested())
    listed = {(state, event, target) for (state, event), targets in TRANSITIONS.items() for target in targets}
    missing = {tuple(kind.__name__ for kind in entry) for entry in listed - TAKEN}
    assert missing == set()
