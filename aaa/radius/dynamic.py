"""Disconnect and CoA: the server asks a NAS to end or to change a session (RFC 5176)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address, ip_address

from aaa.radius.nas import nas_attribute
from hss.session_api import Session
from runtime.radius.requests import RadiusRequests, RadiusUnavailable
from runtime.taps import Address
from wire.radius.error_cause import ErrorCause, error_cause_of, error_cause_text
from wire.radius.exchange import Timers
from wire.radius.messages import signed_request
from wire.radius.packet import Attribute, Code, RadiusPacket
from wire.sansio import RandomBytes
from wire.secret import Secret

COA_PORT = 3799
"""RFC 5176 §2.1."""

FOREVER = 0xFFFFFFFF
"""The Session-Timeout that stands for none, in a CoA that takes one away (RFC 2865 §5.27)."""


@dataclass(frozen=True, slots=True)
class Done:
    """The NAS has done it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The NAS did not do it; `cause` in words. `is_unknown` when it has no such session (any more)."""

    cause: str
    is_unknown: bool


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Nobody knows whether it was done; `cause` is one line. `is_final` when to ask again would be of no use."""

    cause: str
    is_final: bool = False


Outcome = Done | Refused | Unanswered


class DynamicAuthorization:
    """The dynamic authorization client of one NAS, at `server`, from any address of ours of the same family."""

    def __init__(self, *, server: Address, secret: Secret, random: RandomBytes, timers: Timers | None = None) -> None:
        local = "::" if isinstance(ip_address(server[0].partition("%")[0]), IPv6Address) else "0.0.0.0"
        self._secret = secret
        self._requests = RadiusRequests(server=server, secret=secret, local=local, random=random, timers=timers)

    async def disconnect(self, session: Session, moment: datetime) -> Outcome:
        """Ask the NAS to end `session` (RFC 5176 §2.1)."""
        return await self._ask(Code.DISCONNECT_REQUEST, session, moment, ())

    async def change(self, session: Session, moment: datetime, attributes: Sequence[Attribute]) -> Outcome:
        """Ask the NAS to go on with `attributes` instead of those of the Access-Accept (RFC 5176 §2.2)."""
        return await self._ask(Code.COA_REQUEST, session, moment, attributes)

    def close(self) -> None:
        """Free the socket."""
        self._requests.close()

    async def _ask(self, code: Code, session: Session, moment: datetime, changes: Sequence[Attribute]) -> Outcome:
        attributes = request_attributes(session, moment, changes)
        try:
            answered = await self._requests.ask(
                lambda identifier: signed_request(
                    code, identifier=identifier, secret=self._secret, attributes=attributes
                )
            )
        except RadiusUnavailable as error:
            return Unanswered(str(error))
        return outcome_of(answered.packet)


def outcome_of(answer: RadiusPacket) -> Done | Refused:
    """What an ACK or NAK says (RFC 5176 §3.5)."""
    if answer.code in {Code.DISCONNECT_ACK, Code.COA_ACK}:
        return Done()
    cause = error_cause_of(answer)
    return Refused(error_cause_text(cause), cause == ErrorCause.SESSION_CONTEXT_NOT_FOUND)


def request_attributes(session: Session, moment: datetime, changes: Sequence[Attribute]) -> list[Attribute]:
    """Which session, what is to change, and when that was asked, against replay (RFC 5176 §3, §6.3)."""
    return [*identification(session), *changes, Attribute.of("Event-Timestamp", int(moment.timestamp()))]


def identification(session: Session) -> list[Attribute]:
    """The attributes by which the NAS finds itself and the session (RFC 5176 §3)."""
    said = {
        "Acct-Session-Id": session.session_id,
        "User-Name": session.user_name,
        "Calling-Station-Id": session.calling_station,
    }
    # what was no text when it came is not what the NAS would look for, and may be longer than an attribute
    every = dict([nas_attribute(session.nas)]) | said
    return [Attribute.of(name, text) for name, text in every.items() if text and "\ufffd" not in text]
