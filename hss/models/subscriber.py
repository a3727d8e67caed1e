"""Subscriptions and their APNs; each column names the clause that defines it (TS 23.008, TS 33.102, TS 29.273)."""

from datetime import datetime
from enum import Enum as PythonEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from hss.models.model import APN_LENGTH, NAME_LENGTH, Model, Utc, words

DEFAULT_PROFILE = "milenage"
"""The algorithm profile of a subscriber for whom none is named; the migrations make it."""


class SubscriberState(PythonEnum):
    """Whether a subscriber may use non-3GPP access."""

    ENABLED = "enabled"
    BARRED = "barred"


class Subscriber(Model):
    """One subscription, with its authentication data."""

    __tablename__ = "subscriber"
    __table_args__ = (
        CheckConstraint("state IN ('enabled', 'barred')", name="state"),
        CheckConstraint("amf BETWEEN 0 AND 65535", name="amf"),
        CheckConstraint("seq BETWEEN 0 AND 281474976710655", name="seq"),
        CheckConstraint("time_offset BETWEEN -281474976710655 AND 281474976710655", name="time_offset"),
        Index("ix_subscriber_msisdn", "msisdn"),
        Index("ix_subscriber_batch_id", "batch_id", "imsi"),
    )

    imsi: Mapped[str] = mapped_column(String(15), primary_key=True)
    """TS 23.003 §2.2."""
    k: Mapped[bytes] = mapped_column(LargeBinary)
    """K, sealed (hss.keys.vault), or wrapped by a token: TS 33.102 §6.3."""
    opc: Mapped[bytes] = mapped_column(LargeBinary)
    """OPc or TOPc, sealed (hss.keys.vault): TS 35.206 §4.1, TS 35.231 §6.2. OP and TOP are kept nowhere."""
    data_key_id: Mapped[int | None] = mapped_column(ForeignKey("data_key.id"))
    """Which data key sealed this row; without one, the master key itself did."""
    k_check: Mapped[bytes | None] = mapped_column(LargeBinary(3))
    """Key check value of K: the first 3 octets of zeros enciphered under it. It is no secret."""
    opc_check: Mapped[bytes | None] = mapped_column(LargeBinary(3))
    """Key check value of OPc (TOPc), as that of K."""
    profile: Mapped[str] = mapped_column(
        String(NAME_LENGTH), ForeignKey("algorithm_profile.name"), default=DEFAULT_PROFILE
    )
    """Which algorithm, how it counts and where it keeps K: the operator's algorithm profile."""
    amf: Mapped[int]
    """AMF, 16 bits: TS 33.102 §6.3.2 and Annex H."""
    seq: Mapped[int] = mapped_column(BigInteger, default=0)
    """SEQ_HE, the last SEQ given out or reserved, 48 bits less those of IND: TS 33.102 Annex C.1.1. In a time-based
    profile the end of the window that is open."""
    time_offset: Mapped[int] = mapped_column(BigInteger, default=0)
    """SEQ less tick of the clock in a time-based profile: TS 33.102 Annex C.1.1.3 (DIF). 0: no window is open yet."""
    state: Mapped[SubscriberState] = mapped_column(words(SubscriberState), default=SubscriberState.ENABLED)
    """Non-3GPP-IP-Access: TS 29.273 §8.2.3.3."""
    msisdn: Mapped[str | None] = mapped_column(String(15))
    """TS 23.003 §3.3."""
    created: Mapped[datetime] = mapped_column(Utc, server_default=func.current_timestamp())
    """When the subscriber was added, in UTC."""
    updated: Mapped[datetime] = mapped_column(Utc, server_default=func.current_timestamp())
    """When an operator last changed it, in UTC; SEQ moving is no change."""
    revision: Mapped[int] = mapped_column(default=1)
    """How often an operator has changed it: what an ETag names."""
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("import_batch.id"))
    """The import that brought it."""


class Apn(Model):
    """One APN of a subscription (APN-Configuration of TS 29.272 §7.3.35)."""

    __tablename__ = "apn_profile"
    __table_args__ = (
        CheckConstraint("pdn_type BETWEEN 0 AND 3", name="pdn_type"),
        CheckConstraint("(ambr_up IS NULL) = (ambr_down IS NULL)", name="ambr"),
        UniqueConstraint("imsi", "name"),
        UniqueConstraint("home_address", "name"),
        UniqueConstraint("home_address_v4", "name"),
        Index(
            "ix_apn_profile_default",
            "imsi",
            unique=True,
            sqlite_where=text("is_default"),
            postgresql_where=text("is_default"),
        ),
    )

    imsi: Mapped[str] = mapped_column(ForeignKey("subscriber.imsi", ondelete="CASCADE"), primary_key=True)
    """Whose it is."""
    context_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Context-Identifier: TS 29.272 §7.3.27."""
    name: Mapped[str] = mapped_column(String(APN_LENGTH))
    """Service-Selection: the APN Network Identifier in lower case, or "*": TS 23.003 §9.1."""
    pdn_type: Mapped[int]
    """PDN-Type: TS 29.272 §7.3.62."""
    home_address: Mapped[str | None] = mapped_column(String(39))
    """Served-Party-IP-Address, IPv6, as text: TS 29.272 §7.3.35."""
    home_address_v4: Mapped[str | None] = mapped_column(String(15))
    """Served-Party-IP-Address, IPv4, as text: TS 29.272 §7.3.35."""
    ambr_up: Mapped[int | None] = mapped_column(BigInteger)
    """Max-Requested-Bandwidth-UL of AMBR, bits per second: TS 29.272 §7.3.41."""
    ambr_down: Mapped[int | None] = mapped_column(BigInteger)
    """Max-Requested-Bandwidth-DL of AMBR, bits per second: TS 29.272 §7.3.41."""
    is_default: Mapped[bool] = mapped_column(default=False)
    """Whether Non-3GPP-User-Data names its Context-Identifier as the default: TS 29.273 §8.2.3.1."""
