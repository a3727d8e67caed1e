import pytest

from wire.diameter.results import (
    ExperimentalResultCode,
    ResultCode,
    describe_result,
    is_protocol_error,
    is_success,
    is_transient,
)


def test_families_follow_rfc_6733_section_7_1() -> None:
    assert is_success(ResultCode.SUCCESS)
    assert is_success(ResultCode.SUCCESS_RELOCATE_HA)
    assert not is_success(ResultCode.MULTI_ROUND_AUTH)
    assert is_protocol_error(ResultCode.UNKNOWN_PEER)
    assert not is_protocol_error(ResultCode.AVP_UNSUPPORTED)
    assert is_transient(ResultCode.AUTHENTICATION_REJECTED)
    assert not is_transient(ResultCode.MISSING_AVP)


@pytest.mark.parametrize(
    ("result", "experimental", "text"),
    [
        (5001, None, "5001 AVP_UNSUPPORTED"),
        (None, 5001, "5001 USER_UNKNOWN (3GPP)"),
        (4321, None, "4321 unnamed"),
        (None, 4321, "4321 unnamed (3GPP)"),
        (None, None, "no result"),
    ],
)
def test_a_result_says_from_which_of_the_two_spaces_it_is(
    result: int | None, experimental: int | None, text: str
) -> None:
    assert describe_result(result, experimental) == text


def test_3gpp_codes_are_those_of_ts_29_230() -> None:
    assert ExperimentalResultCode(5450) is ExperimentalResultCode.USER_NO_NON_3GPP_SUBSCRIPTION
    assert ExperimentalResultCode(4181) is ExperimentalResultCode.AUTHENTICATION_DATA_UNAVAILABLE
