"""Whoever knows no store hears of no store."""

import pytest

from hss.session_api import LedgerUnavailable
from hss.sessions.unavailable import unavailable
from hss.store.errors import StoreBusy


def test_error_of_the_store_keeps_its_line_and_nothing_else() -> None:
    with pytest.raises(LedgerUnavailable, match="too much waits") as caught, unavailable():
        raise StoreBusy("too much waits")
    assert caught.value.__cause__ is None


def test_other_errors_pass() -> None:
    with pytest.raises(KeyError), unavailable():
        raise KeyError("x")
