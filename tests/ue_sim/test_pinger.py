"""A series of pings on a virtual clock."""

from ipaddress import IPv6Address

from ue_sim.pinger import (
    TRANSITIONS,
    EchoMissed,
    EchoTimed,
    Pinger,
    PingerEffect,
    PingerEvent,
    PingFinished,
    Pinging,
    PingRequested,
    Quiet,
    SendEcho,
)
from ue_sim.stack import EchoAnswered, EchoFailed
from wire.sansio import Tick

HOST, OTHER = IPv6Address("2001:db8:1::cafe"), IPv6Address("2001:db8:1::1")
REQUEST = PingRequested(destination=HOST, identifier=7, count=3, interval=0.5, timeout=2.0, data=b"data")


def reply(sequence: int, *, source: IPv6Address = HOST, identifier: int = 7) -> EchoAnswered:
    return EchoAnswered(source, identifier, sequence, b"data")


def run(answered: set[int], delay: float = 0.25) -> list[PingerEffect]:
    """Run the series to its end; each answered request is replied to `delay` seconds later."""
    pinger = Pinger()
    effects = pinger.handle(REQUEST, 0.0)
    arrivals = [(delay, effect.sequence) for effect in effects if isinstance(effect, SendEcho)]
    while (deadline := pinger.deadline) is not None:
        arrivals = [arrival for arrival in arrivals if arrival[1] in answered]
        event: PingerEvent = Tick()
        if arrivals and arrivals[0][0] <= deadline:
            deadline, sequence = arrivals.pop(0)
            event = reply(sequence)
        new = pinger.handle(event, deadline)
        arrivals += [(deadline + delay, effect.sequence) for effect in new if isinstance(effect, SendEcho)]
        effects += new
    return effects


def test_series_is_sent_and_timed() -> None:
    assert run({1, 2, 3}) == [
        *(
            effect
            for sequence in (1, 2, 3)
            for effect in (SendEcho(HOST, 7, sequence, b"data"), EchoTimed(sequence, 0.25))
        ),
        PingFinished(3, 3, (0.25, 0.25, 0.25)),
    ]


def test_lost_reply_is_named_and_the_series_ends() -> None:
    effects = run({1, 3})
    assert EchoMissed(2, "no echo reply within 2 s") in effects
    assert effects[-1] == PingFinished(3, 2, (0.25, 0.25))


def test_no_reply_at_all_has_a_limit() -> None:
    effects = run(set())
    assert [effect for effect in effects if isinstance(effect, EchoMissed)] == [
        EchoMissed(sequence, "no echo reply within 2 s") for sequence in (1, 2, 3)
    ]
    assert effects[-1] == PingFinished(3, 0, ())


def test_replies_may_come_in_any_order() -> None:
    pinger = Pinger()
    pinger.handle(REQUEST, 0.0)
    pinger.handle(Tick(), 0.5)
    assert pinger.handle(reply(2), 0.75) == [EchoTimed(2, 0.25)]
    assert pinger.handle(reply(2), 0.75) == []
    assert pinger.handle(reply(1), 0.75) == [EchoTimed(1, 0.75)]


def test_replies_of_others_do_not_count() -> None:
    pinger = Pinger()
    pinger.handle(REQUEST, 0.0)
    assert pinger.handle(reply(1, source=OTHER), 0.1) == []
    assert pinger.handle(reply(1, identifier=8), 0.1) == []
    assert pinger.handle(EchoFailed(8, 1, "?"), 0.1) == []


def test_identifier_is_known_while_the_series_is_on() -> None:
    pinger = Pinger()
    seen = [pinger.identifier]
    events = (REQUEST, PingRequested(destination=HOST, identifier=9, count=1), reply(1, identifier=9))
    for event in events:
        pinger.handle(event, 0.0)
        seen.append(pinger.identifier)
    assert seen == [None, 7, 9, None]


def test_error_ends_the_waiting_for_its_request() -> None:
    pinger = Pinger()
    pinger.handle(REQUEST, 0.0)
    assert pinger.handle(EchoFailed(7, 1, "unreachable"), 0.1) == [EchoMissed(1, "unreachable")]
    assert pinger.deadline == 0.5


def test_every_entry_of_the_table_is_taken() -> None:
    once = PingRequested(destination=HOST, identifier=7, count=1)
    events: list[tuple[PingerEvent, float]] = [
        (once, 1.0), (reply(1), 1.0), (reply(9), 1.0), (EchoFailed(7, 1, "?"), 1.0), (EchoFailed(7, 9, "?"), 1.0),
        (Tick(), 0.1), (Tick(), 9.0),
    ]  # fmt: skip
    taken = set()
    for start in (Quiet, Pinging):
        for event, now in events:
            pinger = Pinger()
            if start is Pinging:
                pinger.handle(once, 0.0)
            assert type(pinger.state) is start
            pinger.handle(event, now)
            taken.add((start, type(event), type(pinger.state)))
    assert taken == {(*key, following) for key, many in TRANSITIONS.items() for following in many}
