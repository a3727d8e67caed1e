"""UEs that fall silent: challenges that nobody has answered, neither here nor at another process.

State is with the client, so the process that gave one out waits for it to come back. Whoever goes on from a State of
another process notes that in SQL, behind the answer; where States always come back to where they are from, nothing is
ever noted, and a user who is let in costs no SQL.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Protocol

from aaa.eap.states import FailureNotified, imsi_of
from aaa.explaining.dialogue import lines
from aaa.explaining.failed import Ending, FailedAttempt, Failures, method_of, method_state
from aaa.messages import AccessRequest, RejectCause
from aaa.metrics import count_rejection
from aaa.sessions import Conversation
from hss.active_api import ContinuedRounds
from runtime.logs import get_logger
from wire.frozen import dataclass

log = get_logger("aaa.service")

LOOK = 1.0
"""Seconds between two looks."""
GRACE = 5.0
"""Seconds that another process has to note that it went on."""
LIMIT = 20_000
"""Challenges that are waited for; of more, the oldest are forgotten."""
AT_ONCE = 200
"""How many one look tells of, so that the answers in between are not held up."""


class Rounds(Protocol):
    """Who hears of challenges and of answers to them; all of it takes no time."""

    def challenged(self, token: bytes, conversation: Conversation, request: AccessRequest, now: float) -> None:
        """`conversation` waits behind `token`, after `request`."""

    def answered(self, token: bytes) -> None:
        """The conversation behind `token` has gone on, or has ended; whichever process gave it out."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    since: float
    conversation: Conversation
    request: AccessRequest


class Silence:
    """`Rounds`, told to `failures`. `continued` is None where no other process has the keys of our States.

    `age` is how many seconds a conversation may take, `clock` monotonic and in seconds, `moment` now in UTC.
    """

    def __init__(
        self,
        failures: Failures,
        continued: ContinuedRounds | None,
        age: float,
        *,
        clock: Callable[[], float],
        moment: Callable[[], datetime],
    ) -> None:
        self._failures = failures
        self._continued = continued
        self._age = age
        self._clock = clock
        self._moment = moment
        self._waiting: OrderedDict[bytes, _Waiting] = OrderedDict()
        self._elsewhere: dict[bytes, None] = {}
        self._forgotten = 0

    def challenged(self, token: bytes, conversation: Conversation, request: AccessRequest, now: float) -> None:
        """As `Rounds.challenged`."""
        self._waiting.pop(token, None)
        if len(self._waiting) >= LIMIT:
            self._waiting.popitem(last=False)
            self._forgotten += 1
        self._waiting[token] = _Waiting(now, conversation, request)

    def answered(self, token: bytes) -> None:
        """As `Rounds.answered`."""
        if self._waiting.pop(token, None) is None and self._continued is not None and len(self._elsewhere) < LIMIT:
            self._elsewhere[token] = None

    async def look(self) -> None:
        """Note what was gone on with here, and tell of who is silent; LedgerUnavailable when the store is."""
        await self._note()
        overdue = self._overdue()
        gone_on: frozenset[bytes] = frozenset()
        if overdue and self._continued is not None:
            gone_on = await self._continued.among([_key(token) for token, _ in overdue])
        now = self._clock()
        for token, waiting in overdue:
            if self._waiting.pop(token, None) is not None and _key(token) not in gone_on:
                self._tell(waiting, now)
        if self._forgotten:
            cause = f"more than {LIMIT} challenges wait for an answer"
            log.warning("silent users not told of", cause=cause, count=self._forgotten)
            self._forgotten = 0

    async def _note(self) -> None:
        if self._continued is None or not self._elsewhere:
            return
        noted = tuple(self._elsewhere)
        await self._continued.note([_key(token) for token in noted], self._moment())
        for token in noted:
            self._elsewhere.pop(token, None)

    def _overdue(self) -> list[tuple[bytes, _Waiting]]:
        before = self._clock() - self._age - GRACE
        found: list[tuple[bytes, _Waiting]] = []
        for token, waiting in self._waiting.items():
            if waiting.since > before or len(found) >= AT_ONCE:
                break
            found.append((token, waiting))
        return found

    def _tell(self, waiting: _Waiting, now: float) -> None:
        conversation = waiting.conversation
        method = method_state(conversation.eap)
        # whose failure was decided has been told of then
        if isinstance(method, FailureNotified):
            return
        ending = Ending(
            RejectCause.UE_SILENT, _detail(waiting, now), imsi_of(conversation.eap), method_of(conversation.eap)
        )
        count_rejection(conversation.client, ending.method, ending.cause)
        request = replace(waiting.request, eap=b"")
        self._failures.heard(FailedAttempt(ending, conversation, request, b"", waiting.since - conversation.started))


def _key(token: bytes) -> bytes:
    return sha256(token).digest()


def _detail(waiting: _Waiting, now: float) -> str:
    said = lines(b"", waiting.conversation.dialogue[-1:])
    last = said[0].message if said else "the last request"
    return f"silent after {last} for {now - waiting.since:.0f} s; it, or its client, gave up, or lost the answer"
