"""How an IKE SA of the responder ends: refused, deleted, given up (RFC 7296 §2.21, §1.4.1)."""

from pdngw_proxy.ike.events import Closed, Refused, ResponderEffect
from pdngw_proxy.ike.policy import ResponderPolicy
from pdngw_proxy.ike.sending import send
from pdngw_proxy.ike.states import Ended, HalfOpen, Lingering, Sa, State
from wire.ikev2.constants import NotifyType
from wire.ikev2.exchanges import Request
from wire.ikev2.message import Payload
from wire.ikev2.payloads.notify import Notify

Step = tuple[State, list[ResponderEffect]]


def refuse(
    policy: ResponderPolicy,
    sa: Sa,
    request: Request,
    error: NotifyType | Payload,
    cause: str,
    now: float,
    *,
    before: tuple[Payload, ...] = (),
) -> Step:
    """Answer `request` with `error`, after which the IKE SA is over but for duplicates of that request."""
    payload = Notify(error) if isinstance(error, NotifyType) else error
    transmit = send(sa, sa.exchanges.reply(request, (*before, payload)))
    return Lingering(sa, now + policy.linger), [transmit, Refused(cause), Closed(cause)]


def gone(state: HalfOpen | Lingering, cause: str) -> list[ResponderEffect]:
    """What has to be said when an IKE SA goes before it was up."""
    return [] if isinstance(state, Lingering) else [Closed(cause)]


def end(state: HalfOpen | Lingering, cause: str) -> Step:
    """Over at once, without a word to the UE."""
    return Ended(), gone(state, cause)
