"""What makes one PDN GW: its ends of IKEv2 and Mobile IPv6, and where they are."""

from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network

from pdngw_proxy.home_agents import HomeAgents, KnownAgent
from pdngw_proxy.home_link import HomeLink
from pdngw_proxy.home_network import anycast_of, correspondent_of
from pdngw_proxy.ike.policy import Admission, ResponderPolicy
from pdngw_proxy.mobility import HomeAgentPolicy
from pdngw_proxy.prefix_delivery import PrefixDelivery
from wire.ikev2.nat import Endpoint
from wire.ikev2.redirect import GatewayIdentity
from wire.sansio import RandomBytes


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """One PDN GW. `dsmip` is its socket for Binding Updates; Home Addresses come from the home agent's prefix.

    With `device` the home network is behind a device of the machine, else a correspondent in this process. UEs in IPv6
    networks come by that device too, to the home agent's own address and `ike_ports`.
    With `link_layer` there is a home link, on which its interface has that address of 6 octets. When it stops it sends
    UEs to `drain_to`.
    """

    responder: ResponderPolicy
    admission: Admission
    agent: HomeAgentPolicy
    dsmip: Endpoint
    device: bool = False
    link_layer: bytes | None = None
    ike_ports: frozenset[int] = frozenset({500, 4500})
    drain_to: GatewayIdentity | None = None

    def home_link(self) -> HomeLink | None:
        """With one, others share the home prefix with the mobile nodes."""
        if self.link_layer is None:
            return None
        return HomeLink(ha_address=self.agent.ha_address, link_layer=self.link_layer)

    def home_agents(self, random: RandomBytes) -> HomeAgents:
        """Whom it names to those who look for home agents; `random` decides between equals."""
        own = KnownAgent(self.agent.ha_address, self.agent.preference)
        return HomeAgents((*self.agent.others, own), random=random)

    def prefix_delivery(self, random: RandomBytes) -> PrefixDelivery:
        """When mobile nodes are told of their prefix unasked; `random` spreads them in time."""
        interval, preferred = self.agent.advertisement_interval, self.agent.prefix_lifetime
        return PrefixDelivery(interval=interval, preferred=preferred, random=random)

    @property
    def reserved(self) -> tuple[IPv6Address, ...]:
        """What of the home prefix is nobody's Home Address: home agents, their anycast address, the correspondent."""
        others = (other.address for other in self.agent.others)
        anycast = anycast_of((self.home_prefix,))
        return (self.agent.ha_address, *others, *anycast, correspondent_of(self.home_prefix))

    @property
    def home_prefix(self) -> IPv6Network:
        """The prefix that Home Addresses come from."""
        return self.agent.home_prefix
