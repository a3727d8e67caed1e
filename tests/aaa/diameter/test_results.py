"""The table of results: every cause has one, and the numbers are those of the specifications."""

import pytest

from aaa.diameter.results import RESULTS
from aaa.messages import RejectCause
from wire.diameter.results import ExperimentalResultCode, ResultCode, is_success


@pytest.mark.parametrize("cause", list(RejectCause))
def test_every_cause_has_a_result_that_refuses(cause: RejectCause) -> None:
    assert not is_success(RESULTS[cause])
    assert RESULTS[cause] >= 3000


@pytest.mark.parametrize(
    ("cause", "number", "experimental"),
    [
        (RejectCause.USER_UNKNOWN, 5001, True),
        (RejectCause.NO_NON_3GPP_SUBSCRIPTION, 5450, True),
        (RejectCause.NO_APN_SUBSCRIPTION, 5451, True),
        (RejectCause.ROAMING_NOT_ALLOWED, 5004, True),
        (RejectCause.RAT_NOT_ALLOWED, 5452, True),
        (RejectCause.WRONG_RESPONSE, 4001, False),
        (RejectCause.SUBSCRIBER_BARRED, 5003, False),
        (RejectCause.TOO_BUSY, 3004, False),
        (RejectCause.HSS_UNAVAILABLE, 5012, False),
    ],
)
def test_results_have_their_numbers(cause: RejectCause, number: int, experimental: bool) -> None:
    result = RESULTS[cause]
    assert result == number
    assert isinstance(result, ExperimentalResultCode if experimental else ResultCode)
