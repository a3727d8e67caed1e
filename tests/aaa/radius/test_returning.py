"""Who comes again and again is suspected once, and not where accounting says that he has what he came for."""

from dataclasses import replace
from datetime import timedelta

from aaa.radius.returning import AT_ONCE, TIMES, WITHIN, Returning
from hss.session_api import Grant
from tests.aaa.radius.accounting.reports import BROKEN, MOMENT, MemoryLedger
from tests.aaa.radius.test_dynamic import session
from wire.identity import Imsi

GRANT = Grant(b"class", Imsi("001010000000001"), "user", "AKA", "ap", "ap1", MOMENT)


class Bench:
    def __init__(self) -> None:
        self.ledger = MemoryLedger()
        self.told: list[tuple[Grant, int, float]] = []
        self.returning = Returning(self.ledger, lambda *what: self.told.append(what))

    async def come(self, *times: float, grant: Grant = GRANT) -> None:
        for time in times:
            last = replace(grant, at=MOMENT + timedelta(seconds=time))
            suspect = self.returning.let_in(last, time)
            if suspect is not None:
                await self.returning.look(suspect, last)


async def test_user_who_comes_again_at_once_is_told_of() -> None:
    bench = Bench()
    await bench.come(0.0, 4.0)
    assert bench.told == []
    await bench.come(9.0)
    assert [(grant.imsi, times, seconds) for grant, times, seconds in bench.told] == [(GRANT.imsi, TIMES, 9.0)]


async def test_user_who_comes_now_and_then_is_not() -> None:
    bench = Bench()
    await bench.come(*(WITHIN * 0.6 * turn for turn in range(20)))
    await bench.come(0.0, 1.0, grant=replace(GRANT, nas="ap2"))
    assert bench.told == []


async def test_user_who_is_accounted_for_is_not() -> None:
    bench = Bench()
    bench.ledger.known[1] = replace(session(), updated=MOMENT + timedelta(seconds=1))
    await bench.come(0.0, 2.0, 4.0)
    bench.ledger.known[1] = replace(session(), updated=MOMENT - timedelta(seconds=1))
    assert bench.told == []
    await bench.come(5.0, 6.0, 7.0)
    assert len(bench.told) == 1


async def test_client_is_not_told_of_for_ever_and_a_silent_ledger_says_nothing() -> None:
    bench = Bench()
    await bench.come(*(turn / 10 for turn in range(90)))
    assert len(bench.told) == AT_ONCE
    bench.ledger.broken = BROKEN
    await bench.come(0.0, 1.0, 2.0, grant=replace(GRANT, client="other"))
    assert len(bench.told) == AT_ONCE
