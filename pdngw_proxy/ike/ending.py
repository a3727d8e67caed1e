"""How an IKE SA of the responder ends: refused, deleted, given up (RFC 7296 §2.21, §1.4.1)."""

from pdngw_proxy.ike.events import ChildRemoved, Closed, Refused, ResponderEffect
from pdngw_proxy.ike.policy import ResponderPolicy
from pdngw_proxy.ike.sending import send
from pdngw_proxy.ike.states import Closing, Connected, Ended, Lingering, Protected, Sa, State
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


def gone(state: Protected, cause: str) -> list[ResponderEffect]:
    """What has to be said when an IKE SA goes with everything that hangs on it."""
    if isinstance(state, Lingering):
        return []
    alive = state.children if isinstance(state, Connected | Closing) else ()
    return [*(ChildRemoved(child.spi_in) for child in alive), Closed(cause)]


def end(state: Protected, cause: str) -> Step:
    """Over at once, without a word to the UE."""
    return Ended(), gone(state, cause)
