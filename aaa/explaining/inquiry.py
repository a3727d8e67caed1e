"""Each lost authentication is looked into, said in one line and kept: behind the answers, and never too fast."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from aaa.explaining.dialogue import continued, lines
from aaa.explaining.failed import FailedAttempt
from aaa.explaining.judging import combined, evidence_of, judge
from aaa.explaining.keeping import Keeping
from aaa.messages import RejectCause
from aaa.radius.proxy.rejections import RejectedUnheard
from aaa.user_sessions import UserSession
from hss.api import ServiceRefused
from hss.failure_api import Certainty, FailureLedger, FailureRecord, Hypothesis, KeyWitness, Verdict
from hss.session_api import Grant, Session
from runtime.log_limit import LogLimit
from runtime.logs import get_logger
from wire.identity import classify
from wire.sansio import RandomBytes

log = get_logger("aaa.service")

WAITING_MAX = 256
"""Failures that wait to be looked into; of more, only the line is written."""
CLIENTS_MAX = 1024
"""Clients that are told apart by how often their secret is wrong."""
LOOKED_INTO = 20.0
"""A second, at most, beyond as many as wait: a flood of bad answers takes no more of the HSS and of this loop."""
SILENT_AT_ONCE, SILENT_EVERY = 200, 30.0
"""Records of UEs that fell silent, and seconds for each of more: whoever walks by an access point may be one."""
BUSY_AT_ONCE, BUSY_EVERY = 64, 1.0
"""Users rejected for load who have a line and a record, and seconds for each of more: all would be more load."""
SECRETS_AT_ONCE, SECRETS_EVERY = 3, 600.0
"""Records of a client whose secret is wrong, and seconds for each of more: anybody can send in a client's name."""
WITNESS_LIMIT = 3.0
"""Seconds that the HSS has to say what it thinks."""

_OF_THE_SERVER = frozenset({RejectCause.TOO_BUSY, RejectCause.NOT_SERVED})
_UNFINISHED = frozenset({RejectCause.UE_SILENT, RejectCause.NOT_SERVED})

_UNUSED = "the user was let in, and his gateway could not begin the session (Termination-Cause BAD_ANSWER)"
_UNUSED_AT_NAS = (
    "the user was let in, and his NAS could not begin the session (Acct-Terminate-Cause Service Unavailable)"
)
_SEE_GATEWAY = "the UE's AUTH may be of another MSK, such as one that was cut; the gateway's log says why"


_AGAIN = "the user was let in {} times within {:.0f} s at one NAS, and no accounting says that a session began"
_SEE_NAS = (
    "the NAS may have another MSK than the UE: MS-MPPE keys cut, exchanged, or opened with another secret; or the UE "
    "just tries again and again: the NAS's log says why it leaves"
)


class Inquiry:
    """`aaa.explaining.failed.Failures`. Made inside a running loop; `close` it.

    `witness` has the keys, `ledger` keeps records; without one there is less to say, or nothing to ask later.
    `network_names` are those of the access networks that any client has. `clock` is monotonic and in seconds.
    """

    def __init__(
        self,
        *,
        witness: KeyWitness | None,
        ledger: FailureLedger | None,
        network_names: tuple[str, ...],
        clock: Callable[[], float],
        random: RandomBytes,
        moment: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._witness = witness
        self._network_names = network_names
        self._clock = clock
        self._random = random
        self._moment = moment
        self._allowance = LogLimit(burst=WAITING_MAX, rate=LOOKED_INTO)
        self._lines = LogLimit()
        self._of_load = LogLimit(burst=BUSY_AT_ONCE, rate=1 / BUSY_EVERY)
        self._of_silence = LogLimit(burst=SILENT_AT_ONCE, rate=1 / SILENT_EVERY)
        self._of_secrets = LogLimit(burst=SECRETS_AT_ONCE, rate=1 / SECRETS_EVERY, kinds=CLIENTS_MAX)
        self._keeping = Keeping(ledger, clock)
        self._waiting: asyncio.Queue[tuple[FailedAttempt, FailureRecord]] = asyncio.Queue(WAITING_MAX)
        self._task = asyncio.get_running_loop().create_task(self._look_into_all())

    def heard(self, attempt: FailedAttempt) -> None:
        """As `Failures.heard`."""
        if attempt.ending.cause in _OF_THE_SERVER:
            self._without_inquiry(attempt)
            return
        allowance = self._of_silence if attempt.ending.cause is RejectCause.UE_SILENT else self._allowance
        if self._waiting.full() or allowance.allow("", self._clock()) is None:
            self._keeping.pass_over()
            tell(attempt)
        else:
            self._waiting.put_nowait((attempt, self._record_of(attempt)))

    def _without_inquiry(self, attempt: FailedAttempt) -> None:
        """There is nothing to look into; and a line and a record for each of many would be more load."""
        withheld = self._of_load.allow("", self._clock())
        if withheld is None:
            self._keeping.pass_over()
            return
        if withheld:
            detail = f"{attempt.ending.detail}; {withheld} more before it have neither line nor record"
            attempt = replace(attempt, ending=replace(attempt.ending, detail=detail))
        tell(attempt, reference=self._keeping.put(self._record_of(attempt)))

    def _record_of(self, attempt: FailedAttempt) -> FailureRecord:
        return _record(attempt, self._random(4).hex(), self._moment())

    def unproven(self, client: str, cause: str, verdict: Verdict) -> str:
        """Keep that packets of `client`, front and name, are of another secret; the record's reference, or ""."""
        if self._of_secrets.allow(client, self._clock()) is None:
            return ""
        return self._keeping.put(FailureRecord(self._random(4).hex(), self._moment(), client, cause, verdict=verdict))

    def unheard(self, rejected: RejectedUnheard) -> str:
        """Keep that a user was rejected by the front, or another realm's server; the record's reference, or ""."""
        if self._allowance.allow("", self._clock()) is None:
            self._keeping.pass_over()
            return ""
        record = FailureRecord(
            reference=self._random(4).hex(),
            at=self._moment(),
            client=f"{rejected.front}/{rejected.client}",
            cause=rejected.cause,
            detail=rejected.detail,
            imsi=classify(rejected.user_name.encode()).imsi,
            session=rejected.session,
        )
        return self._keeping.put(record)

    def unused(self, session: UserSession) -> None:
        """Say and keep that the gateway of `session`, whose user was let in, could not begin it (RFC 6733 §8.15)."""
        self._of_no_use(f"diameter/{session.peer}", _UNUSED, session)

    def unused_at_nas(self, session: Session) -> None:
        """The same of a session whose NAS accounts for it as one that it could not provide (RFC 2866 §5.10)."""
        self._of_no_use(f"radius/{session.client}", _UNUSED_AT_NAS, session)

    def _of_no_use(self, client: str, cause: str, session: UserSession | Session) -> None:
        record = FailureRecord(
            reference=self._random(4).hex(),
            at=self._moment(),
            client=client,
            cause=cause,
            detail=_SEE_GATEWAY,
            imsi=session.imsi,
            session=session.session_id,
            apn=session.apn,
        )
        kept = self._kept(record)
        about = {"imsi": str(record.imsi or ""), "client": record.client, "session": record.session}
        log.warning("authentication of no use", cause=record.cause, detail=record.detail, **about, **kept)

    def returned(self, grant: Grant, times: int, seconds: float) -> None:
        """Say and keep that a user was let in over RADIUS so often, and seems to have got nothing of it."""
        record = FailureRecord(
            reference=self._random(4).hex(),
            at=self._moment(),
            client=f"radius/{grant.client}",
            cause=_AGAIN.format(times, seconds),
            imsi=grant.imsi,
            method=grant.method,
            apn=grant.apn,
            verdict=Verdict(Hypothesis.MSK, Certainty.INDICATED, _SEE_NAS),
        )
        kept = self._kept(record)
        about = {"imsi": str(grant.imsi), "client": record.client}
        log.info("user let in again and again", cause=record.cause, why=_SEE_NAS, **about, **kept)

    def _kept(self, record: FailureRecord) -> dict[str, str]:
        reference = self._keeping.put(record)
        return {"explain": reference} if reference else {}

    async def close(self) -> None:
        """Finish what waits, for as long as one question may take."""
        try:
            async with asyncio.timeout(WITNESS_LIMIT):
                await self._waiting.join()
        except TimeoutError:
            log.warning("failures not looked into", cause="no time was left", count=self._waiting.qsize())
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._keeping.close()

    async def _look_into_all(self) -> None:
        while True:
            attempt, record = await self._waiting.get()
            self._keeping.put(await self._outcome(attempt, record))
            self._waiting.task_done()

    async def _outcome(self, attempt: FailedAttempt, record: FailureRecord) -> FailureRecord:
        """The outermost place of one failure: whatever breaks looking into it, it is told, and so is the next one."""
        (outcome,) = await asyncio.gather(self._looked_into(attempt, record), return_exceptions=True)
        if isinstance(outcome, FailureRecord):
            return outcome
        self._told(attempt, None, record)
        log.error("failure not looked into", cause=repr(outcome), exc_info=outcome)
        return record

    async def _looked_into(self, attempt: FailedAttempt, record: FailureRecord) -> FailureRecord:
        own = judge(attempt)
        asked = None if own is not None and own.is_proven else await self._ask(attempt)
        verdict = combined(own, asked)
        self._told(attempt, verdict, record)
        return replace(record, verdict=verdict)

    def _told(self, attempt: FailedAttempt, verdict: Verdict | None, record: FailureRecord) -> None:
        tell(attempt, verdict, record.reference if self._keeping.has_room else "")

    async def _ask(self, attempt: FailedAttempt) -> Verdict | None:
        evidence = evidence_of(attempt, self._network_names)
        if self._witness is None or evidence is None:
            return None
        try:
            async with asyncio.timeout(WITNESS_LIMIT):
                return await self._witness.examine(evidence)
        except (ServiceRefused, TimeoutError) as error:
            self._warn("failure not looked into", str(error) or f"no answer within {WITNESS_LIMIT:g} s")
            return None

    def _warn(self, event: str, cause: str) -> None:
        withheld = self._lines.allow(event, self._clock())
        if withheld is not None:
            log.warning(event, cause=cause, withheld=withheld)


def tell(attempt: FailedAttempt, verdict: Verdict | None = None, reference: str = "") -> None:
    """The one line of a lost authentication; `akadia explain` takes its `reference`."""
    ending = attempt.ending
    found = {} if verdict is None else {"why": verdict.cause, "certainty": verdict.certainty.value}
    kept = {"explain": reference} if reference else {}
    request, session = attempt.request, attempt.conversation.session
    named = {"nas_session": request.session} if request.session not in {"", session} else {}
    say = log.info if ending.cause is RejectCause.UE_SILENT else log.warning
    say(
        "authentication not finished" if ending.cause in _UNFINISHED else "authentication rejected",
        cause=ending.cause.value,
        detail=ending.detail,
        **found,
        imsi=str(ending.imsi or ""),
        client=attempt.conversation.client,
        method=ending.method.name if ending.method else "",
        ms=round(attempt.seconds * 1000),
        session=session,
        **named,
        **kept,
    )


def _record(attempt: FailedAttempt, reference: str, at: datetime) -> FailureRecord:
    ending, conversation, request = attempt.ending, attempt.conversation, attempt.request
    name = conversation.network_name
    dialogue = continued(conversation.dialogue, request.eap, attempt.reply)
    return FailureRecord(
        reference=reference,
        at=at,
        client=conversation.client,
        cause=ending.cause.value,
        detail=ending.detail,
        imsi=ending.imsi,
        session=request.session or conversation.session,
        method=ending.method.name if ending.method else "",
        apn=conversation.apn,
        access=f"RAT-Type {conversation.access.rat_type}" + (f", network {name}" if name else ""),
        ms=round(attempt.seconds * 1000),
        dialogue=lines(conversation.earlier, dialogue),
    )
