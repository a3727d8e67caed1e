"""What an AAA server has kept of sessions: who was let in, what gateways account for, and who is on the network now.

The ledger is written before its client is answered (RFC 2866 §2); `aaa` knows this door and no table behind it.
"""

from datetime import datetime
from enum import Enum
from typing import Protocol

from wire.frozen import dataclass
from wire.identity import Imsi

COUNTER_MAX = (1 << 63) - 1
"""The largest counter that is kept: octets with gigawords could say one bit more (RFC 2869 §5.1)."""

LONGEST_SESSION = (1 << 31) - 1
"""The largest Session-Timeout that is kept, in seconds: whoever may stay for longer, 68 years, has none."""

NAS_RESTARTED, REPLACED, UNKNOWN_TO_NAS, SILENT = "nas-restarted", "replaced", "unknown-to-nas", "silent"
"""Why a session ended without a Stop of its own: Accounting-On or -Off, another session under the same
Acct-Session-Id, a Disconnect-NAK with Error-Cause 503, nothing heard for too long. A late Stop says it better."""


class AccountingStatus(Enum):
    """Acct-Status-Type (RFC 2866 §5.1), in the words of the tables."""

    START = "start"
    STOP = "stop"
    INTERIM = "interim"
    ON = "on"
    OFF = "off"


class LedgerUnavailable(Exception):
    """Nothing was kept, and so nothing may be answered; the message is one line."""


@dataclass(frozen=True, slots=True)
class Grant:
    """An authentication that was accepted. `radius_class` (1 to 253 octets) is what accounting will name it by."""

    radius_class: bytes
    imsi: Imsi
    user_name: str
    method: str
    client: str
    nas: str
    at: datetime
    apn: str | None = None
    calling_station: str | None = None
    session_timeout: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What a session has used so far; None where the client did not say."""

    seconds: int | None = None
    octets_in: int | None = None
    octets_out: int | None = None
    packets_in: int | None = None
    packets_out: int | None = None


@dataclass(frozen=True, slots=True)
class AccountingRecord:
    """One Accounting-Request.

    `fingerprint` (32 octets) is the same in every retransmission of it. `session_key` (16 octets) names the session
    among all of all NASes, None where the whole NAS is meant. `at` is when it happened, `received` when we heard.
    `imsi` is whose session it is by what the record itself says; what Class says counts before that.
    """

    fingerprint: bytes
    status: AccountingStatus
    session_key: bytes | None
    session_id: str
    client: str
    nas: str
    source: str
    at: datetime
    received: datetime
    user_name: str | None = None
    radius_class: bytes | None = None
    calling_station: str | None = None
    framed_address: str | None = None
    usage: Usage = Usage()
    end_cause: str | None = None
    imsi: Imsi | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A session as the ledger has it; `number` is how an operator names it. `ended` is None while it goes on.

    `apn` and `session_timeout` (seconds) are those of the Access-Accept that it began with.
    """

    number: int
    client: str
    nas: str
    source: str
    session_id: str
    user_name: str | None
    imsi: Imsi | None
    radius_class: bytes | None
    calling_station: str | None
    framed_address: str | None
    started: datetime | None
    updated: datetime
    ended: datetime | None
    end_cause: str | None
    usage: Usage
    apn: str | None = None
    session_timeout: int | None = None

    @property
    def why_ended(self) -> str:
        """For a person: a Stop need not carry Acct-Terminate-Cause (RFC 2866 §5.13)."""
        return self.end_cause or "no cause given"


@dataclass(frozen=True, slots=True)
class SessionQuery:
    """Which sessions: all that are open unless told otherwise, the newest first, at most `limit`."""

    imsi: str | None = None
    client: str | None = None
    radius_class: bytes | None = None
    ended: bool = False
    limit: int = 100


@dataclass(frozen=True, slots=True)
class ClientSeen:
    """How a RADIUS client protects its Access-Requests: how many came with and without Message-Authenticator."""

    client: str
    protected: int
    unprotected: int
    last_protected: datetime | None
    last_unprotected: datetime | None


class SessionLedger(Protocol):
    """Every method returns when its transaction is on disk, and raises LedgerUnavailable when it is not."""

    async def grant(self, grant: Grant) -> None:
        """Keep whom an authentication let in, before the client hears of it."""

    async def record(self, record: AccountingRecord) -> bool:
        """Keep what a client accounts for; False when it had been kept before."""

    async def sessions(self, query: SessionQuery) -> tuple[Session, ...]:
        """The sessions that `query` asks for."""

    async def session(self, number: int) -> Session | None:
        """One session by its number."""

    async def limit(self, radius_class: bytes, session_timeout: int | None) -> None:
        """Let the Session-Timeout of a grant be another, which its NAS has been told."""

    async def end(self, number: int, cause: str, at: datetime) -> None:
        """Let an open session count as ended, because its NAS knows it no more."""

    async def prune(self, before: datetime) -> int:
        """Delete grants, records and ended sessions that are older; how many rows that were."""

    async def seen(self, counted: tuple[ClientSeen, ...]) -> None:
        """Add what clients have sent since the last time."""

    async def clients(self) -> tuple[ClientSeen, ...]:
        """What every client has ever sent, by name."""
