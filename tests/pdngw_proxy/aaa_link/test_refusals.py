"""Why the AAA server refuses, as the UE is told it."""

import pytest

from pdngw_proxy.aaa_link.refusals import error_of
from wire.ikev2.constants import FIRST_STATUS_NOTIFY, NotifyType


@pytest.mark.parametrize(
    ("result", "experimental", "number"),
    [
        (None, 5001, 9001),
        (None, 5450, 9000),
        (None, 5451, 9002),
        (None, 5452, 11001),
        (None, 5421, 11001),
        (None, 5004, 11011),
        (None, 5554, 9006),
        (None, 5420, 9000),
        (None, 4181, 10500),
        (5003, None, 9003),
        (5012, None, 10500),
        (3002, None, 10500),
        (3003, None, 9001),
        (3004, None, 10500),
        (3007, None, 10500),
        (5010, None, 10500),
        (5001, None, None),
        (4001, None, None),
        (None, None, None),
        (5003, 9999, None),
    ],
)
def test_error_is_that_of_ts_24_302(result: int | None, experimental: int | None, number: int | None) -> None:
    """Result-Code and Experimental-Result-Code are two spaces of numbers; a 4001 is EAP-Failure's to tell."""
    error = error_of(result, experimental)
    assert (None if error is None else int(error)) == number


def test_every_error_is_one_to_a_ue_that_does_not_know_it() -> None:
    """RFC 7296 §3.10.1."""
    assert all(
        NotifyType(number) < FIRST_STATUS_NOTIFY for number in (9000, 9001, 9002, 9003, 9006, 10500, 11001, 11011)
    )
