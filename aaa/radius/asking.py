"""Disconnect and CoA to the NAS of a session (RFC 5176 §2.1, RFC 6614 §2.1).

Over UDP from any process, over TLS from the one that the client is connected to.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from aaa.errands import ErrandDesk, ErrandFailed
from aaa.radius.clients import ClientTable, find_by_name
from aaa.radius.dynamic import (
    COA_PORT,
    DynamicAuthorization,
    Outcome,
    Unanswered,
    outcome_of,
    request_attributes,
)
from hss.session_api import Session
from wire.errors import DecodeError
from wire.radius.codec import build_packet, parse_packet
from wire.radius.exchange import Timers
from wire.radius.packet import ZERO_AUTHENTICATOR, Attribute, Code, RadiusPacket
from wire.sansio import RandomBytes

RADSEC = "radsec"
"""Whose connection an errand needs, in front of the client's name."""

ERRAND_LIMIT = 6.5
"""Seconds for an errand: those that a client has over TLS, and those until another process sees it."""


class NasAsking:
    """Asks the NASes of `clients` over UDP, and those behind the clients `over_tls` by `errands`."""

    def __init__(
        self,
        clients: ClientTable,
        over_tls: Collection[str],
        errands: ErrandDesk,
        *,
        random: RandomBytes,
        timers: Timers | None = None,
    ) -> None:
        self._clients = clients
        self._over_tls = over_tls
        self._errands = errands
        self._random = random
        self._timers = timers

    async def ask(self, session: Session, moment: datetime, changes: Sequence[Attribute] | None) -> Outcome:
        """Have the NAS end `session`, or go on with `changes`; it never raises for what a NAS does."""
        if session.client in self._over_tls:
            return await self._ask_over_tls(session, moment, changes)
        client = find_by_name(self._clients, session.client)
        if client is None:
            cause = f"its RADIUS client {session.client} is not in the configuration any more"
            return Unanswered(cause, is_final=True)
        where = client.coa or (session.source, COA_PORT)
        dynamic = DynamicAuthorization(server=where, secret=client.secret, random=self._random, timers=self._timers)
        try:
            if changes is None:
                outcome = await dynamic.disconnect(session, moment)
            else:
                outcome = await dynamic.change(session, moment, changes)
        finally:
            dynamic.close()
        if isinstance(outcome, Unanswered) and client.coa is None:
            # nothing says that it takes any, and the usual port was only tried (RFC 5176 §2.1)
            cause = f"{outcome.cause}; its [[aaa.radius.client]] has no coa, so it may take none"
            return Unanswered(cause, is_final=True)
        if isinstance(outcome, Unanswered):
            return Unanswered(f"{outcome.cause}; is coa of its [[aaa.radius.client]] right?")
        return outcome

    async def _ask_over_tls(self, session: Session, moment: datetime, changes: Sequence[Attribute] | None) -> Outcome:
        code = Code.DISCONNECT_REQUEST if changes is None else Code.COA_REQUEST
        attributes = request_attributes(session, moment, changes or ())
        # whoever has the connection gives it an Identifier and seals it
        unsealed = build_packet(RadiusPacket(code, 0, ZERO_AUTHENTICATOR, tuple(attributes)))
        try:
            return outcome_of(parse_packet(await self._errands.ask(RADSEC, session.client, unsealed, ERRAND_LIMIT)))
        except ErrandFailed as error:
            return Unanswered(str(error))
        except DecodeError as error:
            return Unanswered(f"the answer is malformed: {error}")
