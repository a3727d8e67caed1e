"""What codecs and machines raise, and what a log line may take from it."""

import pickle

import pytest

from wire.errors import DecodeError, EncodeError, ProtocolViolation


def test_decode_error_says_where_and_why() -> None:
    error = DecodeError(12, "a length of 0")
    assert (error.offset, error.reason, str(error)) == (12, "a length of 0", "at octet 12: a length of 0")


def test_refused_octets_are_told_from_the_caller_s_own_fault() -> None:
    assert not issubclass(EncodeError, DecodeError)
    assert not issubclass(DecodeError, EncodeError)


def test_a_message_out_of_turn_is_no_malformed_one() -> None:
    # whoever catches ValueError to drop malformed octets must not swallow a violation with them
    violation = ProtocolViolation("IKE_AUTH before IKE_SA_INIT")
    assert not isinstance(violation, ValueError)
    assert str(violation) == violation.reason == "IKE_AUTH before IKE_SA_INIT"


@pytest.mark.parametrize("kind", [EncodeError, ProtocolViolation])
def test_errors_with_one_argument_cross_processes(kind: type[Exception]) -> None:
    assert str(pickle.loads(pickle.dumps(kind("why")))) == "why"  # noqa: S301 - our own octets
