"""Whose turn it is."""

from itertools import count, pairwise

import pytest

from ue_sim.load.keys import Keys
from ue_sim.load.peer import Once
from ue_sim.load.subscribers import CardKeys, Cards, Range
from ue_sim.load.turns import Behaviour, Turns, Ue
from wire.identity import EapMethod
from wire.secret import Secret

KEYS = CardKeys("001010000000001", Secret(bytes(16)), Secret(bytes(16)))
ONCE = Once(b"4again@realm", Keys(b"", b"", b"", b""), 1)


def turns(cards: int, *, fast: int = 0, pseudonyms: bool = False, method: EapMethod = EapMethod.AKA) -> Turns:
    numbers = count()
    behaviour = Behaviour(method, "realm", fast, pseudonyms)
    return Turns(Cards(Range(KEYS, cards)), behaviour, lambda length: next(numbers).to_bytes(length, "big"))


def taken(ue: Ue | None) -> Ue:
    assert ue is not None
    return ue


@pytest.mark.parametrize("cards", [1, 2, 3, 10, 97, 100])
def test_every_card_has_its_turn_before_any_has_another(cards: int) -> None:
    dealt = turns(cards)
    for _ in range(3):
        whole = set()
        for _ in range(cards):
            ue = taken(dealt.begin())
            whole.add(ue.number)
            dealt.ended(ue)
        assert whole == set(range(cards))


def test_no_card_is_there_twice_at_once() -> None:
    dealt = turns(3)
    first = [taken(dealt.begin()) for _ in range(3)]
    assert len({ue.imsi for ue in first}) == 3
    assert dealt.begin() is None
    dealt.ended(first[1])
    assert taken(dealt.begin()).number == first[1].number


def test_neighbours_are_not_next_to_each_other() -> None:
    dealt = turns(1000)
    numbers = [taken(dealt.begin()).number for _ in range(100)]
    assert min(abs(one - other) for one, other in pairwise(numbers)) > 100


@pytest.mark.parametrize(("method", "lead"), [(EapMethod.AKA, b"0"), (EapMethod.AKA_PRIME, b"6")])
def test_first_identity_is_the_permanent_one(method: EapMethod, lead: bytes) -> None:
    ue = taken(turns(1, method=method).begin())
    assert ue.peer.identity == lead + b"001010000000001@realm"


def test_fast_reauthentications_follow_as_long_as_they_can() -> None:
    dealt = turns(2, fast=2)
    ue = taken(dealt.begin())
    for _ in range(2):
        ue.peer.succeeded, ue.peer.once = True, ONCE
        dealt.ended(ue)
        ue = taken(dealt.begin())
        assert ue.peer.identity == b"4again@realm"
    ue.peer.succeeded, ue.peer.once = True, ONCE
    dealt.ended(ue)
    assert taken(dealt.begin()).peer.identity[:1] == b"0"
    # one that failed, or was given nothing, begins anew
    other = taken(dealt.begin())
    other.peer.once = ONCE
    dealt.ended(other)
    assert taken(dealt.begin()).peer.identity[:1] == b"0"


def test_pseudonym_is_shown_the_next_time() -> None:
    dealt = turns(1, pseudonyms=True)
    ue = taken(dealt.begin())
    ue.peer.succeeded, ue.peer.pseudonym = True, b"2pseudonym"
    dealt.ended(ue)
    assert taken(dealt.begin()).peer.identity == b"2pseudonym@realm"
