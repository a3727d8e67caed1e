"""How an exchange ends: notified or at once, well or not (RFC 4187 §6)."""

from aaa.authorization import Authorized
from aaa.eap.challenge import WrongAnswer
from aaa.eap.events import Effect, Failed, SendEap, Succeeded
from aaa.eap.notifications import Protection, code_after_authentication, notification
from aaa.eap.states import AkaState, AwaitingProfile, Done, Exchange, FailureNotified, Proven, SuccessNotified
from aaa.messages import RejectCause
from wire.eap.constants import NotificationCode
from wire.eap.packet import failure, success
from wire.identity import Imsi
from wire.sansio import RandomBytes

Step = tuple[AkaState, list[Effect]]
_DONE = Done()


def next_request(exchange: Exchange) -> Exchange:
    """The same with the identifier of the next request."""
    following = exchange.identifier + 1 & 0xFF
    return Exchange(exchange.method, exchange.identity, following, exchange.kind, exchange.imsi_shown)


def refuse(exchange: Exchange, cause: RejectCause, detail: str, imsi: Imsi | None = None) -> Step:
    """The UE has proved nothing yet: RFC 4187 §6.3.2."""
    exchange = next_request(exchange)
    request = notification(exchange, NotificationCode.GENERAL_FAILURE)
    return FailureNotified(exchange, cause, detail, imsi), [SendEap(request)]


def wrong(exchange: Exchange, answer: WrongAnswer, imsi: Imsi | None) -> Step:
    """The UE's answer proves nothing."""
    cause = RejectCause.BAD_EAP if answer.malformed else RejectCause.WRONG_RESPONSE
    return refuse(exchange, cause, answer.reason, imsi)


def deny(state: AwaitingProfile, cause: RejectCause, detail: str, random: RandomBytes) -> Step:
    """The UE is who it says it is, and may not have what it asks for: a notification under its keys.

    There is one notification in an exchange (RFC 4187 §6.1): of a UE that has been told of success, and whose case had
    to be decided again, EAP-Failure is left, as for any decision outside of EAP-AKA (§6.3.3).
    """
    if state.notified:
        return fail(state.exchange, cause, detail, state.proven.imsi)
    exchange = next_request(state.exchange)
    request = notification(exchange, code_after_authentication(cause), Protection(state.proven, random))
    return FailureNotified(exchange, cause, detail, state.proven.imsi), [SendEap(request)]


def notify_success(state: AwaitingProfile, granted: Authorized, random: RandomBytes) -> Step:
    """It may, and is told so before EAP-Success, as was agreed (RFC 4187 §6.2)."""
    exchange = next_request(state.exchange)
    request = notification(exchange, NotificationCode.SUCCESS, Protection(state.proven, random))
    return SuccessNotified(exchange, state.proven, granted), [SendEap(request)]


def succeed(exchange: Exchange, proven: Proven, granted: Authorized) -> Step:
    """EAP-Success and the MSK."""
    over = Succeeded(
        success(exchange.identifier),
        proven.msk,
        proven.session_id,
        proven.imsi,
        exchange.identity,
        exchange.method,
        granted,
        exchange.kind,
        exchange.imsi_shown,
        proven.counter,
    )
    return _DONE, [over]


def fail(exchange: Exchange, cause: RejectCause, detail: str, imsi: Imsi | None) -> Step:
    """EAP-Failure at once: the UE has ended it (RFC 4187 §6.3.3)."""
    return _DONE, [Failed(failure(exchange.identifier), cause, detail, imsi, exchange.method)]
