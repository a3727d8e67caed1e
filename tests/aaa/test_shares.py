"""Which value gives way, and whose."""

from aaa.shares import Shares


def test_value_is_kept_changed_and_dropped() -> None:
    shares: Shares[int] = Shares(4)
    assert shares.keep("a", "x", 1) is None
    assert shares.change("a", 2)
    assert not shares.change("b", 2)
    assert (shares.find("a"), shares.find("b"), len(shares)) == (2, None, 1)
    assert (shares.drop("a"), shares.drop("a"), len(shares)) == (2, None, 0)


def test_owner_cannot_drive_out_what_is_anothers() -> None:
    shares: Shares[int] = Shares(8)
    shares.keep("quiet", "quiet", 0)
    evicted = [shares.keep(f"flood{number}", "flood", number) for number in range(100)]
    assert shares.find("quiet") == 0
    assert shares.find("flood99") == 99
    assert len(shares) == 7
    assert [one for one in evicted if one is not None] == list(range(94))


def test_longest_silent_one_gives_way_when_there_are_too_many() -> None:
    shares: Shares[int] = Shares(4)
    for number in range(4):
        shares.keep(f"s{number}", f"owner{number}", number)
    shares.keep("s0", "owner0", 10)
    assert shares.keep("s4", "owner4", 4) == 1
    assert [shares.find(f"s{number}") for number in range(5)] == [10, None, 2, 3, 4]


def test_change_makes_nothing_younger() -> None:
    shares: Shares[int] = Shares(2)
    shares.keep("old", "a", 1)
    shares.keep("new", "b", 2)
    shares.change("old", 3)
    assert shares.keep("newest", "c", 4) == 3


def test_values_are_all_of_them_the_youngest_last() -> None:
    shares: Shares[int] = Shares(3)
    for number, owner in ((1, "a"), (2, "b"), (3, "a")):
        shares.keep(f"s{number}", owner, number)
    shares.keep("s1", "a", 4)
    assert list(shares.values()) == [2, 3, 4]
