"""Who is sent to another gateway, and when; tests/pairs/test_redirect.py has UEs that go."""

from ipaddress import IPv4Address

from pdngw_proxy.draining import Draining, farewell
from pdngw_proxy.gateway_events import DrainRequested, LiveDrainCancelled, LiveDrainRequested
from pdngw_proxy.ike import events as ike
from pdngw_proxy.ike.policy import Admission
from pdngw_proxy.ike.table import ResponderTable
from pdngw_proxy.sessions import GatewaySession, SessionBook
from tests.network import responder_policy
from wire.ikev2.nat import Endpoint
from wire.ikev2.redirect import GatewayIdentity

HERE = Endpoint(IPv4Address("192.0.2.1"), 4500)
ELSEWHERE = GatewayIdentity.of("pgw2.example")
WORDS = "the gateway is drained, and sends UEs to pgw2.example"
USUAL = Admission(redirect_from=7, session_limit=9)


class Site:
    """So many sessions, of which those at `unable` know no REDIRECT."""

    def __init__(self, count: int, unable: tuple[int, ...] = ()) -> None:
        self.sessions = SessionBook()
        self.table = ResponderTable(policy=responder_policy(), random=bytes, admission=USUAL)
        silent = {f"{number}".encode() for number in unable}
        self.table.can_be_redirected = lambda sa: sa not in silent  # type: ignore[method-assign]
        self.draining = Draining(self.sessions, self.table)
        for number in range(count):
            self.add(number)

    def add(self, number: int, began: float | None = 1.0) -> GatewaySession:
        session = GatewaySession(f"{number}".encode(), f"session {number}", HERE, HERE, began=began)
        self.sessions.open(session)
        return session

    def drain(self, per_second: float = 20.0) -> None:
        self.draining.obey(LiveDrainRequested(ELSEWHERE, per_second, 30.0), 100.0)

    def sent(self, seconds: float) -> list[tuple[float, str]]:
        """Who is sent when, from now on, at the deadlines alone."""
        until, found = (self.draining.deadline or 0.0) + seconds, []
        while self.draining.deadline is not None and self.draining.deadline < until:
            now = self.draining.deadline
            assert self.draining.due(now - 0.001) == []
            for session, words in self.draining.due(now):
                assert words == ike.RedirectRequested(ELSEWHERE, 30.0, WORDS)
                found.append((round(now - 100.0, 3), session.name))
        return found


def test_nobody_is_sent_unless_somebody_wants_it() -> None:
    site = Site(3)
    assert site.draining.deadline is None
    assert site.draining.due(1000.0) == []


def test_the_oldest_go_first_and_so_many_in_a_second() -> None:
    site = Site(7)
    site.drain(per_second=20.0)
    expected = [(0.0, 0), (0.0, 1), (0.1, 2), (0.1, 3), (0.2, 4), (0.2, 5), (0.3, 6)]
    assert site.sent(5.0) == [(at, f"session {number}") for at, number in expected]
    assert (site.draining.redirected, site.draining.unable) == (7, 0)


def test_less_than_one_in_a_second_is_one_now_and_then() -> None:
    site = Site(3)
    site.drain(per_second=0.5)
    assert [at for at, _ in site.sent(5.0)] == [0.0, 2.0, 4.0]


def test_who_knows_no_redirect_stays_and_is_counted_once() -> None:
    site = Site(4, unable=(1, 2))
    site.drain()
    assert [name for _, name in site.sent(5.0)] == ["session 0", "session 3"]
    assert (site.draining.redirected, site.draining.unable) == (2, 2)


def test_who_is_gone_before_its_turn_is_nobody() -> None:
    site = Site(3)
    site.drain(per_second=1.0)
    assert len(site.draining.due(100.0)) == 1
    for session in site.sessions.all():
        site.sessions.close(session)
        site.table.can_be_redirected = lambda sa: not sa  # type: ignore[method-assign]
    assert site.sent(5.0) == []
    assert (site.draining.redirected, site.draining.unable) == (1, 0)


def test_who_was_being_authenticated_is_sent_as_soon_as_it_is_in() -> None:
    site = Site(1)
    late = site.add(5, began=None)
    site.drain()
    assert [name for _, name in site.sent(1.5)] == ["session 0"]
    late.began = 101.0
    assert [name for _, name in site.sent(2.5)] == ["session 5"]


def test_new_ues_are_sent_or_kept_out_for_as_long() -> None:
    site = Site(1)
    site.drain()
    drained = site.table.admission
    assert (drained.redirect_from, drained.redirect_to, drained.closed) == (0, ELSEWHERE, True)
    assert drained.session_limit == 9
    site.draining.obey(LiveDrainCancelled(), 101.0)
    assert site.table.admission == USUAL
    assert (site.draining.deadline, site.draining.due(200.0)) == (None, [])


def test_later_order_begins_anew() -> None:
    site = Site(2)
    site.drain()
    assert len(site.sent(1.0)) == 2
    site.drain()
    assert len(site.sent(1.0)) == 2
    assert site.draining.redirected == 2


def test_farewell_is_for_good() -> None:
    session = Site(1).sessions.all()[0]
    assert farewell(session, DrainRequested("it stops")) == ike.CloseRequested("it stops")
    redirected = farewell(session, DrainRequested("it stops", to=ELSEWHERE, seconds=1.5))
    assert redirected == ike.RedirectRequested(ELSEWHERE, 1.5, "it stops")
    session.began = None
    assert farewell(session, DrainRequested("it stops", to=ELSEWHERE)) == ike.CloseRequested("it stops")
