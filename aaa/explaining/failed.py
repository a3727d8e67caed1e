"""The moment at which an authentication is lost, with all that is known of it (RFC 4187 §6.3)."""

from typing import Protocol

from aaa.eap.events import Effect, Failed, SendEap
from aaa.eap.states import AkaState, Done, EapState, FailureNotified, MethodProposed, MethodRunning
from aaa.messages import AccessRequest, RejectCause
from aaa.sessions import Conversation
from wire.eap.packet import EapCode, EapPacket, EapType
from wire.errors import DecodeError
from wire.frozen import dataclass
from wire.identity import EapMethod, Imsi, classify

_IN_METHOD = (MethodProposed, MethodRunning)


@dataclass(frozen=True, slots=True)
class Ending:
    """What the machine says of a failure; `imsi` and `method` where they are known."""

    cause: RejectCause
    detail: str = ""
    imsi: Imsi | None = None
    method: EapMethod | None = None


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """One authentication that is lost: `ending` was decided by the round of `request`.

    `conversation` is as it stood before that round, `reply` the EAP packet that the UE is told by, "" for none, and
    `seconds` how long it all took.
    """

    ending: Ending
    conversation: Conversation
    request: AccessRequest
    reply: bytes
    seconds: float


class Failures(Protocol):
    """Who hears of authentications that are lost; it says so in the log, and takes no time of the caller's."""

    def heard(self, attempt: FailedAttempt) -> None:
        """One is lost."""


def decided(before: EapState, effect: Effect, after: EapState) -> Ending | None:
    """How the authentication was lost in the step from `before` to `after`; None when it was not, or was so before."""
    if isinstance(effect, SendEap):
        lost = method_state(after)
        if not isinstance(lost, FailureNotified) or isinstance(method_state(before), FailureNotified):
            return None
        return Ending(lost.cause, lost.detail, lost.imsi, lost.exchange.method)
    if not isinstance(effect, Failed) or isinstance(method_state(before), FailureNotified):
        return None
    return Ending(effect.cause, effect.detail, effect.imsi, effect.method)


def said_imsi(eap: bytes) -> Imsi | None:
    """That of the permanent identity in EAP-Response/Identity; None for any other packet."""
    try:
        packet = EapPacket.parse(eap)
    except DecodeError:
        return None
    is_identity = packet.code is EapCode.RESPONSE and packet.type == EapType.IDENTITY
    return classify(packet.type_data).imsi if is_identity else None


def method_of(state: EapState) -> EapMethod | None:
    """The method that runs; None where there is none yet, or no more."""
    aka = method_state(state)
    return None if aka is None or isinstance(aka, Done) else aka.exchange.method


def method_state(state: EapState) -> AkaState | None:
    """The state of the method within; None where there is no method yet, or no more."""
    return state.aka if isinstance(state, _IN_METHOD) else None
