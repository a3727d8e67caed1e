"""AKA-Notification: which code tells the UE what (RFC 4187 §6, §10.19)."""

from collections.abc import Mapping

from aaa.eap.states import Exchange
from aaa.messages import RejectCause
from wire.eap.aka import AkaMessage
from wire.eap.attributes import At, Attribute, Attributes
from wire.eap.constants import NotificationCode, Subtype, comes_before_authentication
from wire.eap.packet import EapCode
from wire.secret import Secret

# "Not subscribed" tells a UE not to try this service again, "temporarily denied" to try later (RFC 4187 §10.19).
_AFTER_AUTHENTICATION: Mapping[RejectCause, NotificationCode] = {
    RejectCause.NO_NON_3GPP_SUBSCRIPTION: NotificationCode.NOT_SUBSCRIBED,
    RejectCause.NO_APN_SUBSCRIPTION: NotificationCode.NOT_SUBSCRIBED,
    RejectCause.ROAMING_NOT_ALLOWED: NotificationCode.NOT_SUBSCRIBED,
    RejectCause.RAT_NOT_ALLOWED: NotificationCode.NOT_SUBSCRIBED,
    RejectCause.MOBILITY_NOT_ALLOWED: NotificationCode.NOT_SUBSCRIBED,
    RejectCause.SUBSCRIBER_BARRED: NotificationCode.TEMPORARILY_DENIED,
    RejectCause.REGISTERED_ELSEWHERE: NotificationCode.TEMPORARILY_DENIED,
    RejectCause.HSS_UNAVAILABLE: NotificationCode.TEMPORARILY_DENIED,
    RejectCause.TOO_BUSY: NotificationCode.TEMPORARILY_DENIED,
}


def code_after_authentication(cause: RejectCause) -> NotificationCode:
    """What a UE that has proved itself is told; it is protected by AT_MAC."""
    return _AFTER_AUTHENTICATION.get(cause, NotificationCode.GENERAL_FAILURE_AFTER_AUTHENTICATION)


def notification(exchange: Exchange, code: NotificationCode, k_aut: Secret | None = None) -> bytes:
    """EAP-Request/AKA-Notification with the exchange's identifier; `k_aut` is for codes after authentication alone."""
    attributes = Attributes((Attribute.number(At.NOTIFICATION, code),))
    message = AkaMessage(EapCode.REQUEST, exchange.identifier, exchange.method, Subtype.NOTIFICATION, attributes)
    return message.build(None if comes_before_authentication(code) else k_aut)
