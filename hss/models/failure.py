"""Authentications that failed, and why: kept for a while, so that an operator can ask afterwards."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from hss.failure_api import Certainty, Hypothesis
from hss.models.model import APN_LENGTH, Model, Utc, words

REFERENCE_LENGTH = 16
"""What the log calls a failure."""
CLIENT_LENGTH = 255
"""What an operator calls a RADIUS client or Diameter peer."""
SESSION_LENGTH = 255
"""Session-Id of RFC 6733 §8.8, or Acct-Session-Id of RFC 2866 §5.5; what is longer is cut."""
CAUSE_LENGTH = 500
"""One line."""
HYPOTHESIS_LENGTH = 48


class FailedAuthentication(Model):
    """One authentication that failed; no key, no RES and no identity but the IMSI is in it."""

    __tablename__ = "failed_authentication"
    __table_args__ = (
        CheckConstraint("certainty IN ('proven', 'indicated')", name="certainty"),
        CheckConstraint("(certainty IS NULL) = (hypothesis IS NULL)", name="verdict"),
        Index("ix_failed_authentication_reference", "reference"),
        Index("ix_failed_authentication_session", "session"),
        Index("ix_failed_authentication_imsi", "imsi", "id"),
        Index("ix_failed_authentication_client", "client", "id"),
        Index("ix_failed_authentication_at", "at"),
    )

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    """In the order of writing; old ones give way by it."""
    reference: Mapped[str] = mapped_column(String(REFERENCE_LENGTH))
    """What the log calls it."""
    at: Mapped[datetime] = mapped_column(Utc)
    """When it failed, in UTC."""
    imsi: Mapped[str | None] = mapped_column(String(15))
    """Whose it was, where that is known; the subscriber itself may be gone."""
    session: Mapped[str] = mapped_column(String(SESSION_LENGTH))
    """What the client calls the session, "" where it does not say."""
    client: Mapped[str] = mapped_column(String(CLIENT_LENGTH))
    """The front and the name of who asked."""
    method: Mapped[str] = mapped_column(String(16))
    """The EAP method, "" before there was one."""
    apn: Mapped[str | None] = mapped_column(String(APN_LENGTH))
    """The APN that was asked for."""
    access: Mapped[str] = mapped_column(String(CLIENT_LENGTH))
    """The kind of access network, and its name where EAP-AKA' uses one."""
    ms: Mapped[int] = mapped_column(BigInteger)
    """Milliseconds since its first round."""
    cause: Mapped[str] = mapped_column(String(CAUSE_LENGTH))
    """What the server saw."""
    detail: Mapped[str] = mapped_column(String(CAUSE_LENGTH))
    """What of it was particular."""
    hypothesis: Mapped[Hypothesis | None] = mapped_column(words(Hypothesis, HYPOTHESIS_LENGTH))
    """What was found to be wrong."""
    certainty: Mapped[Certainty | None] = mapped_column(words(Certainty))
    """How that was found."""
    why: Mapped[str] = mapped_column(String(CAUSE_LENGTH))
    """What an operator is told of it, "" where the cause says all."""
    dialogue: Mapped[str] = mapped_column(Text)
    """The EAP packets as JSON: direction, message, octets, and of each attribute name and octets."""
