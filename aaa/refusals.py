"""What the HSS refuses, as the AAA server says it: the one table between hss.api and aaa.messages."""

from collections.abc import Mapping

from aaa.messages import RejectCause
from hss.api import Refusal, ServiceRefused

CAUSES: Mapping[Refusal, RejectCause] = {
    Refusal.USER_UNKNOWN: RejectCause.USER_UNKNOWN,
    Refusal.SUBSCRIBER_BARRED: RejectCause.SUBSCRIBER_BARRED,
    Refusal.NO_NON_3GPP_SUBSCRIPTION: RejectCause.NO_NON_3GPP_SUBSCRIPTION,
    Refusal.NO_APN_SUBSCRIPTION: RejectCause.NO_APN_SUBSCRIPTION,
    Refusal.SCHEME_NOT_SUPPORTED: RejectCause.HSS_REFUSED,
    Refusal.ROAMING_NOT_ALLOWED: RejectCause.ROAMING_NOT_ALLOWED,
    Refusal.RAT_NOT_ALLOWED: RejectCause.RAT_NOT_ALLOWED,
    Refusal.REGISTERED_ELSEWHERE: RejectCause.REGISTERED_ELSEWHERE,
    Refusal.RESYNCHRONISATION_REJECTED: RejectCause.RESYNCHRONISATION_REJECTED,
    Refusal.INVALID_REQUEST: RejectCause.HSS_REFUSED,
    Refusal.UNAVAILABLE: RejectCause.HSS_UNAVAILABLE,
    Refusal.TOO_BUSY: RejectCause.TOO_BUSY,
}


def describe(refused: ServiceRefused) -> tuple[RejectCause, str]:
    """The cause, and one line that says what the cause alone does not."""
    cause = CAUSES[refused.refusal]
    parts = [] if cause.value == refused.refusal.value else [refused.refusal.value]
    parts += [part for part in (refused.detail, refused.serving_aaa) if part]
    return cause, ": ".join(parts)
