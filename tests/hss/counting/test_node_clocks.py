"""A node is taken over once, extended as time goes by, and given up to who takes it over."""

import asyncio

from hss.algorithms import AlgorithmSettings
from hss.counting.node_clocks import NodeClock, NodeClocks
from hss.counting.nodes import SPAN_MS
from hss.counting.sqn import DELTA
from hss.counting.time_based import Taken
from hss.counting.windows import ClockRule, Window
from hss.models import Scheme
from hss.store.database import Database

CLOCK = AlgorithmSettings("clock", scheme=Scheme.TIME)
NOW = 1_000_000
RULE = ClockRule("clock", 5, DELTA, 100)
WINDOW = Window(RULE.width, -NOW // 100)


async def issue(node: NodeClock) -> int | None:
    outcome = await node.issue("1", RULE, WINDOW, 1, turn=0, seq_ms=None)
    return outcome.last_seq if isinstance(outcome, Taken) else None


async def test_node_is_claimed_once_for_all_who_ask(database: Database) -> None:
    clocks = NodeClocks(database, lambda: NOW)
    found = await asyncio.gather(*(clocks.of("n|", CLOCK) for _ in range(5)))
    assert {one.epoch for one in found} == {1}
    assert {one.ind for one in found} == {0}


async def test_grant_is_extended_when_it_is_used_up(database: Database) -> None:
    now = NOW
    clocks = NodeClocks(database, lambda: now)
    one = await clocks.of("n|", CLOCK)
    assert await issue(one) == 1
    now += 3 * SPAN_MS
    assert await issue(one) == (now - NOW) // 100
    # two who run out together extend once each at most, and share no SEQ
    now += 3 * SPAN_MS
    last = await asyncio.gather(*(issue(one) for _ in range(3)))
    assert set(last) == {(now - NOW) // 100 + n for n in range(3)}


async def test_node_that_was_taken_over_issues_no_more(database: Database) -> None:
    now = NOW
    mine, theirs = NodeClocks(database, lambda: now), NodeClocks(database, lambda: now)
    one = await mine.of("n|", CLOCK)
    await theirs.of("n|", CLOCK)
    now += 3 * SPAN_MS
    assert await issue(one) is None
    mine.lost(one)
    again = await mine.of("n|", CLOCK)
    assert again.epoch == 3
    mine.lost(one)
    assert (await mine.of("n|", CLOCK)).epoch == 3
