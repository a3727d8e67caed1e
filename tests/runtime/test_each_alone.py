"""A loop over many things goes on after each that broke it."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from runtime.each_alone import each_alone
from wire.sansio import Failed


def halves(numbers: Iterator[int]) -> Iterator[int]:
    for number in numbers:
        if number % 2:
            raise ValueError(number)
        yield number // 2


@given(st.lists(st.integers(0, 9)))
def test_every_item_is_served_once_and_in_order(numbers: list[int]) -> None:
    found = list(each_alone(numbers, halves, "numbers"))
    told = [str(one.error) if isinstance(one, Failed) else one for one in found]
    assert told == [str(number) if number % 2 else number // 2 for number in numbers]
    assert {one.of for one in found if isinstance(one, Failed)} <= {"numbers"}


def test_what_an_item_gave_before_it_broke_is_kept() -> None:
    def serve(items: Iterator[str]) -> Iterator[str]:
        for item in items:
            yield item
            if item == "bad":
                raise RuntimeError("broken")

    first, second, failed, last = each_alone(["one", "bad", "two"], serve, "items")
    assert (first, second, last) == ("one", "bad", "two")
    assert isinstance(failed, Failed)
