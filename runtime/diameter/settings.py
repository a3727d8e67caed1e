"""Limits, and the words in which a node's own code meets Diameter."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from wire.diameter.framing import DEFAULT_LIMIT, LIMIT_BEFORE_CER
from wire.diameter.message import Message
from wire.frozen import dataclass

PeerName = str
"""The name that the configuration gives to a peer."""

Handler = Callable[[PeerName, Message], Awaitable[Message]]
"""Serves one request and returns its answer, as `Answer.message(request)` makes it.

An AvpFault that it raises becomes the answer with that Result-Code; anything else, 5012 and one log line.
"""


Dropped = Callable[[PeerName, Message, str], str]
"""Hears of a request that is dropped under load and has a line in the log, and why; what the line is to refer to."""


def unheard(_peer: PeerName, _request: Message, _cause: str) -> str:
    """A `Dropped` that has nothing to say."""
    return ""


Connected = Callable[[PeerName, Message], None]
"""Hears of a peer that has connected, and its CER."""


def unnoticed(_peer: PeerName, _cer: Message) -> None:
    """A `Connected` that does nothing."""


Waiting = asyncio.Future[Message]
"""Where whoever asks waits for the answer."""


class Others(Protocol):
    """The other servers for the purpose of one (RFC 3539 §3.4.1)."""

    def fail_over(self, request: Message, waiting: Waiting, until: float) -> bool:
        """Take a request that this one has not answered, and when its time is over; False when nobody can."""

    def are_lost(self) -> bool:
        """Whether there is none to be asked, this one among them."""

    def can_ask(self) -> None:
        """This one can be asked from now on."""


class DiameterUnavailable(Exception):
    """No answer to be had; `cause` is one line: not connected, no answer in time, connection lost."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Limits:
    """What strangers and peers may use up; times in seconds, sizes in octets."""

    message: int = DEFAULT_LIMIT
    message_before_cer: int = LIMIT_BEFORE_CER
    connections_before_cer: int = 64
    seconds_before_cer: float = 10.0
    requests_in_flight: int = 256
    requests_waiting: int = 256
    seconds_to_wait: float = 2.0
    requests_out: int = 1024
    seconds_to_serve: float = 30.0
    seconds_to_answer: float = 10.0
    seconds_to_close: float = 3.0
    unsent: int = 4 << 20
    remembered_answers: int = 10_000
