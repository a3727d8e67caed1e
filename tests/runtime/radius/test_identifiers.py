"""Identifiers: 256 on each socket, the least recently used first."""

from runtime.radius.identifiers import IdentifierPool, Slot


def test_pool_fills_one_socket_before_it_wants_another() -> None:
    pool = IdentifierPool(2)
    taken = [pool.take() for _ in range(512)]
    assert taken[:256] == [Slot(0, identifier) for identifier in range(256)]
    assert taken[256:] == [Slot(1, identifier) for identifier in range(256)]
    assert pool.take() is None


def test_pool_gives_the_least_recently_used_identifier() -> None:
    pool = IdentifierPool(1)
    first = pool.take()
    assert first == Slot(0, 0)
    pool.release(first)
    assert pool.take() == Slot(0, 1)


def test_released_identifier_is_given_again_when_all_others_wait() -> None:
    pool = IdentifierPool(1)
    taken = [pool.take() for _ in range(256)]
    pool.release(Slot(0, 77))
    assert pool.take() == Slot(0, 77)
    assert pool.take() is None
    assert len(taken) == 256
