"""No SQN twice, and SQL moves SEQ exactly as the rule in hss.sqn says."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hss.allocation import Allocated, Allocation, allocate, sealed_keys
from hss.api import Refusal, ServiceRefused
from hss.engines import transaction
from hss.location import Location
from hss.models import SubscriberState
from hss.sqn import DELTA, SEQ_MAX, OutOfReach, SequenceExhausted, allocated, resynchronised
from tests.hss.conftest import Registry
from wire.identity import Imsi

IMSI = "001010000000001"
OTHER = "001010000000002"
NOBODY = "999990000000000"
NEAR = st.sampled_from([0, 1, DELTA, DELTA + 1, SEQ_MAX - DELTA, SEQ_MAX - 5, SEQ_MAX - 1, SEQ_MAX])
SEQS = st.integers(min_value=0, max_value=SEQ_MAX) | NEAR


def run(location: Location, *requests: Allocation) -> list[Allocated | ServiceRefused]:
    with transaction(location) as connection:
        return allocate(connection, requests)


def seqs(answers: list[Allocated | ServiceRefused], requests: tuple[Allocation, ...]) -> list[list[int]]:
    runs = []
    for answer, request in zip(answers, requests, strict=True):
        assert isinstance(answer, Allocated)
        runs.append(list(range(answer.last_seq - request.count + 1, answer.last_seq + 1)))
    return runs


def refusal(answer: Allocated | ServiceRefused) -> Refusal:
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
    assert [(answer.keys.imsi, answer.last_seq) for answer in given_out] == [(OTHER, 10), (IMSI, 7), (OTHER, 11)]
    assert given_out[1].keys.amf == 0x1234
    assert registry.seq(barred.imsi) == 0


def test_resynchronisation_shares_a_turn_with_others(registry: Registry, location: Location) -> None:
    registry.add(IMSI, seq=50)
    requests = (Allocation(IMSI, 1), Allocation(IMSI, 1, seq_ms=5000), Allocation(IMSI, 2, seq_ms=40))
    runs = seqs(run(location, *requests), requests)
    assert len({seq for one in runs for seq in one}) == 4
    assert runs[1] == [5001]


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


def test_keys_are_read_without_moving_seq(registry: Registry, location: Location) -> None:
    known = registry.add(IMSI, seq=8, amf=0x8000)
    barred = registry.add(OTHER, state=SubscriberState.BARRED)
    with transaction(location) as connection:
        keys = sealed_keys(connection, IMSI)
        assert not isinstance(keys, ServiceRefused)
        assert (keys.imsi, keys.amf, keys.data_key_id, len(keys.k), len(keys.opc)) == (IMSI, 0x8000, None, 57, 57)
        refused = [sealed_keys(connection, str(barred.imsi)), sealed_keys(connection, NOBODY)]
    assert [one.refusal for one in refused if isinstance(one, ServiceRefused)] == [
        Refusal.SUBSCRIBER_BARRED,
        Refusal.USER_UNKNOWN,
    ]
    assert registry.seq(known.imsi) == 8


@pytest.mark.parametrize("size", [1, 256])
def test_many_subscribers_move_together(registry: Registry, location: Location, size: int) -> None:
    imsis = [registry.add(f"00101{number:010}", apns=()).imsi for number in range(min(size, 20))]
    requests = tuple(Allocation(str(imsis[number % len(imsis)]), 1) for number in range(size))
    runs = seqs(run(location, *requests), requests)
    assert len({(request.imsi, seqs[0]) for request, seqs in zip(requests, runs, strict=True)}) == size
