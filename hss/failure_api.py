"""What is known of an authentication that failed, and who can be asked for more: types and Protocols without SQL.

Who has the keys recomputes what the peer would have sent if an assumption held, and compares. `aaa` knows this door and
nothing behind it.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol

from wire.identity import EapMethod, Imsi
from wire.secret import Secret


class Hypothesis(Enum):
    """What may have gone wrong, in the words of records and of `--json`."""

    OP_FOR_OPC = "OP and OPc confused"
    KEYS_DIFFER = "the card has other keys"
    ALGORITHM = "another algorithm"
    AMF_SEPARATION_BIT = "AMF separation bit"
    AUTS_FORM = "AUTS computed otherwise"
    SQN = "SQN out of step"
    DERIVATION = "CK' and IK' derived otherwise"
    NETWORK_NAME = "another network name"
    BIDDING = "EAP-AKA taken for bidding down"
    IDENTITY = "another identity"
    RES = "RES cut or filled up"
    MAC_FORM = "AT_MAC computed otherwise"
    ALTERED = "altered on the way"
    UE_CANNOT = "the UE cannot process the challenge"
    MSK = "another MSK"
    SHARED_SECRET = "another shared secret"  # noqa: S105 - a word of records


class Certainty(Enum):
    """How a verdict was reached."""

    PROVEN = "proven"
    """What the peer sent was computed again and is equal, or the fault is in what we hold ourselves."""
    INDICATED = "indicated"
    """The likeliest of what fits: the peer sent nothing that could be computed again."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`cause` is one line that an operator can act on; it shows neither a key nor an IMSI."""

    hypothesis: Hypothesis
    certainty: Certainty
    cause: str

    @property
    def is_proven(self) -> bool:
        """Whether there is nothing left to ask."""
        return self.certainty is Certainty.PROVEN


@dataclass(frozen=True, slots=True)
class Evidence:
    """One challenge and what a peer answered to it.

    `rand` and `autn` have 16 octets. Of the answer there may be `res` of 4 to 16 octets with the whole `packet` that
    AT_MAC is of, or `auts` of 14, or neither (AKA-Authentication-Reject). `mac_is_wrong` when AT_MAC of `packet` is.
    `identities` are those that the UE may have derived its keys from, the agreed one first, `network_names` those of
    access networks, and `network_name` the one that the vector is for, both of EAP-AKA' alone.
    """

    imsi: Imsi
    method: EapMethod
    rand: bytes
    autn: bytes
    res: Secret | None = None
    auts: bytes | None = None
    packet: bytes = field(default=b"", repr=False)
    mac_is_wrong: bool = False
    identities: tuple[bytes, ...] = field(default=(), repr=False)
    network_name: str | None = None
    network_names: tuple[str, ...] = ()


class KeyWitness(Protocol):
    """Who has the keys and may be asked what they make of an answer."""

    async def examine(self, evidence: Evidence) -> Verdict | None:
        """The verdict; None when the keys say nothing against the answer. Raises ServiceRefused."""


@dataclass(frozen=True, slots=True)
class DialogueLine:
    """One EAP packet: when known which attributes it had and how many octets each, and never a value."""

    direction: str
    message: str
    octets: int
    attributes: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class FailureRecord:
    """An authentication that failed, as it is kept. `reference` names it in the log, `session` as its client does.

    `ms` is how long it took from its first round on.
    """

    reference: str
    at: datetime
    client: str
    cause: str
    detail: str = ""
    imsi: Imsi | None = None
    session: str = ""
    method: str = ""
    apn: str | None = None
    access: str = ""
    ms: int = 0
    verdict: Verdict | None = None
    dialogue: tuple[DialogueLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Retention:
    """How many records are kept, and for how many days."""

    records: int = 10_000
    days: int = 30


class FailureLedger(Protocol):
    """Every method raises hss.session_api.LedgerUnavailable when nothing was done."""

    async def keep(self, records: tuple[FailureRecord, ...]) -> None:
        """Keep `records`; those beyond the retention give way, the oldest first."""

    async def find(self, wanted: str, limit: int) -> tuple[FailureRecord, ...]:
        """Those whose reference, session, IMSI or client is `wanted`, the newest first."""
