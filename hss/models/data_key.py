"""Data keys: what seals rows is itself sealed by a master key (envelope encryption)."""

from datetime import datetime
from enum import Enum as PythonEnum

from sqlalchemy import CheckConstraint, Index, LargeBinary, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from hss.models.model import Model, Utc, words


class KeyPurpose(PythonEnum):
    """What a data key is for."""

    SUBSCRIBER = "subscriber"
    """Seals K and OPc."""
    AUDIT = "audit"
    """Chains the audit trail."""


class KeyState(PythonEnum):
    """Where a data key is in its life."""

    ACTIVE = "active"
    """Seals what is written now."""
    RETIRING = "retiring"
    """Opens what it has sealed, and seals no more."""
    RETIRED = "retired"
    """Nothing needs it any more; its octets are gone."""


class DataKey(Model):
    """A key of 32 octets, wrapped."""

    __tablename__ = "data_key"
    __table_args__ = (
        CheckConstraint("purpose IN ('subscriber', 'audit')", name="purpose"),
        CheckConstraint("state IN ('active', 'retiring', 'retired')", name="state"),
        CheckConstraint("(state = 'retired') = (wrapped IS NULL)", name="wrapped"),
        Index(
            "ix_data_key_active",
            "purpose",
            unique=True,
            sqlite_where=text("state = 'active'"),
            postgresql_where=text("state = 'active'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    """What a sealed row names."""
    purpose: Mapped[KeyPurpose] = mapped_column(words(KeyPurpose))
    """What it is for."""
    wrapped: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The key, sealed by the master key."""
    master: Mapped[str] = mapped_column(String(64))
    """Which master key sealed it, by a fingerprint that is no secret."""
    state: Mapped[KeyState] = mapped_column(words(KeyState))
    """Where it is in its life."""
    created: Mapped[datetime] = mapped_column(Utc, server_default=func.current_timestamp())
    """When it was made, in UTC."""
    retired: Mapped[datetime | None] = mapped_column(Utc)
    """When its octets were deleted, in UTC."""
