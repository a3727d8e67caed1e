"""The client of a RADIUS load: whose EAP each Access-Request carries, and what its answer means (RFC 3579 §2)."""

import os
from collections.abc import Callable
from dataclasses import dataclass

from ue_sim.load.accounting import Accounting
from ue_sim.load.attributes import UeRefuses
from ue_sim.load.exchanges import Address, Exchange, Exchanges, Sockets
from ue_sim.load.radius_packets import RadiusAnswer, RadiusPackets
from ue_sim.load.tally import Tally
from ue_sim.load.turns import Ue
from wire.radius.exchange import Timers
from wire.radius.packet import Code

Ended = Callable[[Ue, float, str], None]
"""Hears of an authentication that is over: when it had begun, and why it failed, or ""."""


@dataclass(slots=True, eq=False)
class _Authentication(Exchange):
    """One UE's, with the Access-Request that is out."""

    client: "RadiusClient"
    ue: Ue
    began: float
    user_name: bytes
    state: bytes = b""
    authenticator: bytes = b""

    def take(self, octets: bytes, now: float) -> None:
        self.client.answered(self, octets, now)

    def renew(self, now: float) -> None:
        """It goes as it was."""

    def give_up(self, cause: str) -> None:
        self.client.failed(self, cause)


class RadiusClient:
    """Carries the EAP of many UEs to one server; whoever is let in has a session, if there is `accounting`."""

    def __init__(
        self, server: Address, packets: RadiusPackets, tally: Tally, ended: Ended, *, at_once: int, ports: int,
        timers: Timers, sockets: Sockets | None = None, accounting: Accounting | None = None,
    ) -> None:  # fmt: skip
        self._packets = packets
        self._tally = tally
        self._ended = ended
        self._accounting = accounting
        self._sockets = Sockets() if sockets is None else sockets
        self.exchanges = Exchanges(
            server, "--server", tally, self._sockets, at_once=at_once, ports=ports, timers=timers
        )

    def begin(self, ue: Ue, now: float) -> None:
        """Send its EAP-Response/Identity."""
        # RFC 3579 §2.1: User-Name is that of EAP-Response/Identity all the way
        authentication = _Authentication(self.exchanges.port(), self, ue, now, ue.peer.identity)
        self._send(authentication, ue.peer.begin(), now)

    def wait(self, seconds: float, clock: Callable[[], float]) -> None:
        """Take what arrives, for so long at most."""
        self._sockets.wait(seconds, clock)

    def overdue(self, now: float) -> None:
        """Send again what has waited its time; give up what has waited in vain."""
        self.exchanges.overdue(now)
        if self._accounting is not None:
            self._accounting.overdue(now)

    def close(self) -> None:
        """Give the sockets back."""
        self._sockets.close()
        self.exchanges.close()
        if self._accounting is not None:
            self._accounting.close()

    def answered(self, authentication: _Authentication, octets: bytes, now: float) -> None:
        """Go on with what has come; AnswerRefused unless it is genuine."""
        answer = self._packets.answer(octets, authentication.authenticator)
        self._tally.rounds += 1
        del authentication.port.out[octets[1]]
        try:
            self._step(authentication, answer, now)
        except UeRefuses as refusal:
            self._ended(authentication.ue, authentication.began, refusal.cause)

    def failed(self, authentication: _Authentication, cause: str) -> None:
        """Nothing has come."""
        del authentication.port.out[authentication.request[1]]
        self._ended(authentication.ue, authentication.began, cause)

    def _send(self, authentication: _Authentication, eap: bytes, now: float) -> None:
        identifier, authentication.authenticator = authentication.port.identifier(), os.urandom(16)
        authentication.request = self._packets.request(
            identifier, authentication.authenticator, authentication.user_name, eap, authentication.state
        )
        self.exchanges.send(authentication, now)

    def _step(self, authentication: _Authentication, answer: RadiusAnswer, now: float) -> None:
        peer = authentication.ue.peer
        response = peer.answer(answer.eap) if answer.eap else b""
        if answer.code == Code.ACCESS_CHALLENGE and response:
            authentication.state = answer.state
            self._send(authentication, response, now)
        elif answer.code != Code.ACCESS_ACCEPT:
            raise UeRefuses("Access-Reject" if answer.code == Code.ACCESS_REJECT else "Access-Challenge without EAP")
        elif not peer.succeeded:
            raise UeRefuses("Access-Accept without EAP-Success")
        elif peer.msk != answer.msk:
            raise UeRefuses("the MPPE keys are not the MSK" if answer.msk else "no MPPE keys")
        elif self._accounting is None:
            self._ended(authentication.ue, authentication.began, "")
        else:
            # RFC 2865 §5.1: by the name that the server gives him, if it does
            name = answer.user_name or authentication.user_name
            self._accounting.let_in(authentication.ue, authentication.began, name, answer.classes, now)
