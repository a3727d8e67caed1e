"""What the store's errors are to those who know no store."""

from types import TracebackType

from hss.session_api import LedgerUnavailable
from hss.store.errors import StoreError


class _Unavailable:
    """A generator's context would be three calls more around each question to the store."""

    def __enter__(self) -> None:
        """Nothing is to be prepared."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if isinstance(error, StoreError):
            raise LedgerUnavailable(str(error)) from None


_UNAVAILABLE = _Unavailable()


def unavailable() -> _Unavailable:
    """LedgerUnavailable in the place of every StoreError inside."""
    return _UNAVAILABLE
