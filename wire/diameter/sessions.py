"""What ends or refreshes a session: STR/STA, ASR/ASA, RAR/RAA (RFC 6733 §8.3, §8.4, §8.5; TS 29.273 §9.2.2)."""

from dataclasses import field
from enum import IntEnum
from typing import ClassVar

from wire.diameter.applications import Application
from wire.diameter.command import Answer, Request
from wire.diameter.enumerations import AuthSessionState, ReAuthRequestType
from wire.diameter.grammar import grammar
from wire.diameter.record import avp
from wire.frozen import dataclass


class SessionCommand(IntEnum):
    """Command codes that every application with sessions shares."""

    RE_AUTH = 258
    ABORT_SESSION = 274
    SESSION_TERMINATION = 275


STR = grammar("""
    < Session-Id > [ DRMP ] { Origin-Host } { Origin-Realm } { Destination-Realm } { Auth-Application-Id }
    { Termination-Cause } [ User-Name ] [ Destination-Host ] * [ Class ] [ Origin-State-Id ] * [ Proxy-Info ]
    * [ Route-Record ] * [ AVP ]
""")
STA = grammar("""
    < Session-Id > [ DRMP ] { Result-Code } { Origin-Host } { Origin-Realm } [ User-Name ] * [ Class ] [ Error-Message ]
    [ Error-Reporting-Host ] * [ Failed-AVP ] [ Origin-State-Id ] * [ Redirect-Host ] * [ Proxy-Info ] * [ AVP ]
""")
ASR = grammar("""
    < Session-Id > [ DRMP ] { Origin-Host } { Origin-Realm } { Destination-Realm } { Destination-Host }
    { Auth-Application-Id } [ User-Name ] [ Auth-Session-State ] [ Origin-State-Id ] * [ Proxy-Info ]
    * [ Route-Record ] * [ AVP ]
""")
RAR = grammar("""
    < Session-Id > [ DRMP ] { Origin-Host } { Origin-Realm } { Destination-Realm } { Destination-Host }
    { Auth-Application-Id } { Re-Auth-Request-Type } [ User-Name ] [ RAR-Flags ] [ Origin-State-Id ] * [ Proxy-Info ]
    * [ Route-Record ] * [ AVP ]
""")
ASA = grammar("""
    < Session-Id > [ DRMP ] { Result-Code } { Origin-Host } { Origin-Realm } [ User-Name ] [ Origin-State-Id ]
    [ Error-Message ] [ Error-Reporting-Host ] * [ Failed-AVP ] * [ Redirect-Host ] * [ Proxy-Info ] * [ AVP ]
""")
RAA = ASA


@dataclass(frozen=True, slots=True, kw_only=True)
class _SessionRequest(Request):
    session_id: str = field(metadata=avp("Session-Id"))
    auth_application_id: int = field(default=Application.S6B, metadata=avp("Auth-Application-Id"))
    origin_host: str = field(metadata=avp("Origin-Host"))
    origin_realm: str = field(metadata=avp("Origin-Realm"))
    destination_realm: str = field(metadata=avp("Destination-Realm"))
    destination_host: str | None = field(default=None, metadata=avp("Destination-Host"))
    user_name: str | None = field(default=None, metadata=avp("User-Name"))

    @property
    def header_application(self) -> int:
        """Auth-Application-Id (RFC 6733 §3: the two must agree)."""
        return self.auth_application_id


@dataclass(frozen=True, slots=True, kw_only=True)
class _SessionAnswer(Answer):
    session_id: str = field(metadata=avp("Session-Id"))
    origin_host: str = field(metadata=avp("Origin-Host"))
    origin_realm: str = field(metadata=avp("Origin-Realm"))
    user_name: str | None = field(default=None, metadata=avp("User-Name"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionTerminationRequest(_SessionRequest):
    """STR of RFC 6733 §8.4.1: the gateway's session is over."""

    COMMAND: ClassVar[int] = SessionCommand.SESSION_TERMINATION

    termination_cause: int = field(metadata=avp("Termination-Cause"))
    classes: tuple[bytes, ...] = field(default=(), metadata=avp("Class"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionTerminationAnswer(_SessionAnswer):
    """STA of RFC 6733 §8.4.2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AbortSessionRequest(_SessionRequest):
    """ASR of RFC 6733 §8.5.1: the AAA server wants the session to end."""

    COMMAND: ClassVar[int] = SessionCommand.ABORT_SESSION

    auth_session_state: AuthSessionState | None = field(
        default=None, metadata=avp("Auth-Session-State", AuthSessionState)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AbortSessionAnswer(_SessionAnswer):
    """ASA of RFC 6733 §8.5.2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReAuthRequest(_SessionRequest):
    """RAR of RFC 6733 §8.3.1, with RAR-Flags of TS 29.273 §9.2.3.1.5."""

    COMMAND: ClassVar[int] = SessionCommand.RE_AUTH

    re_auth_request_type: ReAuthRequestType = field(metadata=avp("Re-Auth-Request-Type", ReAuthRequestType))
    rar_flags: int | None = field(default=None, metadata=avp("RAR-Flags"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReAuthAnswer(_SessionAnswer):
    """RAA of RFC 6733 §8.3.2."""
