"""Serves the requests of one peer: each in a task of its own, none twice, none without an answer (RFC 6733 §6, §7)."""

import asyncio

from runtime.diameter.connection import Connection
from runtime.diameter.settings import Handler, Limits, PeerName
from runtime.logs import get_logger
from runtime.shared_timeout import SharedTimeout
from wire.diameter.admission import Admission
from wire.diameter.avp import AvpFault
from wire.diameter.command import Identity, error_answer
from wire.diameter.commands import name_of
from wire.diameter.duplicates import DuplicateCache, Joined, New, Repeated
from wire.diameter.message import Message
from wire.diameter.results import ResultCode, describe_result
from wire.errors import EncodeError

log = get_logger("runtime.diameter")


class RequestService:
    """The requests of `peer`, over whichever connection they come; a retransmission finds the answer of the first."""

    def __init__(self, peer: PeerName, identity: Identity, handler: Handler | None, limits: Limits) -> None:
        self._peer = peer
        self._identity = identity
        self._handler = handler
        self._limits = limits
        self._in_time = SharedTimeout(limits.seconds_to_serve)
        self._duplicates: DuplicateCache[Connection] = DuplicateCache(limits.remembered_answers)
        self._in_flight: dict[Connection, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def serve(self, connection: Connection, request: Message, admission: Admission) -> None:
        """Answer `request` on `connection`, now or when the handler is done."""
        loop = asyncio.get_running_loop()
        try:
            admission.admit(request)
        except AvpFault as fault:
            self.refuse(connection, request, fault)
            return
        if self._in_flight.get(connection, 0) >= self._limits.requests_in_flight:
            self.refuse(connection, request, AvpFault(0, "too many requests in flight", ResultCode.TOO_BUSY))
            return
        match self._duplicates.arrived(self._peer, request, connection, loop.time()):
            case Repeated(answer):
                connection.send(answer)
            case Joined():
                pass
            case New():
                self._in_flight[connection] = self._in_flight.get(connection, 0) + 1
                task = loop.create_task(self._run(connection, request))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    def refuse(self, connection: Connection, request: Message, fault: AvpFault) -> None:
        """Answer with the Result-Code of `fault`, and say so in one line."""
        self._refused(request, fault)
        connection.send(self._fault_answer(request, fault).build())

    def close(self) -> None:
        """End every task; what was not answered stays so."""
        for task in self._tasks:
            task.cancel()

    async def finished(self) -> None:
        """Wait for the tasks that `close` has ended."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, connection: Connection, request: Message) -> None:
        try:
            answer = await self._answer(request)
        finally:
            self._release(connection)
        for waiter, numbered in self._duplicates.answered(self._peer, request, answer):
            waiter.send(numbered)

    async def _answer(self, request: Message) -> bytes:
        """What the handler answers, if it is an answer and can be sent; or the error answer for what it did instead."""
        try:
            with self._in_time.limit():
                answer = await self._handled(request)
            if answer.is_request or answer.command != request.command:
                raise EncodeError(f"the handler gave a {name_of(answer)}")
            return answer.build()
        except AvpFault as fault:
            self._refused(request, fault)
            return self._fault_answer(request, fault).build()
        except TimeoutError:
            log.error("request not served", cause="the handler took too long", **self._about(request))
        except EncodeError as error:
            log.error("request not served", cause=f"the answer cannot be sent: {error}", **self._about(request))
        except Exception as error:  # the request dies alone
            log.exception("request not served", cause=repr(error), **self._about(request))
        return error_answer(request, self._identity, ResultCode.UNABLE_TO_COMPLY).build()

    async def _handled(self, request: Message) -> Message:
        if self._handler is None:
            raise AvpFault(5, "nothing is served here", ResultCode.COMMAND_UNSUPPORTED)
        return await self._handler(self._peer, request)

    def _release(self, connection: Connection) -> None:
        left = self._in_flight.get(connection, 1) - 1
        if left:
            self._in_flight[connection] = left
        else:
            self._in_flight.pop(connection, None)

    def _fault_answer(self, request: Message, fault: AvpFault) -> Message:
        return error_answer(request, self._identity, fault.result, failed=fault.failed, reason=fault.reason)

    def _refused(self, request: Message, fault: AvpFault) -> None:
        log.warning("request refused", cause=fault.reason, result=describe_result(fault.result), **self._about(request))

    def _about(self, request: Message) -> dict[str, str | None]:
        return {"peer": self._peer, "command": name_of(request), "session": request.text("Session-Id")}
