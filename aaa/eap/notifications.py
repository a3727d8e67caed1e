"""AKA-Notification: which code tells the UE what (RFC 4187 §6, §10.19)."""

from collections.abc import Mapping

from aaa.eap.states import Exchange, Proven
from aaa.messages import RejectCause
from wire.eap.aka import AkaMessage
from wire.eap.attributes import At, Attribute, Attributes
from wire.eap.constants import NotificationCode, Subtype, comes_before_authentication
from wire.eap.encrypted import IV_LENGTH, seal
from wire.eap.packet import EapCode
from wire.frozen import dataclass
from wire.sansio import RandomBytes

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


@dataclass(frozen=True, slots=True)
class Protection:
    """The keys of what the UE has proved, and entropy for AT_IV."""

    proven: Proven
    random: RandomBytes

    def counter_attributes(self) -> tuple[Attribute, ...]:
        """RFC 4187 §9.10: within a fast re-authentication, AT_COUNTER goes with a notification, encrypted."""
        if self.proven.counter is None:
            return ()
        inside = (Attribute.number(At.COUNTER, self.proven.counter),)
        return seal(inside, self.proven.keys.k_encr, self.random(IV_LENGTH))


def notification(exchange: Exchange, code: NotificationCode, protection: Protection | None = None) -> bytes:
    """EAP-Request/AKA-Notification with the exchange's identifier; `protection` is for codes after authentication."""
    attributes = [Attribute.number(At.NOTIFICATION, code)]
    k_aut = None
    if protection is not None and not comes_before_authentication(code):
        attributes += protection.counter_attributes()
        k_aut = protection.proven.keys.k_aut
    message = AkaMessage(
        EapCode.REQUEST, exchange.identifier, exchange.method, Subtype.NOTIFICATION, Attributes(tuple(attributes))
    )
    return message.build(k_aut)
