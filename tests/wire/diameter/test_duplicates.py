from dataclasses import replace

from tests.wire.diameter.samples import EAP_DEA, EAP_DER, numbered
from wire.diameter.duplicates import KEPT_SECONDS, DuplicateCache, Joined, New, Repeated
from wire.diameter.message import FLAG_RETRANSMITTED, Message

REQUEST = numbered(EAP_DER.message())
AGAIN = replace(REQUEST, hop_by_hop=99, flags=REQUEST.flags | FLAG_RETRANSMITTED)
ANSWER = EAP_DEA.message(REQUEST).build()


def test_a_retransmission_gets_the_stored_answer_with_its_own_hop_by_hop() -> None:
    cache: DuplicateCache[str] = DuplicateCache()
    assert cache.arrived("gw", REQUEST, "c1", 0.0) == New()
    assert cache.answered("gw", REQUEST, ANSWER) == [("c1", ANSWER)]
    repeated = cache.arrived("gw", AGAIN, "c2", 1.0)
    assert isinstance(repeated, Repeated)
    again = Message.parse(repeated.answer)
    assert (again.hop_by_hop, again.end_to_end) == (99, REQUEST.end_to_end)
    assert again.avps == EAP_DEA.message(REQUEST).avps


def test_a_retransmission_in_the_meantime_is_answered_with_the_first() -> None:
    cache: DuplicateCache[str] = DuplicateCache()
    cache.arrived("gw", REQUEST, "c1", 0.0)
    assert cache.arrived("gw", AGAIN, "c2", 1.0) == Joined()
    answers = cache.answered("gw", REQUEST, ANSWER)
    assert [(waiter, Message.parse(answer).hop_by_hop) for waiter, answer in answers] == [
        ("c1", REQUEST.hop_by_hop),
        ("c2", 99),
    ]


def test_only_a_few_wait_for_one_answer() -> None:
    cache: DuplicateCache[int] = DuplicateCache()
    for waiter in range(20):
        cache.arrived("gw", REQUEST, waiter, 0.0)
    assert len(cache.answered("gw", REQUEST, ANSWER)) == 4


def test_another_peer_does_not_get_the_answer() -> None:
    cache: DuplicateCache[str] = DuplicateCache()
    cache.arrived("gw", REQUEST, "c1", 0.0)
    cache.answered("gw", REQUEST, ANSWER)
    assert cache.arrived("thief", REQUEST, "c2", 0.0) == New()


def test_another_session_or_end_to_end_identifier_is_new() -> None:
    cache: DuplicateCache[str] = DuplicateCache()
    cache.arrived("gw", REQUEST, "c1", 0.0)
    assert cache.arrived("gw", replace(REQUEST, end_to_end=1), "c1", 0.0) == New()
    other = replace(EAP_DER, session_id="another").message()
    assert cache.arrived("gw", numbered(other), "c1", 0.0) == New()


def test_answers_are_kept_four_minutes() -> None:
    cache: DuplicateCache[str] = DuplicateCache()
    cache.arrived("gw", REQUEST, "c1", 0.0)
    cache.answered("gw", REQUEST, ANSWER)
    assert isinstance(cache.arrived("gw", AGAIN, "c1", KEPT_SECONDS - 1), Repeated)
    assert cache.arrived("gw", AGAIN, "c1", KEPT_SECONDS) == New()


def test_the_cache_never_exceeds_its_limit() -> None:
    cache: DuplicateCache[str] = DuplicateCache(limit=10)
    for number in range(50):
        cache.arrived("gw", replace(REQUEST, end_to_end=number), "c1", 0.0)
    assert len(cache) == 10
    forgotten: Message = replace(REQUEST, end_to_end=0)
    assert cache.answered("gw", forgotten, ANSWER) == []


def test_what_was_refused_for_want_of_room_is_new_when_it_comes_again() -> None:
    cache: DuplicateCache[str] = DuplicateCache()
    cache.arrived("gw", REQUEST, "c1", 0.0)
    assert cache.refused("gw", REQUEST, ANSWER) == [("c1", ANSWER)]
    assert cache.arrived("gw", AGAIN, "c2", 1.0) == New()
    assert cache.refused("gw", replace(REQUEST, end_to_end=1), ANSWER) == []
