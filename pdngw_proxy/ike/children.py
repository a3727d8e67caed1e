"""What Child SAs may be for at the responder: the Home Address, and nothing of anybody else (RFC 4877 §4.3)."""

from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from pdngw_proxy.ike.events import AddressLeased
from pdngw_proxy.ike.policy import ResponderPolicy
from pdngw_proxy.ike.states import Sa
from wire.ikev2.child import Mode
from wire.ikev2.granting import Granted, Scope, grant_first
from wire.ikev2.message import Message
from wire.ikev2.selectors import MOBILITY_HEADER, TrafficSelector

_EVERYWHERE = (TrafficSelector.network(IPv6Network("::/0")),)
_EVERYWHERE_IPV4 = (TrafficSelector.network(IPv4Network("0.0.0.0/0")),)


def first(policy: ResponderPolicy, sa: Sa, leased: AddressLeased, message: Message, spi: bytes) -> Granted:
    """The Child SA that IKE_AUTH asks for in `message`, or ChildDenied."""
    return grant_first(
        message,
        accepted=policy.esp_proposals,
        scope=partial(scope_of, policy, leased.home_address, leased.ipv4_home_address),
        spi=spi,
        prf=sa.suite.prf,
        sk_d=sa.keys.sk_d,
        ni=sa.ni,
        nr=sa.nr,
    )


def scope_of(
    policy: ResponderPolicy, home_address: IPv6Address, ipv4_home_address: IPv4Address | None, mode: Mode
) -> Scope:
    """Transport mode is for Mobility Headers between the UE and us; tunnel mode for whatever the Home Address sends.

    Whatever was asked for, no SA carries another Home Address than the one that was leased (RFC 4877 §4.3). Which IPv4
    Home Address goes with it, CFG_REPLY has said, or only its binding says (RFC 5555 §4.5).
    """
    if mode is Mode.TRANSPORT:
        own = (TrafficSelector.address(home_address, MOBILITY_HEADER),)
        network = (TrafficSelector.address(policy.ha_address, MOBILITY_HEADER),)
        return Scope(local=network, remote=own, purpose=str(home_address))
    home: tuple[TrafficSelector, ...] = (TrafficSelector.address(home_address),)
    if policy.ipv4_home_prefix is None:
        return Scope(local=_EVERYWHERE, remote=home, purpose=str(home_address))
    if ipv4_home_address is not None:
        home = (*home, TrafficSelector.address(ipv4_home_address))
    else:
        home = (*home, TrafficSelector.network(policy.ipv4_home_prefix))
    return Scope(local=(*_EVERYWHERE, *_EVERYWHERE_IPV4), remote=home, purpose=str(home_address))
