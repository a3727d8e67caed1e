"""Child SAs at the initiator: what the first one asks for, and what others may be for (RFC 7296 §2.9, RFC 4877)."""

from ipaddress import IPv6Address, IPv6Network

from wire.ikev2.child import Mode
from wire.ikev2.granting import Scope
from wire.ikev2.selectors import MOBILITY_HEADER, TrafficSelector

ANY_MOBILITY = (TrafficSelector.network(IPv6Network("::/0"), MOBILITY_HEADER),)

_EVERYWHERE = (TrafficSelector.network(IPv6Network("::/0")),)


def scope_of(home_address: IPv6Address, mode: Mode) -> Scope:
    """What the gateway may want a Child SA for: the Home Address, and Mobility Headers alone in transport mode."""
    if mode is Mode.TRANSPORT:
        own = (TrafficSelector.address(home_address, MOBILITY_HEADER),)
        return Scope(local=own, remote=ANY_MOBILITY, purpose=str(home_address))
    return Scope(local=(TrafficSelector.address(home_address),), remote=_EVERYWHERE, purpose=str(home_address))
