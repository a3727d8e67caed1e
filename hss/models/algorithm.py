"""The operator's algorithm profiles: which functions, how SQN is counted, where K is kept (TS 33.102 Annex C)."""

from enum import Enum as PythonEnum

from sqlalchemy import BigInteger, CheckConstraint, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from hss.models.model import NAME_LENGTH, Model, words


class Algorithm(PythonEnum):
    """The functions f1 to f5*."""

    MILENAGE = "milenage"
    """TS 35.206."""
    TUAK = "tuak"
    """TS 35.231."""
    TEST = "test"
    """TS 34.108 §8.1.2: for laboratories alone."""


class Scheme(PythonEnum):
    """How SEQ is counted."""

    COUNTER = "counter"
    """One number for each subscriber, kept in SQL: TS 33.102 Annex C.3.2."""
    TIME = "time"
    """The clock and an offset for each subscriber: TS 33.102 Annex C.3.3."""


class Custody(PythonEnum):
    """Where K is when a vector is computed."""

    SEALED = "sealed"
    """Sealed in SQL, opened in this process."""
    TOKEN = "token"  # noqa: S105 - a place, not a secret
    """Wrapped by a PKCS#11 token, opened inside it alone."""


class AlgorithmProfile(Model):
    """What an operator's cards of one kind have in common; a profile that subscribers use does not change."""

    __tablename__ = "algorithm_profile"
    __table_args__ = (
        CheckConstraint("algorithm IN ('milenage', 'tuak', 'test')", name="algorithm"),
        CheckConstraint("scheme IN ('counter', 'time')", name="scheme"),
        CheckConstraint("custody IN ('sealed', 'token')", name="custody"),
        CheckConstraint("ind_bits BETWEEN 1 AND 16", name="ind_bits"),
        CheckConstraint("delta > 0", name="delta"),
        CheckConstraint("reserve BETWEEN 1 AND 65536", name="reserve"),
        CheckConstraint("clock_unit_ms BETWEEN 1 AND 60000", name="clock_unit_ms"),
    )

    name: Mapped[str] = mapped_column(String(NAME_LENGTH), primary_key=True)
    """What the operator calls it."""
    algorithm: Mapped[Algorithm] = mapped_column(words(Algorithm))
    """Which functions."""
    parameters: Mapped[str | None] = mapped_column(Text)
    """Their constants where not the usual ones, as JSON: c and r of Milenage, lengths and iterations of TUAK."""
    ind_bits: Mapped[int] = mapped_column(default=5)
    """The length of IND: TS 33.102 Annex C.1.1.1."""
    delta: Mapped[int] = mapped_column(BigInteger, default=1 << 28)
    """How far ahead of what it has seen the USIM accepts SEQ: TS 33.102 Annex C.2.1."""
    scheme: Mapped[Scheme] = mapped_column(words(Scheme), default=Scheme.COUNTER)
    """How SEQ is counted."""
    reserve: Mapped[int] = mapped_column(default=1)
    """With a counter: how many SEQ of a subscriber an HSS process takes at a time."""
    clock_unit_ms: Mapped[int] = mapped_column(default=100)
    """With a clock: milliseconds of one SEQ (TS 33.102 Annex C.3.3: 0.1 s)."""
    custody: Mapped[Custody] = mapped_column(words(Custody), default=Custody.SEALED)
    """Where K is kept."""
