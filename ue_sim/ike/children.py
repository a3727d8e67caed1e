"""Child SAs at the initiator: what the first one asks for, and what others may be for (RFC 7296 §2.9, RFC 4877)."""

from ipaddress import IPv6Address, IPv6Network

from wire.ikev2.asking import ChildWish
from wire.ikev2.child import Mode
from wire.ikev2.granting import Scope
from wire.ikev2.selectors import MOBILITY_HEADER, TrafficSelector

_EVERYWHERE = (TrafficSelector.network(IPv6Network("::/0")),)
ANY_MOBILITY = (TrafficSelector.network(IPv6Network("::/0"), MOBILITY_HEADER),)


def first_wish(*, mobility: bool) -> ChildWish:
    """What IKE_AUTH asks for: Mobility Headers of a mobile node; else all packets, as an ordinary client does."""
    if mobility:
        return ChildWish(Mode.TRANSPORT, ANY_MOBILITY, ANY_MOBILITY)
    return ChildWish(Mode.TUNNEL, _EVERYWHERE, _EVERYWHERE)


def scope_of(home_address: IPv6Address, mode: Mode) -> Scope:
    """What the gateway may want a Child SA for: the Home Address, and Mobility Headers alone in transport mode."""
    if mode is Mode.TRANSPORT:
        own = (TrafficSelector.address(home_address, MOBILITY_HEADER),)
        return Scope(local=own, remote=ANY_MOBILITY, purpose=str(home_address))
    return Scope(local=(TrafficSelector.address(home_address),), remote=_EVERYWHERE, purpose=str(home_address))
