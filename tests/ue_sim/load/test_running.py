"""A whole load, as far as it goes without a server; tests/stack has one."""

import socket

import pytest

from ue_sim.load.pace import Pace
from ue_sim.load.running import Load, RadiusTarget, Sessions, over_radius
from ue_sim.load.subscribers import CardKeys, LoadRefused, Range
from ue_sim.load.turns import Behaviour
from wire.identity import EapMethod
from wire.radius.exchange import Timers
from wire.secret import Secret

pytestmark = pytest.mark.stack

CARDS = Range(CardKeys("001010000000001", Secret(bytes(16)), Secret(bytes(16))), 3)
BEHAVIOUR = Behaviour(EapMethod.AKA, "realm")


def test_processes_end_when_nobody_listens() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind(("127.0.0.1", 0))
        server = gone.getsockname()
    load = Load(CARDS, BEHAVIOUR, Pace(at_once=4, count=4), processes=2)
    with pytest.raises(LoadRefused, match=f"nobody listens at 127.0.0.1 port {server[1]}"):
        over_radius(load, RadiusTarget(server, Secret(b"secret")), lambda _: None)


def test_what_is_done_says_which_records_there_are() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        server = silent.getsockname()
        timers = Timers(irt=0.05, mrd=0.1)
        for sessions, said in ((None, ""), (0, " with accounting (Start, Stop)"), (2, " with accounting (Start, 2 ")):
            told = None if sessions is None else Sessions(server, sessions)
            target = RadiusTarget(server, Secret(b"secret"), timers=timers, sessions=told)
            report = over_radius(Load(CARDS, BEHAVIOUR, Pace(at_once=1, count=1)), target, lambda _: None)
            assert report.what.startswith(f"EAP-AKA over RADIUS{said}")
            assert (report.has_sessions, report.succeeded) == (sessions is not None, False)


@pytest.mark.parametrize("pace", [Pace(at_once=4, count=0), Pace(at_once=0, count=1)])
def test_nothing_is_no_load(pace: Pace) -> None:
    with pytest.raises(LoadRefused, match="nothing is asked for"):
        over_radius(Load(CARDS, BEHAVIOUR, pace), RadiusTarget(("127.0.0.1", 9), Secret(b"secret")), lambda _: None)
