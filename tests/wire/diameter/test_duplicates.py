from dataclasses import replace

from tests.wire.diameter.samples import EAP_DEA, EAP_DER, numbered
from wire.diameter.duplicates import KEPT_SECONDS, Asked, DuplicateCache, Joined, Repeated
from wire.diameter.message import FLAG_RETRANSMITTED, Message

REQUEST = numbered(EAP_DER.message())
AGAIN = replace(REQUEST, hop_by_hop=99, flags=REQUEST.flags | FLAG_RETRANSMITTED)
ANSWER = EAP_DEA.message(REQUEST).build()


def begun(cache: DuplicateCache[str], request: Message = REQUEST, peer: str = "gw", now: float = 0.0) -> Asked[str]:
    outcome = cache.arrived(peer, request, "c1", now)
    assert isinstance(outcome, Asked)
    return outcome


def test_a_retransmission_gets_the_stored_answer_with_its_own_hop_by_hop() -> None:
    cache: DuplicateCache[str] = DuplicateCache()
    assert cache.answered(begun(cache), ANSWER) == [("c1", ANSWER)]
    repeated = cache.arrived("gw", AGAIN, "c2", 1.0)
    assert isinstance(repeated, Repeated)
    again = Message.parse(repeated.answer)
    assert (again.hop_by_hop, again.end_to_end) == (99, REQUEST.end_to_end)
    assert again.avps == EAP_DEA.message(REQUEST).avps


def test_a_retransmission_in_the_meantime_is_answered_with_the_first() -> None:
    cache: DuplicateCache[str] = DuplicateCache()
    asked = begun(cache)
    assert cache.arrived("gw", AGAIN, "c2", 1.0) == Joined()
    answers = cache.answered(asked, ANSWER)
    assert [(waiter, Message.parse(answer).hop_by_hop) for waiter, answer in answers] == [
        ("c1", REQUEST.hop_by_hop),
        ("c2", 99),
    ]


def test_only_a_few_wait_for_one_answer() -> None:
    cache: DuplicateCache[str] = DuplicateCache()
    asked = begun(cache)
    for waiter in range(20):
        cache.arrived("gw", REQUEST, str(waiter), 0.0)
    assert len(cache.answered(asked, ANSWER)) == 4
    # an answer that is kept holds nobody's connection
    assert (asked.waiter, asked.joined) == (None, None)


def test_another_peer_does_not_get_the_answer() -> None:
    cache: DuplicateCache[str] = DuplicateCache()
    cache.answered(begun(cache), ANSWER)
    assert begun(cache, peer="thief").answer is None


def test_another_session_or_end_to_end_identifier_is_new() -> None:
    cache: DuplicateCache[str] = DuplicateCache()
    begun(cache)
    begun(cache, replace(REQUEST, end_to_end=1))
    begun(cache, numbered(replace(EAP_DER, session_id="another").message()))
    assert len(cache) == 3


def test_a_name_is_the_same_in_capitals() -> None:
    cache: DuplicateCache[str] = DuplicateCache()
    begun(cache)
    loud = replace(EAP_DER, origin_host=EAP_DER.origin_host.upper()).message()
    assert cache.arrived("gw", numbered(loud), "c2", 0.0) == Joined()


def test_answers_are_kept_four_minutes() -> None:
    cache: DuplicateCache[str] = DuplicateCache()
    cache.answered(begun(cache), ANSWER)
    assert isinstance(cache.arrived("gw", AGAIN, "c1", KEPT_SECONDS - 1), Repeated)
    begun(cache, AGAIN, now=KEPT_SECONDS)


def test_the_cache_never_exceeds_its_limit_and_what_it_forgot_is_answered_all_the_same() -> None:
    cache: DuplicateCache[str] = DuplicateCache(limit=10)
    asked = [begun(cache, replace(REQUEST, end_to_end=number)) for number in range(50)]
    assert len(cache) == 10
    assert cache.answered(asked[0], ANSWER) == [("c1", ANSWER)]


def test_what_was_refused_for_want_of_room_is_new_when_it_comes_again() -> None:
    cache: DuplicateCache[str] = DuplicateCache()
    refused = begun(cache)
    cache.forget(refused)
    assert cache.answered(refused, ANSWER) == [("c1", ANSWER)]
    begun(cache, AGAIN, now=1.0)
    cache.forget(refused)
    assert cache.arrived("gw", AGAIN, "c2", 2.0) == Joined()
