"""What the HSS's tables share: names for constraints, moments in UTC, and lengths that specifications give."""

from datetime import UTC, datetime
from enum import Enum as PythonEnum

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


class Utc(TypeDecorator[datetime]):
    """A moment that is in UTC whichever engine kept it: SQLite forgets the zone, PostgreSQL does not."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """`value` with its zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


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
