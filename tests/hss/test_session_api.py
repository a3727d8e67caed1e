"""The words of the ledger are those of its tables."""

from hss.models import RecordKind
from hss.session_api import COUNTER_MAX, AccountingStatus, Usage


def test_statuses_are_the_words_of_the_tables() -> None:
    assert [status.value for status in AccountingStatus] == [kind.value for kind in RecordKind]


def test_counters_fit_a_signed_integer_of_64_bits() -> None:
    assert COUNTER_MAX == (1 << 63) - 1
    assert Usage() == Usage(None, None, None, None, None)
