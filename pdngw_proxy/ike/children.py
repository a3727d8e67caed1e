"""What Child SAs may be for at the responder: the Home Address, and nothing of anybody else (RFC 4877 §4.3)."""

from ipaddress import IPv6Address, IPv6Network

from pdngw_proxy.ike.policy import ResponderPolicy
from pdngw_proxy.ike.states import Sa
from wire.ikev2.child import Mode
from wire.ikev2.granting import Granted, Scope, grant_first
from wire.ikev2.message import Message
from wire.ikev2.selectors import MOBILITY_HEADER, TrafficSelector

_EVERYWHERE = (TrafficSelector.network(IPv6Network("::/0")),)


def first(policy: ResponderPolicy, sa: Sa, home_address: IPv6Address, message: Message, spi: bytes) -> Granted:
    """The Child SA that IKE_AUTH asks for in `message`, or ChildDenied."""
    return grant_first(
        message,
        accepted=policy.esp_proposals,
        scope=lambda mode: scope_of(policy, home_address, mode),
        spi=spi,
        prf=sa.suite.prf,
        sk_d=sa.keys.sk_d,
        ni=sa.ni,
        nr=sa.nr,
    )


def scope_of(policy: ResponderPolicy, home_address: IPv6Address, mode: Mode) -> Scope:
    """Transport mode is for Mobility Headers between the UE and us; tunnel mode for whatever the Home Address sends.

    Whatever was asked for, no SA carries another Home Address than the one that was leased (RFC 4877 §4.3).
    """
    if mode is Mode.TRANSPORT:
        own = (TrafficSelector.address(home_address, MOBILITY_HEADER),)
        network = (TrafficSelector.address(policy.ha_address, MOBILITY_HEADER),)
        return Scope(local=network, remote=own, purpose=str(home_address))
    return Scope(local=_EVERYWHERE, remote=(TrafficSelector.address(home_address),), purpose=str(home_address))
