"""What is wrong with a row, as a word and as a line."""

from hss.provisioning.importing.causes import Cause, RowRefused


def test_refusal_has_its_cause_and_its_line() -> None:
    refused = RowRefused(Cause.IMSI, "the IMSI is not 6 to 15 digits")
    assert (refused.cause, str(refused)) == (Cause.IMSI, "the IMSI is not 6 to 15 digits")


def test_causes_are_words_to_count_by() -> None:
    assert all(cause.value.replace("-", "").isalpha() for cause in Cause)
