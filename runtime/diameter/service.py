"""Serves the requests of one peer: each in a task of its own, none twice, none without an answer (RFC 6733 §6, §7)."""

import asyncio
from contextlib import suppress
from time import perf_counter

from runtime.diameter.connection import Connection
from runtime.diameter.metrics import DROPPED, SERVED, SERVED_SECONDS, command_of, result_of
from runtime.diameter.settings import Dropped, Handler, Limits, PeerName, unheard
from runtime.log_limit import LogLimit
from runtime.logs import get_logger
from runtime.timed_tasks import TimedTasks
from wire.diameter.admission import Admission
from wire.diameter.avp import AvpFault
from wire.diameter.command import Identity, error_answer
from wire.diameter.commands import name_of
from wire.diameter.duplicates import Asked, DuplicateCache, Repeated
from wire.diameter.message import FLAG_REQUEST, Message
from wire.diameter.overload import OverloadReporter
from wire.diameter.priority import priority_of
from wire.diameter.results import ResultCode, describe_result
from wire.diameter.waiting import WaitingRoom
from wire.errors import EncodeError

log = get_logger("runtime.diameter")

Duplicates = DuplicateCache[Connection]
"""What one peer has asked, over all its connections."""

_NOT_SERVED = frozenset({ResultCode.TOO_BUSY, ResultCode.UNABLE_TO_DELIVER})
"""No answers to the same request when it comes again: somebody had no time for it, or its store did not answer."""

_NOT_SERVED_TEXTS = frozenset(str(result.value) for result in _NOT_SERVED)

_Waiting = tuple[Message, Asked[Connection]]
"""A request that waits for room, as the cache of duplicates knows it."""


class RequestService:
    """The requests of `peer`, over whichever connection they come; a retransmission finds the answer of the first."""

    def __init__(
        self,
        peer: PeerName,
        identity: Identity,
        handler: Handler | None,
        limits: Limits,
        reporter: OverloadReporter | None = None,
        dropped: Dropped = unheard,
        repeats: Duplicates | None = None,
    ) -> None:
        self._dropped = dropped
        self._peer = peer
        self._identity = identity
        self._handler = handler or _nothing_served
        self._limits = limits
        self._in_time = TimedTasks[Asked[Connection]](limits.seconds_to_serve)
        self._duplicates = Duplicates(limits.remembered_answers) if repeats is None else repeats
        self._waiting: WaitingRoom[_Waiting] = WaitingRoom(limits.requests_waiting, limits.seconds_to_wait)
        self._patience: asyncio.TimerHandle | None = None
        self._reporter = reporter
        self._log_limit = LogLimit()
        self._loop = asyncio.get_running_loop()

    def serve(self, connection: Connection, request: Message, admission: Admission) -> None:
        """Answer `request` on `connection`, now or when the handler is done."""
        try:
            admission.admit(request)
        except AvpFault as fault:
            self.refuse(connection, request, fault)
            return
        now = self._loop.time()
        asked = self._duplicates.arrived(self._peer, request, connection, now)
        if isinstance(asked, Asked):
            if len(self._in_time) < self._limits.requests_in_flight:
                self._in_time.begin(asked, self._run(request, asked))
            else:
                self._drop(self._waiting.enter((request, asked), priority_of(request), now))
                self._watch()
        elif isinstance(asked, Repeated):
            connection.send(asked.answer)

    def refuse(self, connection: Connection, request: Message, fault: AvpFault) -> None:
        """Answer with the Result-Code of `fault`, and say so in one line, unless there were many of its kind."""
        self._refused(request, fault)
        connection.send(self._fault_answer(request, fault).build())

    @property
    def serving(self) -> int:
        """Requests that are being served."""
        return len(self._in_time)

    @property
    def waiting(self) -> int:
        """Requests that wait for room."""
        return len(self._waiting)

    @property
    def reduction(self) -> int:
        """Per cent that the peer is asked to ask less."""
        return 0 if self._reporter is None else self._reporter.reduction

    async def drained(self, within: float) -> None:
        """Return when nothing is served and nothing waits, or after so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while self._in_time:
                    await asyncio.wait(tuple(self._in_time))

    def close(self) -> None:
        """End every task; what was not answered stays so."""
        self._waiting.close()
        if self._patience is not None:
            self._patience.cancel()
        for task in self._in_time:
            task.cancel()

    async def finished(self) -> None:
        """Wait for the tasks that `close` has ended."""
        await asyncio.gather(*self._in_time, return_exceptions=True)

    def _go_on(self) -> None:
        """There is room for one more: told by the task itself, a callback of its end would take a turn of the loop."""
        if self._loop.is_running():
            following, dropped = self._waiting.leave(self._loop.time())
            self._drop(dropped)
            if following is not None:
                self._in_time.begin(following[1], self._run(*following))

    def _watch(self) -> None:
        """Nobody waits for longer than he may, also while nothing else happens."""
        if self._patience is None and self._waiting:
            self._patience = self._loop.call_later(self._limits.seconds_to_wait / 2, self._lose_patience)

    def _lose_patience(self) -> None:
        self._patience = None
        self._drop(self._waiting.expired(self._loop.time()))
        self._watch()

    def _drop(self, waiting: list[_Waiting]) -> None:
        """RFC 6733 §7.1.3: 3004, so that the peer may ask another server."""
        for request, asked in waiting:
            DROPPED.count(self._peer)
            fault = AvpFault(0, "too many requests", ResultCode.TOO_BUSY)
            withheld = self._log_limit.allow("too many requests", self._loop.time())
            if withheld is not None:
                reference = self._dropped(self._peer, request, fault.reason)
                kept = {"explain": reference} if reference else {}
                self._say_refused(request, fault, withheld, **kept)
            answer = self._fault_answer(request, fault).build()
            self._duplicates.forget(asked)
            for waiter, numbered in self._duplicates.answered(asked, answer):
                waiter.send(numbered)

    async def _run(self, request: Message, asked: Asked[Connection]) -> None:
        """What the handler answers, if it is an answer and can be sent; or the error answer for what it did instead."""
        command, began = command_of(request), perf_counter()
        try:
            answer = await self._handler(self._peer, request)
            if answer.flags & FLAG_REQUEST or answer.command != request.command:
                raise EncodeError(f"the handler gave a {name_of(answer)}")
            reporter = self._reporter
            if reporter is not None:
                answer = reporter.stamped(request, answer, self._waiting.load, self._loop.time())
            octets = answer.build()
            result = result_of(answer)
            SERVED.count(self._peer, command, result)
            if result in _NOT_SERVED_TEXTS:
                self._duplicates.forget(asked)
        except AvpFault as fault:
            self._refused(request, fault)
            octets = self._fault_answer(request, fault).build()
            if fault.result in _NOT_SERVED:
                self._duplicates.forget(asked)
        except (TimeoutError, asyncio.CancelledError, EncodeError) as error:
            if isinstance(error, asyncio.CancelledError) and not self._in_time.is_late(asked):
                raise
            unsendable = isinstance(error, EncodeError)
            cause = f"the answer cannot be sent: {error}" if unsendable else "the handler took too long"
            log.error("request not served", cause=cause, **self._about(request))
            octets = self._unable(request)
        except Exception as error:  # the request dies alone
            log.exception("request not served", cause=repr(error), **self._about(request))
            octets = self._unable(request)
        finally:
            self._in_time.over(asked)
            if self._waiting.load:
                self._go_on()
        SERVED_SECONDS.observe(perf_counter() - began, command)
        for waiter, numbered in self._duplicates.answered(asked, octets):
            waiter.send(numbered)

    def _unable(self, request: Message) -> bytes:
        SERVED.count(self._peer, command_of(request), str(ResultCode.UNABLE_TO_COMPLY.value))
        return self._reported(request, error_answer(request, self._identity, ResultCode.UNABLE_TO_COMPLY)).build()

    def _reported(self, request: Message, answer: Message) -> Message:
        if self._reporter is None:
            return answer
        return self._reporter.stamped(request, answer, self._waiting.load, self._loop.time())

    def _fault_answer(self, request: Message, fault: AvpFault) -> Message:
        SERVED.count(self._peer, command_of(request), str(int(fault.result)))
        answer = error_answer(request, self._identity, fault.result, failed=fault.failed, reason=fault.reason)
        return self._reported(request, answer)

    def _refused(self, request: Message, fault: AvpFault) -> None:
        """A peer that is at fault may be so thousands of times a second."""
        withheld = self._log_limit.allow(f"{name_of(request)} {fault.result}", self._loop.time())
        if withheld is not None:
            self._say_refused(request, fault, withheld)

    def _say_refused(self, request: Message, fault: AvpFault, withheld: int, **more: str) -> None:
        about = {**self._about(request), **more, **({"withheld": withheld} if withheld else {})}
        log.warning("request refused", cause=fault.reason, result=describe_result(fault.result), **about)

    def _about(self, request: Message) -> dict[str, str | None]:
        return {"peer": self._peer, "command": name_of(request), "session": request.text("Session-Id")}


async def _nothing_served(_peer: PeerName, _request: Message) -> Message:
    raise AvpFault(5, "nothing is served here", ResultCode.COMMAND_UNSUPPORTED)
