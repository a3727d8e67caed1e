"""What the processes of an AAA server share in SQL while users are on the network, without any SQL.

Sessions of Diameter gateways, errands for whichever process has a peer's connection, users who may have left, and the
epochs of the keys that identities and conversations are sealed under.
"""

from collections.abc import Collection
from dataclasses import field
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol

from wire.frozen import dataclass
from wire.identity import Imsi
from wire.secret import Secret


@dataclass(frozen=True, slots=True)
class GatewaySession:
    """A session that a Diameter gateway holds, by its Session-Id.

    `peer` is the name of the connection that it came by, `origin_host` the gateway, which may be behind an agent.
    `document` is what the AAA server judges it by, in its own words. With `ending` the HSS has ended it. `until` is
    when its Session-Timeout is over.
    """

    session_id: str
    peer: str
    origin_host: str
    imsi: Imsi
    document: str
    ending: bool = False
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class SilentSession:
    """A session at a Diameter gateway or a NAS that was last `heard` of too long ago; `client` is who held it."""

    session_id: str
    client: str
    imsi: Imsi | None
    heard: datetime


@dataclass(frozen=True, slots=True)
class Errand:
    """What a process asks of the one that has the connection `via`; `request` is the AAA server's own words.

    `created` is when it was asked, in UTC: the number of one that is gone may be given again.
    """

    number: int
    via: str
    request: str
    created: datetime


@dataclass(frozen=True, slots=True)
class Restart:
    """An Accounting-On or -Off: the sessions at this NAS of this client that were last heard of until `at` are over."""

    client: str
    nas: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Restarts:
    """Some that a process works off; they are its own `until` then, in UTC."""

    those: tuple[Restart, ...]
    until: datetime


class Known(Enum):
    """What the HSS knows of a departure."""

    NOTHING = "nothing"
    PERHAPS = "perhaps"
    """Somebody is about to tell it something, or could not say whether he has; or it knows of an earlier one alone."""
    TOLD = "told"
    SEEN_GONE = "seen gone"
    """It was told, and nobody had come when he was looked for afterwards."""


@dataclass(frozen=True, slots=True)
class Departure:
    """A user one of whose sessions is over, or several, and what the HSS knows of it.

    It is its claimer's `until` then, in UTC; after that another process may have it.
    """

    imsi: Imsi
    numbers: tuple[int, ...]
    known: Known
    until: datetime


@dataclass(frozen=True, slots=True)
class StoredEpoch:
    """A key of 32 octets that seals identities from `not_before` on, in seconds of Unix time; none when retired."""

    number: int
    not_before: int
    key: Secret = field(default_factory=Secret)


@dataclass(frozen=True, slots=True)
class StoredEpochs:
    """All epochs, lowest number first, and for revoked subscribers the second up to which their identities are void."""

    epochs: tuple[StoredEpoch, ...] = ()
    revoked: tuple[tuple[Imsi, int], ...] = ()


class KeyEpochs(Protocol):
    """The epochs of identity keys that all nodes have; LedgerUnavailable when they cannot be read or opened."""

    async def read(self) -> StoredEpochs:
        """What they are now."""

    async def change(self, before: StoredEpochs, after: StoredEpochs) -> bool:
        """Put `after` in the place of `before`; False, and nothing is changed, when they are others by now."""


class Presence(Enum):
    """Whether a user is on the network."""

    HERE = "here"
    """A session of his goes on."""
    EXPECTED = "expected"
    """He was let in a moment ago, and the accounting of that session may still come."""
    GONE = "gone"
    """Neither."""


class ActiveSessions(Protocol):
    """Every method returns when its transaction is on disk; hss.session_api.LedgerUnavailable when it is not."""

    async def keep(self, session: GatewaySession, at: datetime) -> bool:
        """Keep it, in the place of one with the same Session-Id; False when that is another gateway's."""

    async def change(self, session: GatewaySession, at: datetime) -> bool:
        """Put it in the place of the one with the same Session-Id; False when that is over by now.

        So it is for one that is ending, unless `session` is too: what was read before cannot undo its end.
        """

    async def find(self, session_id: str) -> GatewaySession | None:
        """The session, whoever asks."""

    async def of_user(self, imsi: Imsi) -> tuple[GatewaySession, ...]:
        """Every session of one user at a Diameter gateway, the oldest first."""

    async def of_gateway(self, peer: str, origin_host: str, after: str) -> tuple[GatewaySession, ...]:
        """Some of a gateway's sessions, those behind the one called `after` in an order of their own; () at the end."""

    async def end(self, session_id: str, at: datetime) -> bool:
        """It is over, and its user may have left; False when it was over already."""

    async def end_of(self, peer: str, origin_host: str, session_id: str, at: datetime) -> GatewaySession | None:
        """The same of a session of this gateway; None when that has no such session."""


class SilentSessions(Protocol):
    """Sessions of either kind of which nothing is heard."""

    async def end(self, now: datetime, silence: timedelta | None) -> tuple[SilentSession, ...]:
        """End those whose Session-Timeout is over since a while, or that were silent for `silence`, unless it is None.

        Their users may have left. LedgerUnavailable when not all of it was done.
        """


class NasRestarts(Protocol):
    """NASes that have begun anew. Whoever asks finds their sessions over; here each is brought to say so itself.

    All of it raises LedgerUnavailable. Two processes that do the same do no harm.
    """

    async def waiting(self, now: datetime) -> bool:
        """Whether any may be worked off."""

    async def claim(self, now: datetime) -> Restarts:
        """Take some of them; no other process has them for a while."""

    async def still(self, restarts: Restarts, now: datetime) -> Restarts:
        """Have them for a while from `now` on."""

    async def over(self, restarts: Restarts) -> tuple[int, ...]:
        """Sessions, by number, that are over and do not say so yet; very many may be left, () when none is."""

    async def end(self, sessions: tuple[int, ...], now: datetime) -> None:
        """Have them say so, as far as nobody is writing them at this moment; their users may have left."""

    async def settle(self, restarts: Restarts) -> None:
        """Nothing is left to be done for them."""


class Departures(Protocol):
    """Users who may have left, each until it is known. All of it raises LedgerUnavailable.

    What is done with a departure that another process has by now is that one's: `begin_telling` says so, the others do
    nothing.
    """

    async def waiting(self, now: datetime) -> bool:
        """Whether any may be looked at."""

    async def claim(self, now: datetime) -> tuple[Departure, ...]:
        """Take those that may be looked at; no other process has them for a while."""

    async def presence(self, imsi: Imsi, now: datetime) -> Presence:
        """Whether he is on the network, over RADIUS or Diameter."""

    async def begin_telling(self, departure: Departure, now: datetime) -> Departure | None:
        """The HSS is about to be told that he has left, or that he is here.

        There is a while from `now` on for it, and how it went `postpone` says of the departure that this gives. None
        when it is another process's by now.
        """

    async def postpone(self, departure: Departure, until: datetime, known: Known) -> None:
        """Look again at `until`."""

    async def settle(self, departure: Departure) -> None:
        """It is known now; a session of his that ended meanwhile is another departure."""


class ContinuedRounds(Protocol):
    """Rounds of EAP by the SHA-256 of their State, 32 octets each. All of it raises LedgerUnavailable."""

    async def note(self, rounds: Collection[bytes], at: datetime) -> None:
        """Another process went on from `rounds` than the one that gave out their States."""

    async def among(self, rounds: Collection[bytes]) -> frozenset[bytes]:
        """Those of `rounds` that were noted within the last minutes."""


class Errands(Protocol):
    """All of it raises LedgerUnavailable."""

    async def ask(self, via: str, request: str, now: datetime) -> int:
        """Leave an errand for whoever has the connection `via`; its number."""

    async def result(self, number: int) -> str | None:
        """How it went, None while nobody has done it."""

    async def withdraw(self, number: int) -> None:
        """Nobody waits for it any more."""

    async def withdraw_untaken(self, number: int) -> bool:
        """The same unless a process has taken it; whether it is withdrawn."""

    async def waiting(self, vias: Collection[str], now: datetime) -> bool:
        """Whether there is any for one of `vias`."""

    async def claim(self, vias: Collection[str], now: datetime) -> tuple[Errand, ...]:
        """Take those for `vias`, the oldest first; no other process has them for a while."""

    async def finish(self, errand: Errand, result: str) -> None:
        """It was done, with this result; nothing where nobody waits for it any more."""
