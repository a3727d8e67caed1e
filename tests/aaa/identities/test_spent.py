"""Counters only rise, as far as this process remembers."""

from aaa.identities.spent import UsedCounters


def test_counter_is_used_once_and_never_goes_back() -> None:
    used = UsedCounters()
    assert [used.use(b"chain", counter) for counter in (1, 1, 3, 2, 3, 4)] == [True, False, True, False, False, True]


def test_chains_do_not_disturb_each_other() -> None:
    used = UsedCounters()
    assert used.use(b"one", 5)
    assert used.use(b"other", 1)


def test_chain_used_longest_ago_gives_way() -> None:
    used = UsedCounters(limit=2)
    for chain, counter in ((b"one", 1), (b"two", 1), (b"one", 2), (b"three", 1)):
        assert used.use(chain, counter)
    assert len(used) == 2
    assert not used.use(b"one", 2)
    assert used.use(b"two", 1)
