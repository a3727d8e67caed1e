"""Who asks the HSS, who serves a subscriber, and what they are still to be told (TS 29.273 §8.1.2)."""

from datetime import datetime
from enum import Enum as PythonEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from hss.models.model import APN_LENGTH, DIAMETER_IDENTITY_LENGTH, Model, Utc, words

NODE_LENGTH = DIAMETER_IDENTITY_LENGTH + 65
"""An Origin-Host, and perhaps "|" and the name of the HSS instance that issues for it."""


class RequestingNode(Model):
    """A node that asks for vectors and the IND that is its own, so that a USIM keeps its SEQ apart."""

    __tablename__ = "requesting_node"
    __table_args__ = (
        CheckConstraint("ind_bits BETWEEN 1 AND 16", name="ind_bits"),
        CheckConstraint("ind BETWEEN 0 AND 65535", name="ind"),
        CheckConstraint("horizon >= 0", name="horizon"),
        UniqueConstraint("ind_bits", "ind"),
    )

    name: Mapped[str] = mapped_column(String(NODE_LENGTH), primary_key=True)
    """Its Origin-Host, lower case (RFC 6733 §6.3); "|" and an HSS instance follow where that keeps SEQs of its own."""
    ind_bits: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """For which length of IND this value is: TS 33.102 Annex C.1.1.1."""
    ind: Mapped[int]
    """IND, which no other node has while this one has it: TS 33.102 Annex C.1.2."""
    horizon: Mapped[int] = mapped_column(BigInteger, default=0)
    """The last moment that this node may have used in a time-based profile: milliseconds since 2026-01-01."""
    epoch: Mapped[int] = mapped_column(default=0)
    """How often a process has taken this node over, or the IND was freed: who knows another number issues no more."""
    used: Mapped[datetime | None] = mapped_column(Utc)
    """When it last asked, in UTC, to within minutes (hss.counting.known_inds)."""


class Registration(Model):
    """Which AAA server serves a subscriber."""

    __tablename__ = "registration"

    imsi: Mapped[str] = mapped_column(ForeignKey("subscriber.imsi", ondelete="CASCADE"), primary_key=True)
    """Whose it is."""
    aaa_name: Mapped[str] = mapped_column(String(DIAMETER_IDENTITY_LENGTH))
    """3GPP-AAA-Server-Name, lower case: TS 29.273 §8.1.2.2."""
    since: Mapped[datetime] = mapped_column(Utc, server_default=func.current_timestamp())
    """When it registered, in UTC."""


class ServingGateway(Model):
    """The PDN GW that serves one APN of a registered subscriber (PGW_UPDATE of TS 29.273 §8.1.2.2)."""

    __tablename__ = "serving_gateway"

    imsi: Mapped[str] = mapped_column(ForeignKey("registration.imsi", ondelete="CASCADE"), primary_key=True)
    """Whose it is."""
    apn: Mapped[str] = mapped_column(String(APN_LENGTH), primary_key=True)
    """Service-Selection, lower case: RFC 5778 §6.2."""
    address: Mapped[str] = mapped_column(String(39))
    """MIP-Home-Agent-Address of MIP6-Agent-Info, as text: RFC 5447 §4.2.1."""


class NoticeKind(PythonEnum):
    """What the HSS tells a serving AAA server."""

    DEREGISTER = "rtr"
    """RTR: TS 29.273 §8.1.2.3.1."""
    UPDATE_PROFILE = "ppr"
    """PPR: TS 29.273 §8.1.2.3.2."""


class Notice(Model):
    """What a serving AAA server is still to be told; it stays until the AAA server has answered."""

    __tablename__ = "notice"
    __table_args__ = (
        CheckConstraint("kind IN ('rtr', 'ppr')", name="kind"),
        Index("ix_notice_not_before", "not_before"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    """In the order of the changes."""
    imsi: Mapped[str] = mapped_column(String(15))
    """Whose it is; the subscriber itself may be gone."""
    aaa_name: Mapped[str] = mapped_column(String(DIAMETER_IDENTITY_LENGTH))
    """Whom to tell: the Destination-Host."""
    kind: Mapped[NoticeKind] = mapped_column(words(NoticeKind))
    """RTR or PPR."""
    reason: Mapped[int | None]
    """Reason-Code of an RTR: TS 29.229 §6.3.17."""
    reason_info: Mapped[str | None] = mapped_column(String(255))
    """Reason-Info of an RTR: TS 29.229 §6.3.18."""
    created: Mapped[datetime] = mapped_column(Utc, server_default=func.current_timestamp())
    """When the change was made, in UTC."""
    not_before: Mapped[datetime] = mapped_column(Utc, server_default=func.current_timestamp())
    """When to try (again), in UTC; while one process tries, a moment ahead, so that no other does."""
    attempts: Mapped[int] = mapped_column(default=0)
    """How often it was tried."""
