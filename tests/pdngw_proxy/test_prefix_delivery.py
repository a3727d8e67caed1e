"""Who is told of the home prefix when: by lot, again when nothing comes back, and never too much (RFC 6275 §10.6.2)."""

from ipaddress import IPv6Address
from random import Random

from pdngw_proxy.prefix_delivery import PrefixDelivery

HOME = IPv6Address("2001:db8:1::100")
DAY = 86_400


def delivery(*, interval: int = DAY, preferred: int = 2_592_000) -> PrefixDelivery:
    return PrefixDelivery(interval=interval, preferred=preferred, random=Random(1).randbytes)


def begun(**changes: int) -> tuple[PrefixDelivery, float]:
    """One mobile node, and when it is told first."""
    deliveries = delivery(**changes)
    deliveries.begin(HOME, 0.0)
    first = deliveries.deadline
    assert first is not None
    return deliveries, first


def test_mobile_nodes_are_told_at_times_that_are_spread_between_both_intervals() -> None:
    deliveries = delivery()
    times: list[float] = []
    for number in range(200):
        deliveries.begin(HOME + number, 0.0)
    while (deadline := deliveries.deadline) is not None and len(times) < 200:
        times.append(deadline)
        for home_address in deliveries.due(deadline):
            deliveries.end(home_address)
    assert 600 <= times[0] < 2000
    assert 80_000 < times[-1] <= DAY
    assert deliveries.deadline is None


def test_prefix_that_is_preferred_for_less_is_told_of_sooner() -> None:
    assert begun(preferred=700)[1] <= 700
    assert begun(preferred=100)[1] == 100.0


def test_no_interval_is_never() -> None:
    deliveries = delivery(interval=0)
    deliveries.begin(HOME, 0.0)
    assert deliveries.deadline is None


def test_who_does_not_answer_is_told_thrice_more_and_not_for_ever() -> None:
    deliveries, first = begun()
    assert deliveries.due(first - 1) == []
    told = []
    for _ in range(4):
        now = deliveries.deadline
        assert now is not None
        assert deliveries.due(now) == [HOME]
        told.append(now - first)
    # PREFIX_ADV_TIMEOUT, and twice as long each time (RFC 6275 §10.6.2)
    assert told == [0.0, 3.0, 9.0, 21.0]
    assert deliveries.due(first + 45.0) == []
    later = deliveries.deadline
    assert later is not None
    assert later >= first + 45.0 + 600


def test_who_did_not_answer_is_told_with_its_next_binding_update() -> None:
    deliveries, first = begun()
    for after in (0.0, 3.0, 9.0, 21.0, 45.0):
        deliveries.due(first + after)
    deliveries.renewed(HOME, first + 100.0)
    assert deliveries.due(first + 100.0) == [HOME]


def test_who_answers_is_left_alone_for_long() -> None:
    deliveries, first = begun()
    deliveries.answered(HOME)
    assert deliveries.deadline == first, "it has not been told yet"
    deliveries.due(first)
    deliveries.answered(HOME)
    later = deliveries.deadline
    assert later is not None
    assert first + 600 <= later <= first + DAY + 3
    deliveries.renewed(HOME, first + 100.0)
    assert deliveries.deadline == later


def test_who_is_gone_is_told_nothing() -> None:
    deliveries, first = begun()
    deliveries.end(HOME)
    deliveries.end(HOME)
    deliveries.answered(HOME)
    deliveries.renewed(HOME, 1.0)
    assert deliveries.due(first + DAY) == []


def test_who_registers_again_and_again_makes_nothing_grow() -> None:
    deliveries = delivery()
    for turn in range(1000):
        deliveries.begin(HOME, float(turn))
    assert len(deliveries._ends) < 100
    assert deliveries.deadline is not None
