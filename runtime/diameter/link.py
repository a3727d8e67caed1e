"""One peer on the event loop: its machine, its connections, what it asks of us and what we ask of it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from runtime.diameter import parting
from runtime.diameter.connection import Connection
from runtime.diameter.metrics import ASKED, ASKED_SECONDS, SUSPICIONS, command_of, result_of
from runtime.diameter.service import Duplicates, RequestService
from runtime.diameter.settings import DiameterUnavailable, Dropped, Handler, Limits, Others, Waiting, unheard
from runtime.driver import Driver
from runtime.log_limit import LogLimit
from runtime.logs import get_logger
from wire.diameter import peer_events as on
from wire.diameter.admission import Admission, check_answer
from wire.diameter.avp import AvpFault
from wire.diameter.capabilities import LocalNode, PeerPolicy
from wire.diameter.command import error_answer
from wire.diameter.commands import name_of
from wire.diameter.enumerations import DisconnectCause
from wire.diameter.framing import FramingError
from wire.diameter.message import FLAG_REQUEST, FLAG_RETRANSMITTED, VERSION, Header, Message
from wire.diameter.overload import OverloadReporter
from wire.diameter.peer import Peer, Timing
from wire.diameter.results import ResultCode
from wire.diameter.transactions import Identifiers, Transactions
from wire.errors import DecodeError
from wire.sansio import RandomBytes

log = get_logger("runtime.diameter")


class Link:
    """Drives the machine of one named peer.

    `dial` is called when the machine wants a connection; it answers with `dialled` or `dial_failed`. A link without it
    only accepts. Requests that were out when a connection broke are sent again, with the T bit, over the next one
    (RFC 6733 §5.5.4), until their time is over.
    """

    def __init__(
        self,
        *,
        local: LocalNode,
        policy: PeerPolicy,
        identifiers: Identifiers,
        random: RandomBytes,
        handler: Handler | None,
        timing: Timing | None = None,
        limits: Limits | None = None,
        dial: Callable[[], None] | None = None,
        hang_up: Callable[[], None] | None = None,
        reporter: OverloadReporter | None = None,
        others: Others | None = None,
        dropped: Dropped = unheard,
        repeats: Duplicates | None = None,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.policy = policy
        self._local = local
        self._loop = loop
        self._limits = limits or Limits()
        self._identifiers = identifiers
        self._dial = dial
        self._hang_up = hang_up
        self._service = RequestService(policy.name, local.identity, handler, self._limits, reporter, dropped, repeats)
        self._transactions: Transactions[Waiting] = Transactions(self._limits.requests_out)
        self._expiry: asyncio.TimerHandle | None = None
        self._connections: dict[on.Side, Connection] = {}
        self._offered: dict[int, Connection] = {}
        self._admission = Admission(local, policy, frozenset())
        self._changed = asyncio.Event()
        self._parting = parting.Parting(self._service, self._changed)
        self._why = "not connected yet"
        self._lines = LogLimit()
        self._peer = Peer(
            local=local,
            policy=policy,
            identifiers=identifiers,
            random=random,
            timing=timing,
            initiator=dial is not None,
            alternate=others is not None,
        )
        self._others = others
        self._driver: Driver[on.Event, on.Effect] = Driver(
            self._peer, self._perform, clock=loop.time, call_later=loop.call_later
        )

    # --- for the node -------------------------------------------------------------------------------------------------

    @property
    def open(self) -> bool:
        """Whether the peer can be asked now."""
        return self._peer.usable

    @property
    def serving(self) -> int:
        """Requests of the peer that are being served."""
        return self._service.serving

    @property
    def waiting(self) -> int:
        """Requests of the peer that wait for room."""
        return self._service.waiting

    @property
    def outstanding(self) -> int:
        """Requests that wait for the peer's answer."""
        return len(self._transactions)

    @property
    def reduction(self) -> int:
        """Per cent that the peer is asked to ask less (RFC 7683)."""
        return self._service.reduction

    @property
    def is_free(self) -> bool:
        """Whether there is no connection, and none is being made."""
        return isinstance(self._peer.state, on.Closed) and not self._connections

    def start(self) -> None:
        """Connect, and stay connected."""
        self._driver.feed(on.Started())

    def need(self) -> None:
        """Nobody else is there: ask the peer where it is connected, though it has not proved itself again."""
        self._driver.feed(on.Needed())

    async def ready(self, within: float) -> None:
        """Return when the peer is open; DiameterUnavailable when it is not `within` seconds."""
        try:
            async with asyncio.timeout(within):
                while not self.open:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise DiameterUnavailable(f"{self.policy.name} is not connected: {self._why}") from None

    async def request(self, message: Message, within: float | None = None) -> Message:
        """The answer to `message`; DiameterUnavailable without one in time, EncodeError if it cannot be encoded."""
        capabilities = self._peer.capabilities
        if capabilities is None or not self._peer.usable:
            raise DiameterUnavailable(f"{self.policy.name} is not connected: {self._why}")
        if message.application not in capabilities.common:
            raise DiameterUnavailable(f"{self.policy.name} does not speak application {message.application}")
        if self._transactions.full:
            raise DiameterUnavailable(f"{len(self._transactions)} requests to {self.policy.name} are waiting")
        limit = self._limits.seconds_to_answer if within is None else within
        waiting: Waiting = self._loop.create_future()
        began = self._loop.time()
        self._transmit(self._identifiers.number(message), waiting, began + limit)
        command = command_of(message)
        try:
            answer = await waiting
        except DiameterUnavailable:
            ASKED.count(self.policy.name, command, "none")
            raise
        ASKED.count(self.policy.name, command, result_of(answer))
        ASKED_SECONDS.observe(self._loop.time() - began, self.policy.name, command)
        return answer

    def take_over(self, request: Message, waiting: Waiting, until: float) -> bool:
        """Send what another peer has not answered: its End-to-End Identifier stays (RFC 6733 §5.5.4)."""
        if not self.open or self._transactions.full:
            return False
        self._transmit(self._identifiers.renumber(request), waiting, until)
        return True

    def hand_over(self) -> None:
        """RFC 3539 §3.4.1 [3]: what waits goes to another peer, or goes on waiting where there is none."""
        if self._others is None:
            return
        for request, waiting, until in self._transactions.unanswered():
            if not waiting.done() and not self._others.fail_over(request, waiting, until):
                self._transactions.sent(request, waiting, until)
        self._arm()

    async def close(self, cause: DisconnectCause = DisconnectCause.REBOOTING) -> None:
        """Say DPR, wait for the end of the connection within its limit, and end what is not served by then."""
        self._parting.leaving, until = True, self._loop.time() + parting.SECONDS
        self._driver.feed(on.StopRequested(cause))
        try:
            async with asyncio.timeout(self._limits.seconds_to_close + 1.0):
                while not isinstance(self._peer.state, on.Closed) or self._connections:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            log.warning("peer not closed in time", cause="no end of the connection", peer=self.policy.name)
        await self._parting.finish(until - self._loop.time())
        self._driver.close()
        self._service.close()
        self._fail_all("the node is closing")
        await self._service.finished()

    def offer(self, connection: Connection, cer: Message) -> None:
        """A connection that this peer made, with its CER."""
        token = id(connection)
        self._offered[token] = connection
        self._driver.feed(on.CerArrived(token, cer, connection.local_address))
        if self._offered.pop(token, None) is not None:
            connection.close("its CER came at a time at which nothing is accepted")

    def dialled(self, connection: Connection) -> None:
        """The connection that was asked for."""
        connection.receiver = self
        self._connections[on.Side.INITIATOR] = connection
        self._driver.feed(on.ConnectionMade(connection.local_address))

    def dial_failed(self, cause: str) -> None:
        """It could not be made."""
        self._driver.feed(on.ConnectionRefused(cause))

    # --- Receiver -----------------------------------------------------------------------------------------------------

    def connection_made(self, connection: Connection) -> None:
        """Only `dialled` and `offer` bring connections."""

    def message_arrived(self, connection: Connection, octets: bytes) -> None:
        """One message on one of our two connections."""
        if connection not in self._connections.values():
            return
        try:
            message = self._admission.read(octets)
        except AvpFault as fault:
            self._malformed(connection, Header.parse(octets), fault)
            return
        if message.application and self._peer.heard(self._loop.time()):
            self._deliver(connection, message)
        else:
            side = next(side for side, known in self._connections.items() if known is connection)
            self._driver.feed(on.arrived(side, message))

    def framing_lost(self, connection: Connection, fault: FramingError) -> None:
        """RFC 6733 §7.1.5 (5015), then the end, because nothing can be read any more (§2.1)."""
        header = fault.header
        if header is not None and header.version == VERSION and header.bare().is_request:
            answer = error_answer(header.bare(), self._local.identity, ResultCode.INVALID_MESSAGE_LENGTH)
            connection.send(answer.build())
        self._lost(connection, fault.reason)

    def connection_closed(self, connection: Connection, cause: str) -> None:
        """The connection is gone."""
        self._lost(connection, cause)
        self._changed.set()

    def _lost(self, connection: Connection, cause: str) -> None:
        connection.close(cause)
        side = self._side(connection)
        if side is not None:
            del self._connections[side]
            self._driver.feed(on.ConnectionLost(side, cause))

    def _malformed(self, connection: Connection, header: Header, fault: AvpFault) -> None:
        request = header.bare().with_avps(fault.before)
        if request.is_request:
            self._service.refuse(connection, request, fault)
            return
        waiting = self._transactions.answered(request)
        if waiting is None:
            self._warn("answer discarded", fault.reason, answer=name_of(request))
        else:
            _fail(waiting, f"the answer of {self.policy.name} is malformed: {fault.reason}")

    def _side(self, connection: Connection) -> on.Side | None:
        return next((side for side, known in self._connections.items() if known is connection), None)

    # --- effects ------------------------------------------------------------------------------------------------------

    def _perform(self, effect: on.Effect) -> None:
        match effect:
            case on.Connect():
                if self._dial is not None:
                    self._dial()
            case on.Accept(token):
                connection = self._offered.pop(token)
                connection.receiver = self
                self._connections[on.Side.RESPONDER] = connection
            case on.Reject(token, cause, answer):
                connection = self._offered.pop(token)
                self._warn("connection rejected", cause, remote=connection.remote[0])
                if answer is not None:
                    connection.send(answer.build())
                connection.close(cause)
            case on.Send(side, message):
                if side in self._connections:
                    self._connections[side].send(message.build())
            case on.Disconnect(side, cause):
                self._disconnect(side, cause)
            case on.Deliver(side, message):
                self._deliver(self._connections.get(side), message)
            case on.Opened() | on.Ended() | on.Suspended() | on.Resumed():
                self._report(effect)
            case _:
                assert_never(effect)

    def _disconnect(self, side: on.Side, cause: str) -> None:
        connection = self._connections.pop(side, None)
        if connection is not None:
            self._parting.end(connection, cause)
        elif side is on.Side.INITIATOR and self._hang_up is not None:
            self._hang_up()

    def _report(self, effect: on.Opened | on.Ended | on.Suspended | on.Resumed) -> None:
        match effect:
            case on.Opened(side, capabilities):
                connection = self._connections[side]
                connection.allow(self._limits.message)
                self._admission = Admission(self._local, self.policy, capabilities.common)
                log.info("peer connected", peer=self.policy.name, remote=connection.remote[0],
                         applications=sorted(capabilities.common), product=capabilities.product_name)  # fmt: skip
                self._send_again()
                if not self.open and self._others is not None and self._others.are_lost():
                    self.need()
            case on.Ended(cause, orderly):
                self._why = cause
                (log.info if orderly else log.warning)("peer not connected", cause=cause, peer=self.policy.name)
                self.hand_over()
            case on.Suspended():
                self._why = "it does not answer the watchdog"
                SUSPICIONS.count(self.policy.name)
                log.warning("peer under suspicion", cause=self._why, peer=self.policy.name)
                self.hand_over()
            case on.Resumed():
                log.info("peer answers again", peer=self.policy.name)
            case _:
                assert_never(effect)
        self._changed.set()
        if self.open and self._others is not None:
            self._others.can_ask()

    def _deliver(self, connection: Connection | None, message: Message) -> None:
        if message.flags & FLAG_REQUEST:
            if connection is not None:
                self._service.serve(connection, message, self._admission)
            return
        waiting = self._transactions.answered(message)
        if waiting is None:
            self._warn("answer discarded", "nobody waits for it", answer=name_of(message))
            return
        try:
            check_answer(message)
        except DecodeError as fault:
            _fail(waiting, f"the answer of {self.policy.name} is malformed: {fault.reason}")
        else:
            if not waiting.done():
                waiting.set_result(message)

    def _warn(self, event: str, cause: str, **details: str) -> None:
        """One line, unless the peer has caused many of its kind."""
        withheld = self._lines.allow(event, self._loop.time())
        if withheld is not None:
            more = {"withheld": withheld} if withheld else {}
            log.warning(event, cause=cause, peer=self.policy.name, **details, **more)

    # --- requests -----------------------------------------------------------------------------------------------------

    def _transmit(self, request: Message, waiting: Waiting, until: float) -> None:
        octets = request.build()
        self._transactions.sent(request, waiting, until)
        if self._expiry is None or until < self._expiry.when():
            self._arm()
        self._connections[self._open_side()].send(octets)

    def _open_side(self) -> on.Side:
        return on.Side.INITIATOR if isinstance(self._peer.state, on.IOpen) else on.Side.RESPONDER

    def _send_again(self) -> None:
        for request, waiting, until in self._transactions.unanswered():
            if not waiting.done():
                again = self._identifiers.renumber(replace(request, flags=request.flags | FLAG_RETRANSMITTED))
                self._transmit(again, waiting, until)

    def _arm(self) -> None:
        """Wake when the first of those that wait has waited for too long; most are answered, and leave the timer be."""
        if self._expiry is not None:
            self._expiry.cancel()
        deadline = self._transactions.deadline
        self._expiry = None if deadline is None else self._loop.call_at(deadline, self._expire)

    def _expire(self) -> None:
        self._expiry = None
        for waiting in self._transactions.expired(self._loop.time()):
            _fail(waiting, f"{self.policy.name} did not answer in time")
        self._arm()

    def _fail_all(self, cause: str) -> None:
        for waiting in self._transactions.abandon():
            _fail(waiting, cause)
        self._arm()


def _fail(waiting: Waiting, cause: str) -> None:
    if not waiting.done():
        waiting.set_exception(DiameterUnavailable(cause))
