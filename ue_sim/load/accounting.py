"""The sessions of a load: Start, Interim-Updates and Stop of each, told until the server has them (RFC 2866 §2)."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol

from ue_sim.load.accounting_packets import AccountingPackets, record
from ue_sim.load.exchanges import IDENTIFIERS, Address, Exchange, Exchanges, Sockets
from ue_sim.load.tally import AccountingTally
from ue_sim.load.turns import Ue
from wire.radius.accounting import AcctStatusType
from wire.radius.exchange import Timers

_NAMES = {
    AcctStatusType.START: "Start",
    AcctStatusType.INTERIM_UPDATE: "Interim-Update",
    AcctStatusType.STOP: "Stop",
}


class Lives(Protocol):
    """Hears how far each UE is."""

    def authenticated(self, ue: Ue, began: float) -> None:
        """It is let in; that had begun at `began`."""

    def recorded(self, began: float, cause: str) -> None:
        """A record that was first sent at `began` is with the server, or was lost of `cause`."""

    def left(self, ue: Ue) -> None:
        """It is gone."""


@dataclass(slots=True, eq=False)
class _Session(Exchange):
    """A session, whose record number `sent` is out since `began`; `said` is what it says, but for its times.

    `authenticators` are those of the requests that it went in, by Identifier: with another Acct-Delay-Time it is
    another request (RFC 2866 §5.2), and each may be answered.
    """

    accounting: "Accounting"
    ue: Ue
    alike: bytes
    sent: int = 0
    began: float = 0.0
    at: int = 0
    delay: int = 0
    said: bytes = b""
    authenticators: dict[int, bytes] = field(default_factory=dict)

    def take(self, octets: bytes, now: float) -> None:
        self.accounting.answered(self, octets, now)

    def renew(self, now: float) -> None:
        self.accounting.renew(self, now)

    def give_up(self, cause: str) -> None:
        self.accounting.failed(self, cause)


class Accounting:
    """Tells one server of sessions that begin, have `interims` Interim-Updates and end, one after the other.

    `moment` is Unix time.
    """

    def __init__(
        self, server: Address, packets: AccountingPackets, tally: AccountingTally, lives: Lives, sockets: Sockets, *,
        interims: int, at_once: int, ports: int, timers: Timers, moment: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self._packets = packets
        self._lives = lives
        self._moment = moment
        self.exchanges = Exchanges(
            server, "--accounting-server", tally, sockets, at_once=at_once, ports=ports, timers=timers
        )
        self._statuses = (AcctStatusType.START, *(AcctStatusType.INTERIM_UPDATE,) * interims, AcctStatusType.STOP)
        self._epoch = os.urandom(4).hex()
        self._numbers = count()

    def let_in(self, ue: Ue, began: float, user_name: bytes, classes: bytes, now: float) -> None:
        """Begin the session of a UE whose authentication `began`, and that the server calls so."""
        self._lives.authenticated(ue, began)
        self.begin(ue, user_name, classes, now)

    def begin(self, ue: Ue, user_name: bytes, classes: bytes, now: float) -> None:
        """Send its Start."""
        session_id = f"{self._epoch}{next(self._numbers):08x}".encode()
        alike = self._packets.session(session_id, user_name, ue.number, classes)
        self._send(_Session(self.exchanges.port(), self, ue, alike), now)

    def overdue(self, now: float) -> None:
        """Send again what has waited its time; give up what has waited in vain."""
        self.exchanges.overdue(now)

    def close(self) -> None:
        """Give the sockets back."""
        self.exchanges.close()

    def answered(self, session: _Session, octets: bytes, now: float) -> None:
        """Tell the next record; AnswerRefused unless that answer is genuine."""
        self._packets.require_genuine(octets, session.authenticators[octets[1]])
        self._over(session)
        self._lives.recorded(session.began, "")
        session.sent += 1
        if session.sent < len(self._statuses):
            self._send(session, now)
        else:
            self._lives.left(session.ue)

    def renew(self, session: _Session, now: float) -> None:
        """Say how late it is by now, which makes another request of it."""
        delay = int(now - session.began)
        if delay == session.delay:
            return
        session.delay = delay
        out = session.port.out
        if len(out) >= IDENTIFIERS:
            oldest = next(iter(session.authenticators))
            del out[oldest], session.authenticators[oldest]
        self._build(session)

    def failed(self, session: _Session, cause: str) -> None:
        """The record is lost, and nothing is told of the rest of the session."""
        self._over(session)
        self._lives.recorded(session.began, f"Accounting-Request {_NAMES[self._statuses[session.sent]]}: {cause}")
        self._lives.left(session.ue)

    def _send(self, session: _Session, now: float) -> None:
        session.said = record(self._statuses[session.sent], session.sent) + session.alike
        session.began, session.at, session.delay = now, int(self._moment()), 0
        self._build(session)
        self.exchanges.send(session, now)

    def _build(self, session: _Session) -> None:
        identifier = session.port.identifier()
        session.request = self._packets.request(identifier, session.said, session.at, session.delay)
        session.authenticators[identifier] = session.request[4:20]

    def _over(self, session: _Session) -> None:
        """The record is not out any more."""
        for identifier in session.authenticators:
            del session.port.out[identifier]
        session.authenticators.clear()
        session.doubt = ""
