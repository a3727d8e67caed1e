"""What the HSS's tables share: names for constraints, moments in UTC, and lengths that specifications give."""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum as PythonEnum
from typing import Any

from sqlalchemy import DateTime, Enum, MetaData
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

DIAMETER_IDENTITY_LENGTH = 255
"""A DiameterIdentity is a domain name (RFC 6733 §4.3.1)."""
APN_LENGTH = 100
"""An APN has at most 100 octets (TS 23.003 §9.1)."""
NAME_LENGTH = 32
"""What an operator calls a profile, a token or a key."""
ACTOR_LENGTH = 255
"""Who did it, and from where."""


_TEXT_LENGTH = len("2027-01-02 12:00:00.000000")


class Utc(TypeDecorator[datetime]):
    """A moment that is in UTC whichever engine kept it: SQLite forgets the zone, PostgreSQL does not."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """For SQLite the text that SQLAlchemy would make part by part, which is a tenth of what a record costs."""
        return _as_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """The other way, in one step as well."""
        return _of_text if dialect.name == "sqlite" else super().result_processor(dialect, coltype)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """`value` with its zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _as_text(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat(" ", "microseconds")[:_TEXT_LENGTH]


def _of_text(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)


class Model(DeclarativeBase):
    """What the tables share: names for their constraints, so that a migration can find them again."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def words(kind: type[PythonEnum], length: int = 16) -> Enum:
    """A column of one of the words of `kind`, kept as text; a check constraint of the table names them."""
    return Enum(kind, native_enum=False, length=length, values_callable=lambda each: [one.value for one in each])
