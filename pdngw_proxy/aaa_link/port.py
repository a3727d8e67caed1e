"""The port through which the gateway relays EAP; Diameter (S6b) and RADIUS are its adapters."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Protocol

from pdngw_proxy.aaa_link.records import EndedBy, SessionRecord
from wire.ikev2.constants import NotifyType
from wire.secret import Secret


@dataclass(frozen=True, slots=True)
class RelayRequest:
    """One EAP round of a UE. `session` names the UE's session at this gateway (unique for ever, ASCII).

    `eap` is the EAP-Response; in the first round it is the EAP-Response/Identity made from IDi. `identity` is IDi's
    NAI, `apn` what IDr asked for, `care_of` where the UE is.
    """

    session: str
    eap: bytes
    identity: str
    apn: str | None
    state: bytes | None = None
    care_of: IPv4Address | IPv6Address | None = None


@dataclass(frozen=True, slots=True)
class RelayChallenge:
    """`eap` goes to the UE; `state` comes back with its answer."""

    eap: bytes
    state: bytes | None


@dataclass(frozen=True, slots=True)
class RelayAccept:
    """`eap` is EAP-Success, `msk` 64 octets. `home_address` is the profile's static one, if it has one.

    `chargeable` is what the AAA server calls the user each time, under whatever name he came (RFC 4372); text without
    meaning.
    """

    eap: bytes
    msk: Secret
    user_name: str | None = None
    home_address: IPv6Address | None = None
    session_timeout: int | None = None
    chargeable: str | None = None


@dataclass(frozen=True, slots=True)
class RelayReject:
    """`eap` is EAP-Failure or empty; `cause` one line for the log, with the code that the AAA server gave.

    `error` is how the UE is told why (TS 24.302 §8.1.2.2), None where nothing more is said than that it failed.
    """

    eap: bytes
    cause: str
    error: NotifyType | None = None


@dataclass(frozen=True, slots=True)
class RelayUnavailable:
    """No AAA server answered within the limit; `cause` says what was waited for."""

    cause: str


RelayAnswer = RelayChallenge | RelayAccept | RelayReject | RelayUnavailable


@dataclass(frozen=True, slots=True)
class Marks:
    """By what the AAA server may name a session; None for what it does not say (RFC 5176 §3).

    `session` is the name that RelayRequest gave it, `chargeable` as in RelayAccept.
    """

    session: str | None = None
    user_name: str | None = None
    chargeable: str | None = None
    home_address: str | None = None
    ipv4_home_address: str | None = None
    care_of: str | None = None
    apn: str | None = None


class SessionKeeper(Protocol):
    """Who has the sessions that the AAA server may speak of; by the name that RelayRequest gave them."""

    def named(self, marks: Marks) -> tuple[str, ...]:
        """The sessions that all `marks` fit; one that is not accepted yet is found by its name alone."""

    def holds(self, session: str) -> bool:
        """Whether that session is there and was accepted."""

    def abort(self, session: str, cause: str) -> bool:
        """End it, which `end_session` will tell in its turn; False when there is none. `cause` is one line."""

    def limit(self, session: str, seconds: int) -> bool:
        """Let it go on for so many seconds from now, whatever it had before; False when there is none."""

    def reauthenticate(self, session: str) -> bool:
        """Ask its UE to authenticate anew, and end it where that does not happen; False when there is none."""


class AaaLink(Protocol):
    """One AAA server, or a pool of them."""

    async def authenticate(self, request: RelayRequest) -> RelayAnswer:
        """Relay one round; returns within the link's own time limit and raises nothing for what a server does."""

    def called(self, session: str) -> str:
        """What the AAA server's log calls a session of this gateway."""

    async def begin(self) -> None:
        """Tell the AAA server that this gateway has none of the sessions of before, until it knows."""

    async def account(self, record: SessionRecord) -> None:
        """Tell what a session has come to, until the AAA server has it; over Diameter nobody asks for it."""

    async def end_session(self, session: str, user_name: str | None, ended_by: EndedBy | None) -> None:
        """Tell the AAA server that an accepted session is over (STR; over RADIUS that is accounting's).

        `ended_by` is None where its UE had gone before the AAA server accepted it.
        """

    def hurry(self) -> None:
        """The gateway stops: what waits to be told again is told now, and never after."""

    async def end(self) -> None:
        """Tell the AAA server that this gateway has no session any more, after it has been told of each."""

    def obey(self, keeper: SessionKeeper) -> None:
        """Let the AAA server end and change the sessions of `keeper` (ASR, RAR, Disconnect, CoA) from now on."""

    async def close(self) -> None:
        """Leave politely (DPR) and free the sockets."""
