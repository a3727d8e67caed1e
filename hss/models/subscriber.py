"""The HSS's tables; each column names the clause that defines it (TS 23.008, TS 33.102, TS 29.273)."""

from datetime import UTC, datetime
from enum import Enum as PythonEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Enum,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

DIAMETER_IDENTITY_LENGTH = 255
"""A DiameterIdentity is a domain name (RFC 6733 §4.3.1)."""
APN_LENGTH = 100
"""An APN has at most 100 octets (TS 23.003 §9.1)."""


class Utc(TypeDecorator[datetime]):
    """A moment that is in UTC whichever engine kept it: SQLite forgets the zone, PostgreSQL does not."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """`value` with its zone."""
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


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
        CheckConstraint("seq BETWEEN 0 AND 8796093022207", name="seq"),
    )

    imsi: Mapped[str] = mapped_column(String(15), primary_key=True)
    """TS 23.003 §2.2."""
    k: Mapped[bytes] = mapped_column(LargeBinary)
    """K, sealed (hss.vault): TS 33.102 §6.3."""
    opc: Mapped[bytes] = mapped_column(LargeBinary)
    """OPc, sealed (hss.vault): TS 35.206 §4.1. OP is kept nowhere."""
    key_version: Mapped[int]
    """Which master key sealed this row."""
    amf: Mapped[int]
    """AMF, 16 bits: TS 33.102 §6.3.2 and Annex H."""
    seq: Mapped[int] = mapped_column(BigInteger, default=0)
    """SEQ_HE, the last SEQ given out, 43 bits: TS 33.102 Annex C.1.1."""
    state: Mapped[SubscriberState] = mapped_column(
        Enum(
            SubscriberState,
            native_enum=False,
            length=16,
            values_callable=lambda states: [state.value for state in states],
        ),
        default=SubscriberState.ENABLED,
    )
    """Non-3GPP-IP-Access: TS 29.273 §8.2.3.3."""
    msisdn: Mapped[str | None] = mapped_column(String(15))
    """TS 23.003 §3.3."""
    created: Mapped[datetime] = mapped_column(Utc, server_default=func.current_timestamp())
    """When the subscriber was added, in UTC."""
    updated: Mapped[datetime] = mapped_column(Utc, server_default=func.current_timestamp())
    """When an operator last changed it, in UTC; SEQ moving is no change."""


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


class RequestingNode(Model):
    """A node that asks for vectors and the IND that is its own, so that a USIM keeps its SEQ apart."""

    __tablename__ = "requesting_node"
    __table_args__ = (CheckConstraint("ind BETWEEN 0 AND 31", name="ind"),)

    name: Mapped[str] = mapped_column(String(DIAMETER_IDENTITY_LENGTH), primary_key=True)
    """Its Origin-Host, lower case: RFC 6733 §6.3."""
    ind: Mapped[int] = mapped_column(unique=True)
    """IND, 5 bits, given once and never again: TS 33.102 Annex C.1.2."""


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
