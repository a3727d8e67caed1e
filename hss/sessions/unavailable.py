"""What the store's errors are to those who know no store."""

from collections.abc import Iterator
from contextlib import contextmanager

from hss.session_api import LedgerUnavailable
from hss.store.errors import StoreError


@contextmanager
def unavailable() -> Iterator[None]:
    """LedgerUnavailable in the place of every StoreError inside."""
    try:
        yield
    except StoreError as error:
        raise LedgerUnavailable(str(error)) from None
