"""What the API answers: no key, and nothing that an ETag would not notice to have changed."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from hss.provisioning.description import Account, described


class Answer(BaseModel):
    """An object of an answer, of which every name is always there."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class ApnAnswer(Answer):
    """An APN of a subscriber."""

    name: str
    context_id: int
    default: bool
    pdn_type: str
    home_address: str | None
    home_address_v4: str | None
    ambr_up: int | None
    ambr_down: int | None


class SubscriberAnswer(Answer):
    """A subscriber without keys; `k_check` and `opc_check` are key check values of 3 octets."""

    imsi: str
    state: str
    msisdn: str | None
    profile: str
    k_check: str | None
    opc_check: str | None
    amf: str
    apns: list[ApnAnswer]
    batch: int | None
    revision: int
    created: datetime
    updated: datetime

    @classmethod
    def of(cls, account: Account) -> "SubscriberAnswer":
        """`account` in words."""
        return cls.model_validate(described(account))


class StatusAnswer(Answer):
    """What changes as the subscriber is served: SEQ_HE, and the AAA server that serves it."""

    imsi: str
    seq: int
    serving_aaa: str | None


class LineAnswer(Answer):
    """A subscriber in a list."""

    imsi: str
    state: str
    msisdn: str | None
    profile: str


class PageAnswer(Answer):
    """A page of subscribers in the order of IMSIs; `next` is what `after` must be for the next page."""

    subscribers: list[LineAnswer]
    next: str | None


class CountAnswer(Answer):
    """How many subscribers there are of that kind."""

    subscribers: int


class BatchAnswer(Answer):
    """What a batch has done: the IMSIs it added, and those that were there already."""

    added: list[str]
    kept: list[str]


class VerdictAnswer(Answer):
    """Whether keys are the stored ones, in words that show neither."""

    matches: bool
    k: str
    opc: str
    amf: str


class VectorAnswer(Answer):
    """A vector in hexadecimal digits; `kasme` for E-UTRAN alone, `ck` and `ik` for everything else."""

    rand: str
    autn: str
    xres: str
    ck: str | None = Field(default=None)
    ik: str | None = Field(default=None)
    kasme: str | None = Field(default=None)


class VectorsAnswer(Answer):
    """Vectors, lowest SQN first; each is for one authentication."""

    vectors: list[VectorAnswer]


class ProfileAnswer(Answer):
    """An algorithm profile, and how many subscribers have it."""

    name: str
    algorithm: str
    parameters: str | None
    ind_bits: int
    delta: int
    scheme: str
    reserve: int
    clock_unit_ms: int
    custody: str
    subscribers: int


class ProfilesAnswer(Answer):
    """Every algorithm profile, by name."""

    profiles: list[ProfileAnswer]


class EntryAnswer(Answer):
    """An entry of the audit trail."""

    number: int
    at: datetime
    actor: str
    origin: str
    action: str
    subject: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class EntriesAnswer(Answer):
    """Entries of the audit trail; `next` is what `after` must be for the next page."""

    entries: list[EntryAnswer]
    next: int | None


class WholeAnswer(Answer):
    """Whether the audit trail is whole, and what is wrong otherwise."""

    whole: bool
    faults: list[str]


class TokenAnswer(Answer):
    """A token without what opens."""

    name: str
    roles: list[str]
    created: datetime
    expires: datetime | None
    revoked: datetime | None


class TokensAnswer(Answer):
    """Every token there is or was."""

    tokens: list[TokenAnswer]


class ImportAnswer(Answer):
    """An import: `state` is running, done or rolled-back; `active` when this process works on it."""

    number: int
    file: str
    mapping: str
    state: str
    active: bool
    position: int
    size: int | None
    added: int
    refused: int
    failure: str | None
    started: datetime
    finished: datetime | None


class ImportsAnswer(Answer):
    """Imports, the newest first."""

    imports: list[ImportAnswer]


class ForecastAnswer(Answer):
    """What an import would do; `refused` counts rows by cause."""

    added: int
    refused: dict[str, int]
    examples: list["RefusedAnswer"]


class RefusedAnswer(Answer):
    """A row that became no subscriber."""

    line: int
    imsi: str | None
    cause: str
    what: str


class QuarantineAnswer(Answer):
    """Rows that became no subscribers; `next` is what `after` must be for the next page."""

    rows: list[RefusedAnswer]
    next: int | None
