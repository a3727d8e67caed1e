"""What the processes of an AAA server share: sessions, errands, departures, rounds gone on from, epochs."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, String, Text, false, func
from sqlalchemy.orm import Mapped, mapped_column

from hss.models.model import DIAMETER_IDENTITY_LENGTH, Model, Utc
from hss.models.session import BIG, CLIENT_LENGTH


class DiameterSession(Model):
    """A session that a Diameter gateway holds; it goes with the STR (RFC 6733 §8.4)."""

    __tablename__ = "diameter_session"
    __table_args__ = (
        Index("ix_diameter_session_imsi", "imsi"),
        Index("ix_diameter_session_updated", "updated"),
        Index("ix_diameter_session_until", "until"),
    )

    session_key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    """SHA-256 of the Session-Id, which may be of any length (RFC 6733 §8.8)."""
    session_id: Mapped[str] = mapped_column(Text)
    """Session-Id."""
    peer: Mapped[str] = mapped_column(String(CLIENT_LENGTH))
    """The name of the Diameter peer that it came by."""
    origin_host: Mapped[str] = mapped_column(String(DIAMETER_IDENTITY_LENGTH))
    """The gateway's Origin-Host, which may be behind an agent: RFC 6733 §6.3."""
    imsi: Mapped[str] = mapped_column(String(15))
    """Whose it is; the subscriber itself may be gone."""
    ending: Mapped[bool]
    """Whether the HSS has ended it and its gateway was told to."""
    document: Mapped[str] = mapped_column(Text)
    """What the AAA server judges it by, in JSON: application, APN, access, profile."""
    started: Mapped[datetime] = mapped_column(Utc, server_default=func.current_timestamp())
    """When it was let in, in UTC."""
    updated: Mapped[datetime] = mapped_column(Utc)
    """When it was last authenticated or authorised, in UTC."""
    until: Mapped[datetime | None] = mapped_column(Utc)
    """When its Session-Timeout is over, in UTC: RFC 6733 §8.13."""


class Errand(Model):
    """What one process of the AAA server asks of the one that has a peer's connection."""

    __tablename__ = "errand"
    __table_args__ = (Index("ix_errand_via", "via", "not_before"),)

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    """In the order of asking."""
    via: Mapped[str] = mapped_column(String(CLIENT_LENGTH + 16))
    """Whose connection is needed: a protocol, a slash, and a name of the configuration."""
    request: Mapped[str] = mapped_column(Text)
    """What is to be done, in JSON."""
    created: Mapped[datetime] = mapped_column(Utc)
    """When it was asked, in UTC; nobody waits for an old one."""
    not_before: Mapped[datetime] = mapped_column(Utc)
    """Until when the process that has taken it is left alone with it, in UTC."""
    result: Mapped[str | None] = mapped_column(Text)
    """How it went, in JSON."""


class Departure(Model):
    """A user one of whose sessions is over: the HSS is to be told, unless he has another (TS 29.273 §8.1.2.2)."""

    __tablename__ = "departure"
    __table_args__ = (Index("ix_departure_not_before", "not_before"),)

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    """In the order of leaving; never a row for two, so that nobody waits for another's transaction."""
    imsi: Mapped[str] = mapped_column(String(15))
    """Who left; the subscriber itself may be gone."""
    told: Mapped[bool] = mapped_column(default=False)
    """Whether the HSS has been told, and only somebody who came at the same moment is still looked for."""
    telling: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether a process is about to tell the HSS; whoever finds it so later does not know what the HSS has heard."""
    seen_gone: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether nobody had come, when he was looked for the first time after that."""
    not_before: Mapped[datetime] = mapped_column(Utc)
    """When the next process may look at it, in UTC."""


class ContinuedRound(Model):
    """A round of EAP that another process went on from than the one that gave out its State: its UE is not silent."""

    __tablename__ = "continued_round"
    __table_args__ = (Index("ix_continued_round_at", "at"),)

    round_key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    """SHA-256 of the State: RFC 2865 §5.24, RFC 4072 §4.1."""
    at: Mapped[datetime] = mapped_column(Utc)
    """When it was gone on from, in UTC; nobody asks for an old one."""


class IdentityEpoch(Model):
    """An epoch of the key that seals identities and conversations, for every node of a realm."""

    __tablename__ = "identity_epoch"
    __table_args__ = (
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("(sealed IS NULL) = (retired IS NOT NULL)", name="sealed"),
    )

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """What a sealed identity names it by, modulo 256."""
    not_before: Mapped[int] = mapped_column(BigInteger)
    """The second of Unix time from which it seals."""
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The key of 32 octets under the transport key; none when it is retired."""
    transport: Mapped[str] = mapped_column(String(64))
    """Which transport key sealed it, by a fingerprint that is no secret."""
    retired: Mapped[datetime | None] = mapped_column(Utc)
    """When its key was deleted, in UTC."""


class RevokedIdentity(Model):
    """A subscriber whose identities of an earlier time are void."""

    __tablename__ = "revoked_identity"

    imsi: Mapped[str] = mapped_column(String(15), primary_key=True)
    """Whose they are."""
    not_after: Mapped[int] = mapped_column(BigInteger)
    """The second of Unix time up to which they are void."""
