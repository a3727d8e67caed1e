"""A connection that one thread keeps from transaction to transaction.

To take it out of the pool and put it back each time costs more than BEGIN and COMMIT.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

PAUSE = 1.0
"""Seconds without use after which the pool looks at a connection before it is used again."""


class KeptConnection:
    """The one connection of `engine`, for one thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._used = 0.0

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction; raises what SQLAlchemy does. A connection that broke is replaced when it is next needed."""
        connection, is_whole = self._taken(), False
        try:
            with connection.begin():
                yield connection
            is_whole = True
            self._used = time.monotonic()
        finally:
            if not is_whole:
                self._give_back()

    def close(self) -> None:
        """Close it; there may be another one afterwards."""
        self._give_back()
        self._engine.dispose()

    def _taken(self) -> Connection:
        if time.monotonic() - self._used > PAUSE:
            self._give_back()
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _give_back(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
