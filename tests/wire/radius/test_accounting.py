"""Numbers of accounting."""

import pytest

from wire.radius.accounting import AcctStatusType, TerminateCause, terminate_cause_text, whole_counter


@pytest.mark.parametrize(
    ("number", "text"), [(1, "user-request"), (11, "nas-reboot"), (22, "port-disabled"), (99, "cause-99")]
)
def test_cause_has_a_word(number: int, text: str) -> None:
    assert terminate_cause_text(number) == text


def test_numbers_are_those_of_the_specification() -> None:
    assert [status.value for status in AcctStatusType] == [1, 2, 3, 7, 8]
    assert [cause.value for cause in TerminateCause] == list(range(1, 23))


@pytest.mark.parametrize(
    ("low", "gigawords", "whole"),
    [(None, None, None), (5, None, 5), (None, 1, 1 << 32), (0xFFFFFFFF, 0xFFFFFFFF, (1 << 64) - 1)],
)
def test_counter_has_64_bits(low: int | None, gigawords: int | None, whole: int | None) -> None:
    assert whole_counter(low, gigawords) == whole
