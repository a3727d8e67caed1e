"""Who changed what: the audit trail, imports, and the tokens of the REST API."""

from datetime import datetime
from enum import Enum as PythonEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from hss.models.model import ACTOR_LENGTH, NAME_LENGTH, Model, Utc, words


class AuditEntry(Model):
    """One change. `mac` covers every other column and the entry before, so that nothing can be altered or taken out."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_subject", "subject"),)

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """1, 2, 3 without a gap."""
    at: Mapped[datetime] = mapped_column(Utc)
    """When, in UTC."""
    actor: Mapped[str] = mapped_column(String(ACTOR_LENGTH))
    """Who: an operating system's user, or a token of the API by name."""
    origin: Mapped[str] = mapped_column(String(ACTOR_LENGTH))
    """From where: cli on a host, or api and the address."""
    action: Mapped[str] = mapped_column(String(64))
    """What was done, such as subscriber.add."""
    subject: Mapped[str | None] = mapped_column(String(64))
    """To whom: an IMSI, or the name of a profile, token or key."""
    before: Mapped[str | None] = mapped_column(Text)
    """What was there, as JSON, without any key."""
    after: Mapped[str | None] = mapped_column(Text)
    """What is there now, as JSON, without any key."""
    key_id: Mapped[int] = mapped_column(ForeignKey("data_key.id"))
    """The audit key of `mac`."""
    mac: Mapped[bytes] = mapped_column(LargeBinary(32))
    """HMAC-SHA-256 over the entry before and this one."""


class AuditHead(Model):
    """How long the audit trail is: one row, whose lock also puts the entries of many processes in order."""

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", name="id"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    """Always 1."""
    number: Mapped[int] = mapped_column(BigInteger)
    """The last entry's number."""
    mac: Mapped[bytes] = mapped_column(LargeBinary(32))
    """The last entry's mac."""
    key_id: Mapped[int | None] = mapped_column(ForeignKey("data_key.id"))
    """The audit key of `seal`."""
    seal: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    """HMAC-SHA-256 over `number` and `mac`, so that the trail cannot be cut short unseen."""


class BatchState(PythonEnum):
    """How far an import is."""

    RUNNING = "running"
    DONE = "done"
    ROLLED_BACK = "rolled-back"


class ImportBatch(Model):
    """One import, and where it goes on after an interruption."""

    __tablename__ = "import_batch"
    __table_args__ = (CheckConstraint("state IN ('running', 'done', 'rolled-back')", name="state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    """What an operator names to undo it."""
    file_name: Mapped[str] = mapped_column(String(255))
    """The file's name without its folder."""
    file_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    """SHA-256 of the file: an interrupted import goes on with this file alone."""
    mapping: Mapped[str] = mapped_column(String(255))
    """The mapping's name, and what identifies its text."""
    state: Mapped[BatchState] = mapped_column(words(BatchState))
    """How far it is."""
    position: Mapped[int] = mapped_column(BigInteger, default=0)
    """Octets of the file that are done, committed with their rows."""
    line: Mapped[int] = mapped_column(default=0)
    """Lines of the file that are done."""
    added: Mapped[int] = mapped_column(default=0)
    """Subscribers that it brought."""
    refused: Mapped[int] = mapped_column(default=0)
    """Rows that went to quarantine."""
    actor: Mapped[str] = mapped_column(String(ACTOR_LENGTH))
    """Who began it."""
    started: Mapped[datetime] = mapped_column(Utc, server_default=func.current_timestamp())
    """When it began, in UTC."""
    finished: Mapped[datetime | None] = mapped_column(Utc)
    """When it ended or was rolled back, in UTC."""


class ApiToken(Model):
    """Who may use the REST API, and for what."""

    __tablename__ = "api_token"
    __table_args__ = (CheckConstraint("length(roles) > 0", name="roles"),)

    name: Mapped[str] = mapped_column(String(NAME_LENGTH), primary_key=True)
    """Whose token it is, as the audit trail says it."""
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    """SHA-256 of the token, which has 256 random bits and is kept nowhere."""
    roles: Mapped[str] = mapped_column(String(128))
    """What it may do, separated by commas: reader, provisioner, importer, vectors, admin."""
    created: Mapped[datetime] = mapped_column(Utc, server_default=func.current_timestamp())
    """When it was made, in UTC."""
    expires: Mapped[datetime | None] = mapped_column(Utc)
    """When it ends by itself, in UTC."""
    revoked: Mapped[datetime | None] = mapped_column(Utc)
    """When it was revoked, in UTC."""
