"""What the AAA server keeps: grants, accounting records, sessions, and how clients protect what they send."""

from datetime import datetime
from enum import Enum as PythonEnum

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from hss.models.model import APN_LENGTH, Model, Utc, words

CLIENT_LENGTH = 255
"""What an operator calls a RADIUS client."""
TEXT_LENGTH = 253
"""A RADIUS attribute carries at most so many octets (RFC 2865 §5)."""
ADDRESS_LENGTH = 64
"""An IPv6 address as text, with its zone."""

BIG = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself in a column of type INTEGER alone."""


class RecordKind(PythonEnum):
    """Acct-Status-Type: RFC 2866 §5.1."""

    START = "start"
    STOP = "stop"
    INTERIM = "interim"
    ON = "on"
    OFF = "off"


class AccessGrant(Model):
    """An authentication that was accepted, so that accounting can say whose session it is."""

    __tablename__ = "access_grant"
    __table_args__ = (Index("ix_access_grant_at", "at"), Index("ix_access_grant_imsi", "imsi", "at"))

    radius_class: Mapped[bytes] = mapped_column(LargeBinary(TEXT_LENGTH), primary_key=True)
    """Class, which the NAS repeats in accounting: RFC 2865 §5.25."""
    imsi: Mapped[str] = mapped_column(String(15))
    """Who it was; the subscriber itself may be gone."""
    user_name: Mapped[str] = mapped_column(String(TEXT_LENGTH))
    """User-Name of the Access-Accept: RFC 3579 §3."""
    method: Mapped[str] = mapped_column(String(16))
    """The EAP method."""
    client: Mapped[str] = mapped_column(String(CLIENT_LENGTH))
    """The RADIUS client that asked."""
    nas: Mapped[str] = mapped_column(String(TEXT_LENGTH))
    """NAS-Identifier or the address of the NAS: RFC 2865 §5.32."""
    apn: Mapped[str | None] = mapped_column(String(APN_LENGTH))
    """The APN that was granted."""
    calling_station: Mapped[str | None] = mapped_column(String(TEXT_LENGTH))
    """Calling-Station-Id: RFC 2865 §5.31."""
    session_timeout: Mapped[int | None]
    """Session-Timeout of the Access-Accept, in seconds: RFC 2865 §5.27."""
    at: Mapped[datetime] = mapped_column(Utc)
    """When, in UTC."""


class AccountingEntry(Model):
    """One Accounting-Request; a retransmission of it makes no second row."""

    __tablename__ = "accounting_record"
    __table_args__ = (
        CheckConstraint("kind IN ('start', 'stop', 'interim', 'on', 'off')", name="kind"),
        CheckConstraint("(kind IN ('on', 'off')) = (session_key IS NULL)", name="session_key"),
        Index("ix_accounting_record_received", "received"),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    """In the order of arrival."""
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    """SHA-256 of client and attributes without those that a retransmission changes; another where they came again."""
    kind: Mapped[RecordKind] = mapped_column(words(RecordKind))
    """Acct-Status-Type: RFC 2866 §5.1."""
    session_key: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    """Client, NAS and Acct-Session-Id as one value; none for Accounting-On and -Off."""
    session_id: Mapped[str] = mapped_column(String(TEXT_LENGTH))
    """Acct-Session-Id: RFC 2866 §5.5."""
    client: Mapped[str] = mapped_column(String(CLIENT_LENGTH))
    """The RADIUS client that sent it."""
    nas: Mapped[str] = mapped_column(String(TEXT_LENGTH))
    """NAS-Identifier or the address of the NAS: RFC 2865 §5.32."""
    at: Mapped[datetime] = mapped_column(Utc)
    """When it happened, in UTC: arrival less Acct-Delay-Time (RFC 2866 §5.2)."""
    received: Mapped[datetime] = mapped_column(Utc)
    """When it arrived, in UTC."""
    user_name: Mapped[str | None] = mapped_column(String(TEXT_LENGTH))
    """User-Name: RFC 2865 §5.1."""
    radius_class: Mapped[bytes | None] = mapped_column(LargeBinary(TEXT_LENGTH))
    """Class: RFC 2865 §5.25."""
    seconds: Mapped[int | None] = mapped_column(BigInteger)
    """Acct-Session-Time: RFC 2866 §5.7."""
    octets_in: Mapped[int | None] = mapped_column(BigInteger)
    """Acct-Input-Octets and -Gigawords: RFC 2866 §5.3, RFC 2869 §5.1."""
    octets_out: Mapped[int | None] = mapped_column(BigInteger)
    """Acct-Output-Octets and -Gigawords: RFC 2866 §5.4, RFC 2869 §5.2."""
    packets_in: Mapped[int | None] = mapped_column(BigInteger)
    """Acct-Input-Packets: RFC 2866 §5.8."""
    packets_out: Mapped[int | None] = mapped_column(BigInteger)
    """Acct-Output-Packets: RFC 2866 §5.9."""
    end_cause: Mapped[str | None] = mapped_column(String(32))
    """Acct-Terminate-Cause in words: RFC 2866 §5.10."""


class AccessSession(Model):
    """A session that a NAS accounts for; `ended` is empty while it goes on."""

    __tablename__ = "access_session"
    __table_args__ = (Index("ix_access_session_imsi", "imsi"), Index("ix_access_session_ended", "ended", "id"))

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    """How an operator names it."""
    session_key: Mapped[bytes | None] = mapped_column(LargeBinary(16), unique=True)
    """As in accounting_record; none once the NAS has begun another session under the same Acct-Session-Id."""
    client: Mapped[str] = mapped_column(String(CLIENT_LENGTH))
    """The RADIUS client that accounts for it."""
    nas: Mapped[str] = mapped_column(String(TEXT_LENGTH))
    """NAS-Identifier or the address of the NAS: RFC 2865 §5.32."""
    source: Mapped[str] = mapped_column(String(ADDRESS_LENGTH))
    """The address that accounting came from last."""
    session_id: Mapped[str] = mapped_column(String(TEXT_LENGTH))
    """Acct-Session-Id: RFC 2866 §5.5."""
    user_name: Mapped[str | None] = mapped_column(String(TEXT_LENGTH))
    """User-Name as accounting says it: RFC 2865 §5.1."""
    imsi: Mapped[str | None] = mapped_column(String(15))
    """Whose it is, by the Class of the accepted authentication; the subscriber itself may be gone."""
    radius_class: Mapped[bytes | None] = mapped_column(LargeBinary(TEXT_LENGTH))
    """Class: RFC 2865 §5.25."""
    calling_station: Mapped[str | None] = mapped_column(String(TEXT_LENGTH))
    """Calling-Station-Id: RFC 2865 §5.31."""
    framed_address: Mapped[str | None] = mapped_column(String(ADDRESS_LENGTH))
    """Framed-IPv6-Address, or Framed-IP-Address: RFC 6911 §3.1, RFC 2865 §5.8."""
    started: Mapped[datetime | None] = mapped_column(Utc)
    """When it began, in UTC."""
    updated: Mapped[datetime] = mapped_column(Utc)
    """When the NAS last spoke of it, in UTC."""
    ended: Mapped[datetime | None] = mapped_column(Utc)
    """When it ended, in UTC."""
    end_cause: Mapped[str | None] = mapped_column(String(32))
    """Acct-Terminate-Cause in words (RFC 2866 §5.10), or nas-restarted, or replaced."""
    seconds: Mapped[int] = mapped_column(BigInteger, default=0)
    """The largest Acct-Session-Time so far."""
    octets_in: Mapped[int] = mapped_column(BigInteger, default=0)
    """Octets from the user, the most that the NAS has told."""
    octets_out: Mapped[int] = mapped_column(BigInteger, default=0)
    """Octets to the user."""
    packets_in: Mapped[int] = mapped_column(BigInteger, default=0)
    """Packets from the user."""
    packets_out: Mapped[int] = mapped_column(BigInteger, default=0)
    """Packets to the user."""


class NasRestart(Model):
    """An Accounting-On or -Off: what was heard of the NAS until then is over, whatever its rows say (RFC 2866 §5.1).

    It goes once the rows of all those sessions say so themselves.
    """

    __tablename__ = "nas_restart"

    client: Mapped[str] = mapped_column(String(CLIENT_LENGTH), primary_key=True)
    """The RADIUS client that sent it."""
    nas: Mapped[str] = mapped_column(String(TEXT_LENGTH), primary_key=True)
    """NAS-Identifier or the address of the NAS: RFC 2865 §5.32."""
    at: Mapped[datetime] = mapped_column(Utc, primary_key=True)
    """When it happened, in UTC: sessions that were last heard of later go on."""
    not_before: Mapped[datetime] = mapped_column(Utc)
    """Until when the process that has taken it is left alone with it, in UTC."""


class ClientReport(Model):
    """How a RADIUS client protects its Access-Requests (CVE-2024-3596)."""

    __tablename__ = "radius_client_report"

    client: Mapped[str] = mapped_column(String(CLIENT_LENGTH), primary_key=True)
    """Its name in the configuration."""
    protected: Mapped[int] = mapped_column(BigInteger)
    """How many came with a Message-Authenticator."""
    unprotected: Mapped[int] = mapped_column(BigInteger)
    """How many came without."""
    last_protected: Mapped[datetime | None] = mapped_column(Utc)
    """When the last one with it came, in UTC."""
    last_unprotected: Mapped[datetime | None] = mapped_column(Utc)
    """When the last one without it came, in UTC."""
