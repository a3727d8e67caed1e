"""The duplicate cache of RFC 5080 §2.2.2."""

from aaa.radius.duplicates import Answered, DuplicateCache, InProgress, RequestKey
from wire.radius.packet import RadiusPacket

SOURCE = ("127.0.0.1", 1000)


def key(identifier: int = 1, *, authenticator: int = 0, source: tuple[str, int] = SOURCE, code: int = 1) -> RequestKey:
    return RequestKey.of(RadiusPacket(code, identifier, bytes([authenticator]) * 16), source)


def test_cache_gives_a_duplicate_the_answer_it_had() -> None:
    cache = DuplicateCache()
    assert cache.outcome(key(), 0.0) is None
    cache.begin(key(), 0.0)
    assert cache.outcome(key(), 1.0) == InProgress()
    assert cache.settle(key(), b"answer")
    assert cache.outcome(key(), 2.0) == Answered(b"answer")


def test_cache_remembers_silence() -> None:
    cache = DuplicateCache()
    cache.begin(key(), 0.0)
    assert cache.settle(key(), None)
    assert cache.outcome(key(), 1.0) == Answered(None)


def test_cache_tells_requests_apart_by_all_that_rfc_5080_names() -> None:
    cache = DuplicateCache()
    cache.begin(key(), 0.0)
    others = [
        key(2),
        key(authenticator=1),
        key(source=("127.0.0.2", 1000)),
        key(source=("127.0.0.1", 1001)),
        key(code=12),
    ]
    assert [cache.outcome(other, 0.0) for other in others] == [None] * 5


def test_new_authenticator_in_the_same_slot_purges_the_older_request() -> None:
    cache = DuplicateCache()
    cache.begin(key(authenticator=1), 0.0)
    cache.begin(key(authenticator=2), 0.0)
    assert len(cache) == 1
    assert not cache.settle(key(authenticator=1), b"too late")
    assert cache.settle(key(authenticator=2), b"answer")
    cache.forget(key(authenticator=1))
    assert cache.outcome(key(authenticator=2), 0.0) == Answered(b"answer")


def answered(cache: DuplicateCache, one: RequestKey, now: float) -> None:
    assert cache.outcome(one, now) is None
    cache.begin(one, now)
    assert cache.settle(one, b"answer")


def test_cache_forgets_by_age() -> None:
    cache = DuplicateCache(age=5.0)
    answered(cache, key(1), 0.0)
    answered(cache, key(2), 4.0)
    assert cache.outcome(key(1), 4.9) == Answered(b"answer")
    assert cache.outcome(key(1), 5.0) is None
    assert cache.outcome(key(2), 5.0) == Answered(b"answer")
    assert len(cache) == 1


def test_what_is_in_progress_is_a_duplicate_however_old_it_is() -> None:
    # RFC 5080 §2.2.2: MUST silently discard duplicates for which a Response has not yet been sent
    cache = DuplicateCache(size=2, age=5.0)
    cache.begin(key(1), 0.0)
    for other in range(2, 9):
        answered(cache, key(other), 0.0)
    assert cache.outcome(key(1), 6.0) == InProgress()
    assert cache.settle(key(1), b"late")
    assert cache.outcome(key(1), 10.9) == Answered(b"late")
    assert cache.outcome(key(1), 11.0) is None


def test_cache_is_bounded_in_size() -> None:
    cache = DuplicateCache(size=3)
    for identifier in range(10):
        answered(cache, key(identifier), 0.0)
    assert len(cache) == 3
    assert cache.outcome(key(6), 0.0) is None
    assert cache.outcome(key(7), 0.0) == Answered(b"answer")


def test_cache_forgets_on_demand() -> None:
    cache = DuplicateCache()
    cache.begin(key(), 0.0)
    cache.forget(key())
    cache.forget(key())
    assert cache.outcome(key(), 0.0) is None
    assert not cache.settle(key(), b"answer")
