"""No SQN twice, and SQL moves SEQ exactly as the rule in hss.counting.sqn says."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, insert
from sqlalchemy.engine import Engine

from hss.api import Refusal, ServiceRefused
from hss.counting.allocation import Allocated, Allocation, Answer, NotCounted, allocate
from hss.counting.sqn import DELTA, SEQ_MAX, OutOfReach, SequenceExhausted, allocated, resynchronised, seq_max
from hss.models import Algorithm, AlgorithmProfile, Registration, Scheme, SubscriberState
from hss.store.engines import transaction
from hss.store.location import Location
from hss.store.prepared import Prepared
from tests.hss.conftest import Registry
from wire.identity import Imsi

IMSI = "001010000000001"
OTHER = "001010000000002"
NOBODY = "999990000000000"
NEAR = st.sampled_from([0, 1, DELTA, DELTA + 1, SEQ_MAX - DELTA, SEQ_MAX - 5, SEQ_MAX - 1, SEQ_MAX])
SEQS = st.integers(min_value=0, max_value=SEQ_MAX) | NEAR


def run(location: Location, *requests: Allocation) -> list[Answer]:
    with transaction(location) as connection:
        return allocate(connection, requests)


def seqs(answers: list[Answer], requests: tuple[Allocation, ...]) -> list[list[int]]:
    runs = []
    for answer, request in zip(answers, requests, strict=True):
        assert isinstance(answer, Allocated)
        runs.append(list(range(answer.last_seq - request.count + 1, answer.last_seq + 1)))
    return runs


def refusal(answer: Answer) -> Refusal:
    assert isinstance(answer, ServiceRefused)
    return answer.refusal


def test_requests_for_one_subscriber_share_its_run(registry: Registry, location: Location) -> None:
    known = registry.add(IMSI, seq=100)
    requests = (Allocation(IMSI, 1), Allocation(IMSI, 3), Allocation(IMSI, 2))
    assert seqs(run(location, *requests), requests) == [[101], [102, 103, 104], [105, 106]]
    assert registry.seq(known.imsi) == 106


def test_every_request_gets_its_own_subscribers_answer(registry: Registry, location: Location) -> None:
    registry.add(IMSI, seq=5, amf=0x1234)
    registry.add(OTHER, seq=9)
    barred = registry.add("001010000000003", state=SubscriberState.BARRED)
    answers = run(
        location,
        Allocation(OTHER, 1),
        Allocation(NOBODY, 1),
        Allocation(IMSI, 2),
        Allocation(str(barred.imsi), 1),
        Allocation(OTHER, 1),
    )
    assert refusal(answers[1]) is Refusal.USER_UNKNOWN
    assert refusal(answers[3]) is Refusal.SUBSCRIBER_BARRED
    given_out = [answer for answer in answers if isinstance(answer, Allocated)]
    assert [(answer.imsi, answer.last_seq) for answer in given_out] == [(OTHER, 10), (IMSI, 7), (OTHER, 11)]
    assert given_out[1].amf == 0x1234
    assert registry.seq(barred.imsi) == 0


def test_resynchronisation_shares_a_turn_with_others(registry: Registry, location: Location) -> None:
    registry.add(IMSI, seq=50)
    requests = (Allocation(IMSI, 1), Allocation(IMSI, 1, seq_ms=5000), Allocation(IMSI, 2, seq_ms=40))
    runs = seqs(run(location, *requests), requests)
    assert len({seq for one in runs for seq in one}) == 4
    assert [one[0] for one in runs] == [5001, 5002, 5003]


@pytest.fixture
def one(registry: Registry) -> Imsi:
    return registry.add(IMSI).imsi


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(seq_he=SEQS, seq_ms=SEQS | st.none(), count=st.integers(min_value=1, max_value=5))
def test_statement_moves_seq_as_the_rule_says(
    registry: Registry, location: Location, one: Imsi, seq_he: int, seq_ms: int | None, count: int
) -> None:
    registry.set(one, seq=seq_he)
    (answer,) = run(location, Allocation(IMSI, count, seq_ms))
    try:
        following = allocated(seq_he, count) if seq_ms is None else resynchronised(seq_he, seq_ms, count)
    except (SequenceExhausted, OutOfReach):
        assert refusal(answer) is Refusal.UNAVAILABLE
        assert registry.seq(one) == seq_he
        return
    assert isinstance(answer, Allocated)
    assert answer.last_seq == following == registry.seq(one)


def test_each_profile_has_limits_of_its_own(registry: Registry, location: Location) -> None:
    known = registry.add(IMSI)
    with transaction(location) as connection:
        connection.execute(
            insert(AlgorithmProfile).values(name="narrow", algorithm=Algorithm.MILENAGE, ind_bits=8, delta=1000)
        )
    registry.set(known.imsi, profile="narrow", seq=seq_max(8) - 1)
    (answer,) = run(location, Allocation(IMSI, 1))
    assert isinstance(answer, Allocated)
    assert (answer.last_seq, answer.profile) == (seq_max(8), "narrow")
    assert refusal(run(location, Allocation(IMSI, 1))[0]) is Refusal.UNAVAILABLE
    registry.set(known.imsi, seq=1050)
    assert refusal(run(location, Allocation(IMSI, 1, seq_ms=50))[0]) is Refusal.UNAVAILABLE
    assert isinstance(run(location, Allocation(IMSI, 1, seq_ms=51))[0], Allocated)


def test_time_based_profile_is_not_counted(registry: Registry, location: Location) -> None:
    known = registry.add(IMSI, seq=7)
    with transaction(location) as connection:
        values = {"name": "clock", "algorithm": Algorithm.MILENAGE, "scheme": Scheme.TIME}
        connection.execute(insert(AlgorithmProfile).values(**values))
    registry.set(known.imsi, profile="clock")
    answers = run(location, Allocation(IMSI, 1), Allocation(IMSI, 1, seq_ms=5))
    assert answers == [NotCounted("clock"), NotCounted("clock")]
    assert registry.seq(known.imsi) == 7


def test_serving_aaa_comes_with_the_keys(registry: Registry, location: Location) -> None:
    registry.add(IMSI)
    with transaction(location) as connection:
        connection.execute(insert(Registration).values(imsi=IMSI, aaa_name="aaa.example"))
    registry.add(OTHER)
    answers = run(location, Allocation(IMSI, 1), Allocation(OTHER, 1), Allocation(IMSI, 1, seq_ms=0))
    assert [a.serving_aaa for a in answers if isinstance(a, Allocated)] == ["aaa.example", None, "aaa.example"]


@pytest.mark.parametrize("size", [1, 256])
def test_many_subscribers_move_together(registry: Registry, location: Location, size: int) -> None:
    imsis = [registry.add(f"00101{number:010}", apns=()).imsi for number in range(min(size, 20))]
    requests = tuple(Allocation(str(imsis[number % len(imsis)]), 1) for number in range(size))
    runs = seqs(run(location, *requests), requests)
    assert len({(request.imsi, seqs[0]) for request, seqs in zip(requests, runs, strict=True)}) == size


@pytest.fixture
def three(registry: Registry, location: Location) -> list[Imsi]:
    """A subscriber each of the usual profile, of one with a long IND and a short Δ, and of one by the clock."""
    with transaction(location) as connection:
        for name, bits, delta, scheme in (("long", 16, 1000, Scheme.COUNTER), ("clock", 5, DELTA, Scheme.TIME)):
            connection.execute(
                insert(AlgorithmProfile).values(
                    name=name, algorithm=Algorithm.MILENAGE, ind_bits=bits, delta=delta, scheme=scheme
                )
            )
    imsis = [registry.add(f"00101000000000{number}").imsi for number in range(3)]
    registry.set(imsis[1], profile="long")
    registry.set(imsis[2], profile="clock")
    return imsis


LIMITS = ((5, DELTA), (16, 1000))
BATCH = st.lists(
    st.tuples(st.integers(0, 1), st.integers(1, 5), st.none() | st.integers(0, 2000) | st.just(2**31)),
    min_size=1,
    max_size=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(batch=BATCH, starts=st.tuples(SEQS, st.integers(0, 3000) | st.just(seq_max(16) - 7)))
def test_a_batch_moves_each_subscriber_as_the_rule_says(
    registry: Registry, location: Location, three: list[Imsi], batch: list[tuple[int, int, int | None]],
    starts: tuple[int, int],
) -> None:  # fmt: skip
    for imsi, seq in zip(three, starts, strict=False):
        registry.set(imsi, seq=seq)
    answers = run(location, *(Allocation(str(three[which]), count, seq_ms) for which, count, seq_ms in batch))
    for which, (bits, delta) in enumerate(LIMITS):
        mine = [(answer, one[1]) for answer, one in zip(answers, batch, strict=True) if one[0] == which]
        if mine:
            count, seen = sum(one[1] for one in batch if one[0] == which), [one[2] for one in batch if one[0] == which]
            last = expected(starts[which], count, [one for one in seen if one is not None], bits, delta)
            check_run([answer for answer, _ in mine], [share for _, share in mine], last, count)
            assert registry.seq(three[which]) == (starts[which] if last is None else last)


def expected(seq_he: int, count: int, seen: list[int], bits: int, delta: int) -> int | None:
    try:
        last = allocated(seq_he, count, bits)
        for seq_ms in seen:
            last = max(last, resynchronised(max(seq_he, *seen), seq_ms, count, bits, delta))
    except (SequenceExhausted, OutOfReach):
        return None
    return last


def check_run(answers: list[Answer], shares: list[int], last: int | None, count: int) -> None:
    if last is None:
        assert {refusal(answer) for answer in answers} == {Refusal.UNAVAILABLE}
        return
    following = last - count
    for answer, share in zip(answers, shares, strict=True):
        following += share
        assert isinstance(answer, Allocated)
        assert answer.last_seq == following


def test_a_batch_is_one_statement(location: Location, three: list[Imsi], monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    rows = Prepared.rows

    def listen(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        said.append(statement.split(maxsplit=1)[0])

    def prepared(statement: Prepared, *given: Any) -> Any:  # noqa: ANN401 - as the method
        said.append("prepared")
        return rows(statement, *given)

    monkeypatch.setattr(Prepared, "rows", prepared)
    event.listen(Engine, "before_cursor_execute", listen)
    try:
        run(location, *(Allocation(str(three[n % 2]), 1 + n % 5, None if n % 7 else n) for n in range(64)))
    finally:
        event.remove(Engine, "before_cursor_execute", listen)
    assert said == ["prepared"]
