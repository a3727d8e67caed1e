"""Finding the PDN GW: as configured, else by its home prefix, else by DNS (RFC 5026 §5, RFC 6275 §11.4.1)."""

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv6Address
from typing import assert_never

from ue_sim import agent_discovery as dhaad
from ue_sim import discovery as dns
from ue_sim.settings import UeSettings
from ue_sim.ue_events import Channel, Note, Send
from wire.ikev2.nat import Endpoint
from wire.names import epc_realm, ha_apn_name
from wire.sansio import RandomBytes, Tick, is_due

Event = dns.AnswerArrived | dhaad.ReplyArrived | Tick
Effect = Send | Note | dns.Discovered | dns.DiscoveryFailed
Effects = Iterator[Effect]


class Finding:
    """One search, from the network where the UE is; `random` makes the numbers of its questions."""

    def __init__(self, *, settings: UeSettings, random: RandomBytes) -> None:
        self._settings = settings
        self._dns = dns.Discovery(random=random)
        self._agents = dhaad.AgentDiscovery(random=random, give_up_after=settings.give_up_after)

    @property
    def deadline(self) -> float | None:
        """When a question is repeated or given up."""
        deadlines = (self._dns.deadline, self._agents.deadline)
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def begin(self, now: float) -> list[Effect]:
        """Look for it; ends with Discovered or DiscoveryFailed."""
        settings, care_of = self._settings, self._settings.ike.address
        if settings.configured is not None:
            return [self._reached(settings.configured)]
        if settings.home_prefix is not None and isinstance(care_of, IPv6Address):
            return list(self._ask_agents(dhaad.AgentsWanted(settings.home_prefix, care_of), now))
        return list(self._ask_dns(self._wanted(), now))

    def handle(self, event: Event, now: float) -> list[Effect]:
        """Take one event and return its effects; an answer to another question has none."""
        match event:
            case dns.AnswerArrived():
                return list(self._ask_dns(event, now))
            case dhaad.ReplyArrived():
                return list(self._ask_agents(event, now))
            case Tick():
                late = self._ask_agents(event, now) if is_due(self._agents, now) else ()
                return [*late, *(self._ask_dns(event, now) if is_due(self._dns, now) else ())]
        assert_never(event)

    def _wanted(self) -> dns.DiscoveryRequested:
        apn, plmn = self._settings.apn, self._settings.plmn
        return dns.DiscoveryRequested(ha_apn_name(apn, plmn), f"_mip6._ipv6.{epc_realm(plmn)}")

    def _ask_agents(self, event: dhaad.Event, now: float) -> Effects:
        for effect in self._agents.handle(event, now):
            match effect:
                case dhaad.SendRequest(octets, to):
                    yield Send(Channel.DSMIP, octets, Endpoint(to, 0))
                case dhaad.AgentsFound((first, *others)):
                    name = f"home agents of {self._settings.home_prefix}"
                    ipv4 = self._settings.gateway_ipv4
                    yield self._reached(dns.Discovered(name, first, ipv4, tuple((other, ipv4) for other in others)))
                case dhaad.NoAgents(cause):
                    yield Note(f"{cause}; asking DNS")
                    yield from self._ask_dns(self._wanted(), now)

    def _ask_dns(self, event: dns.Event, now: float) -> Effects:
        for effect in self._dns.handle(event, now):
            match effect:
                case dns.SendQuery(datagram):
                    yield Send(Channel.DNS, datagram, self._settings.dns)
                case dns.Discovered():
                    yield self._reached(effect)
                case dns.DiscoveryFailed():
                    yield effect
                case _:
                    assert_never(effect)

    def _reached(self, found: dns.Discovered) -> dns.Discovered | dns.DiscoveryFailed:
        """The first that is in a network of the UE's IP version too."""
        version = self._settings.ike.address.version
        if found.address(version) is not None:
            return found
        why = f"{found.name} has no IPv{version} address, and this UE is in an IPv{version} network"
        return self.after(found) or dns.DiscoveryFailed(why)

    def after(self, found: dns.Discovered) -> dns.Discovered | None:
        """The home agent to try when the first has not answered, None when there is no other (RFC 6275 §11.4.1).

        It is one that the UE reaches from its network, and at another address than the first.
        """
        version, others = self._settings.ike.address.version, found.others
        while others:
            (ipv6, ipv4), *rest = others
            others = tuple(rest)
            another = replace(found, ipv6=ipv6, ipv4=ipv4, others=others)
            if another.address(version) not in {None, found.address(version)}:
                return another
        return None
