"""An address that cannot be listened at, by name: the system says what is wrong with it, and not which one it was."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from runtime.config import SocketAddress
from runtime.taps import Address


@contextmanager
def naming(address: Address) -> Iterator[None]:
    """An OSError inside, such as one of a name that nobody knows, says `address` before its cause."""
    try:
        yield
    except OSError as error:
        # what asyncio says of an address is longer than the system's own words; those for a name are in strerror alone
        cause = os.strerror(error.errno) if error.errno is not None and error.errno > 0 else error.strerror
        raise OSError(error.errno, f"{SocketAddress(*address)}: {cause or error}") from None
