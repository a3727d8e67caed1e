"""INDs that were given back, and how often that was: what is left of a node that is gone (TS 33.102 Annex C.1.2)."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Integer, func
from sqlalchemy.orm import Mapped, mapped_column

from hss.models.model import Model, Utc


class FreedInd(Model):
    """An IND that nobody has any more; whoever gets it begins above all that was used with it."""

    __tablename__ = "freed_ind"
    __table_args__ = (
        CheckConstraint("ind_bits BETWEEN 1 AND 16", name="ind_bits"),
        CheckConstraint("ind BETWEEN 0 AND 65535", name="ind"),
        CheckConstraint("horizon >= 0", name="horizon"),
    )

    ind_bits: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """For which length of IND this value is: TS 33.102 Annex C.1.1.1."""
    ind: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """IND."""
    horizon: Mapped[int] = mapped_column(BigInteger)
    """As in requesting_node: the last moment that whoever had it may have used."""
    epoch: Mapped[int]
    """As in requesting_node, and one higher: who has it next has it in another epoch than anybody before."""
    freed: Mapped[datetime] = mapped_column(Utc, server_default=func.current_timestamp())
    """When, in UTC."""


class IndGeneration(Model):
    """One row, another number each time that an IND is given back: who knows INDs from before looks again."""

    __tablename__ = "ind_generation"
    __table_args__ = (CheckConstraint("id = 1", name="id"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    """Always 1."""
    generation: Mapped[int] = mapped_column(BigInteger)
    """Which generation; a restored store has one that nobody has seen."""
