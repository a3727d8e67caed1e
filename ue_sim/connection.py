"""IKEv2 and the EAP peer of one UE joined, and the security associations that come of it (RFC 7296 §2.16, RFC 4877)."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import assert_never

from ue_sim.eap.temporary import Kept
from ue_sim.eap_peer import AkaPeer, EapArrived, KeysDerived, PeerFailed, SendEap
from ue_sim.ike import events as ike
from ue_sim.ike.policy import InitiatorPolicy
from ue_sim.ike_initiator import IkeInitiator
from ue_sim.settings import UeSettings
from ue_sim.tampering import Tampering
from ue_sim.ue_events import EspKeysReady, Note
from ue_sim.usim import Usim
from wire.errors import ProtocolViolation
from wire.esp.encapsulation import EspInUdp, IkeInUdp, Keepalive, parse_encapsulated
from wire.identity import EapMethod
from wire.ikev2.association import Association, outbound_of
from wire.ikev2.child import ChildSa, Mode
from wire.ikev2.nat import Endpoint
from wire.ikev2.redirect import GatewayIdentity
from wire.ikev2.selectors import TrafficSelector
from wire.ip.ipv6 import Ipv6Packet
from wire.ip.packet import IpPacket
from wire.mip6.encapsulation import (
    at_home,
    open_mobility,
    parse_tunnelled,
    seal_from_care_of,
    seal_mobility,
    spi_of,
)
from wire.sansio import RandomBytes, Tick

_ANYWHERE = TrafficSelector.network(IPv6Network("::/0"))
_ANYWHERE_IPV4 = TrafficSelector.network(IPv4Network("0.0.0.0/0"))


@dataclass(frozen=True, slots=True)
class EapDone:
    """Both ends have proved who they are; `session_id` is the EAP Session-Id (RFC 5247 §1.4)."""

    method: EapMethod
    session_id: bytes
    identity: str
    gateway: str


@dataclass(frozen=True, slots=True)
class TunnelReady:
    """Both security associations stand: that of the Mobility Header, if the UE has one, and the tunnel of all else."""

    transport: Association | None
    tunnel: Association

    @property
    def ha_address(self) -> IPv6Address | None:
        """The home agent's address, where its own selectors are that address alone."""
        remote = self.transport.child.remote if self.transport is not None else ()
        found = [selector.start for selector in remote if selector.is_one_address]
        return next((address for address in found if isinstance(address, IPv6Address)), None)


@dataclass(frozen=True, slots=True)
class NoTunnel:
    """The gateway refuses the tunnel; `cause` is one line."""

    cause: str


@dataclass(frozen=True, slots=True)
class Gone:
    """The IKE SA is over; `cause` is one line."""

    cause: str


@dataclass(frozen=True, slots=True)
class SentOn:
    """The gateway sends the UE to another (RFC 5685 §3, §5); where the IKE SA is over by that, `begin_anew` follows."""

    gateway: GatewayIdentity


ConnectionEffect = (
    ike.Transmit
    | ike.IkeKeysReady
    | EapDone
    | ike.AddressAssigned
    | EspKeysReady
    | TunnelReady
    | NoTunnel
    | ike.GatewayAnswered
    | ike.LifetimeTold
    | SentOn
    | Gone
    | Note
)
Effects = Iterator[ConnectionEffect]

_Noted = ike.ChildRetired | ike.ChildRemoved | ike.MoveConfirmed | ike.Remarked | ike.Floated | ike.SentElsewhere


class Connection:
    """One IKE SA with its EAP conversation and its Child SAs; a new attach takes a new one, with what is `kept`.

    `home_address` is the one that the UE would like to have again; `tampering` what a tester lets go wrong.
    `behind_nat` is what was last heard of a NAT at this end; `is_over` says that a redirection has ended it.
    """

    def __init__(
        self,
        *,
        settings: UeSettings,
        usim: Usim,
        random: RandomBytes,
        kept: Kept | None = None,
        home_address: IPv6Address | None = None,
        tampering: Tampering | None = None,
    ) -> None:
        self._random = random
        self._settings, self._usim = settings, usim
        self._home_address = home_address
        self._tampering = tampering
        self._ipv4 = (_ANYWHERE_IPV4,) if settings.ipv4 else ()
        self._begin(kept)

    def _begin(self, kept: Kept | None) -> None:
        """Nothing of what an earlier gateway said is left."""
        settings = self._settings
        self._peer = AkaPeer(
            usim=self._usim,
            imsi=settings.imsi,
            plmn=settings.plmn,
            methods=settings.methods,
            timeout=settings.give_up_after,
            kept=kept,
            random=self._random,
            answer=settings.script.answer,
            form=settings.form,
        )
        self._initiator = IkeInitiator(
            policy=InitiatorPolicy(
                identity=settings.shown_identity or self._peer.identity.decode(),
                apn=settings.apn,
                gateway_names=(settings.gateway_name, settings.apn),
                anchors=settings.anchors,
                eap_only=settings.eap_only,
                initial_contact=settings.initial_contact,
                ike_proposals=settings.ike_proposals,
                esp_proposals=settings.esp_proposals,
                setup_limit=settings.give_up_after,
                liveness_interval=settings.liveness_interval,
                lifetimes=settings.lifetimes,
                fragment_octets=settings.fragment_octets,
                mobike=settings.mobike,
                mobility=settings.mobility,
                floats_to=settings.gateway_port if settings.ike_port else None,
                floats_from=settings.gateway_port if settings.own_port else None,
                home_address=self._home_address,
                tampering=self._tampering,
                id_type=settings.id_type,
            ),
            random=self._random,
        )
        self._gateway: Endpoint | None = None
        self._keys: KeysDerived | None = None
        self._assigned: ike.AddressAssigned | None = None
        self._associations: dict[int, Association] = {}
        self._eap_failure: str | None = None
        self._complete = False
        self.behind_nat = False
        self.is_over = False

    def begin_anew(self) -> None:
        """Forget what the gateway said, as it sends the UE to another; Connect may follow."""
        self._begin(self.kept)

    @property
    def kept(self) -> Kept:
        """The identities that the network gave for the next attach."""
        return self._peer.kept

    @property
    def gateway(self) -> Endpoint:
        """Where the PDN GW's IKE port is; ProtocolViolation before Connect."""
        if self._gateway is None:
            raise ProtocolViolation("there is no gateway yet")
        return self._gateway

    @property
    def transport(self) -> Association | None:
        """The security association of the Mobility Header."""
        return outbound_of(self._associations.values(), Mode.TRANSPORT)

    @property
    def tunnel(self) -> Association | None:
        """The security association of every other packet."""
        return self.tunnel_for(b"")

    @property
    def tunnels(self) -> list[Association]:
        """Every security association of other packets, those too that are on their way out."""
        return [one for one in self._associations.values() if one.child.mode is Mode.TUNNEL]

    def association(self, spi: int) -> Association | None:
        """The one whose packets come under our `spi`, or None."""
        return self._associations.get(spi)

    def tunnel_for(self, packet: bytes) -> Association | None:
        """Of several tunnels, the one for `packet`."""
        return outbound_of(self._associations.values(), Mode.TUNNEL, packet)

    @property
    def deadline(self) -> float | None:
        """The nearer deadline of IKE and EAP."""
        deadlines = (self._initiator.deadline, self._peer.deadline)
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def seal_mobility(self, octets: bytes, ha_address: IPv6Address, care_of: IPv4Address | IPv6Address) -> bytes:
        """A Mobility Header for the home agent as it leaves `care_of`: a UDP payload, or over IPv6 a whole packet.

        ProtocolViolation without an SA for it, SequenceExhausted when that has sent its last number.
        """
        transport = self.transport
        if transport is None:
            raise ProtocolViolation("no security association for Mobility Headers")
        home_address = transport.home_address
        if isinstance(care_of, IPv6Address):
            return seal_from_care_of(octets, home_address, ha_address, care_of, transport.outbound)
        return seal_mobility(octets, home_address, ha_address, transport.outbound)

    def open_mobility(self, octets: bytes) -> bytes:
        """The Mobility Header in a UDP payload or an IPv6 packet from the home agent. Raises as Association does."""
        packet = parse_tunnelled(octets)
        if not isinstance(packet, Ipv6Packet):
            raise ProtocolViolation("an IPv4 packet without protection")
        packet = at_home(packet)
        association = self._associations.get(spi_of(packet) or 0)
        if association is None or association.child.mode is not Mode.TRANSPORT:
            raise ProtocolViolation("nothing that this UE has a security association for")
        mobility = open_mobility(packet, association.inbound)
        association.check_mobility(packet, mobility)
        return mobility

    def owns(self, octets: bytes) -> bool:
        """Whether a datagram by its SPI is of this IKE SA or one of its Child SAs."""
        return int.from_bytes(octets[:4], "big") in self._associations or self._initiator.owns(octets)

    def open(self, octets: bytes) -> IpPacket | None:
        """The inner packet of ESP in UDP; None for IKE, which goes to `handle`. Raises as Association does."""
        if not self._initiator.is_marked:
            return None
        encapsulated = parse_encapsulated(octets)
        match encapsulated:
            case IkeInUdp():
                return None
            case Keepalive():
                raise ProtocolViolation("a keepalive")
            case EspInUdp(spi):
                association = self._associations.get(spi)
                if association is None or association.child.mode is not Mode.TUNNEL:
                    raise ProtocolViolation(f"no tunnel with SPI {spi:#010x}")
                return association.open_tunnelled(octets)
            case _:
                assert_never(encapsulated)

    def handle(self, event: ike.InitiatorEvent, now: float) -> Effects:
        """Take one event of IKE; the EAP peer's share is served in between."""
        if isinstance(event, ike.Connect | ike.PathChanged):
            self._gateway = event.gateway or self._gateway
        if isinstance(event, Tick):
            yield from self._ask_peer(Tick(), now)
        for effect in self._initiator.handle(event, now):
            yield from self._perform(effect, now)

    def _perform(self, effect: ike.InitiatorEffect, now: float) -> Effects:
        match effect:
            case ike.Transmit() | ike.IkeKeysReady() | ike.GatewayAnswered() | ike.LifetimeTold():
                yield effect
            case ike.EapRequested(packet):
                yield from self._ask_peer(EapArrived(packet), now)
            case ike.AddressAssigned():
                self._assigned = effect
                yield effect
            case ike.ChildInstalled(child):
                yield from self._install(child, now)
            case ike.Established():
                yield from self._established(effect)
            case ike.Redirected(elsewhere):
                self.is_over = True
                yield SentOn(elsewhere)
            case ike.Closed(cause):
                yield Gone(self._eap_failure or cause)
            case ike.ChildRefused(cause):
                yield NoTunnel(cause)
            case _:
                yield from self._note(effect)

    def _note(self, effect: _Noted) -> Effects:
        match effect:
            case ike.Floated(gateway):
                self._gateway = gateway
            case ike.SentElsewhere(elsewhere):
                yield SentOn(elsewhere)
            case ike.ChildRetired(spi_in):
                if spi_in in self._associations:
                    self._associations[spi_in].retired = True
            case ike.ChildRemoved(spi_in):
                self._associations.pop(spi_in, None)
                yield Note(f"the Child SA with SPI {spi_in:#010x} is gone")
            case ike.MoveConfirmed(local, behind_nat):
                self.behind_nat = behind_nat
                yield Note(f"the gateway has followed to {local}")
            case ike.Remarked(cause):
                yield Note(cause)
            case _:
                assert_never(effect)

    def _ask_peer(self, event: EapArrived | Tick, now: float) -> Effects:
        for effect in self._peer.handle(event, now):
            match effect:
                case SendEap(packet) if self._tampering is not None:
                    packet = self._tampering.packet(packet, self._peer.k_aut)
                    yield from self.handle(ike.EapReply(packet), now)
                case SendEap(packet):
                    yield from self.handle(ike.EapReply(packet), now)
                case KeysDerived(msk):
                    self._keys = effect
                    yield from self.handle(ike.KeysDerived(msk), now)
                case PeerFailed(cause):
                    self._eap_failure = cause
                    yield Note(f"EAP failed: {cause}")
                case _:
                    assert_never(effect)

    def _established(self, effect: ike.Established) -> Effects:
        self.behind_nat = effect.nat.local
        if self._keys is None:
            yield NoTunnel("the gateway is content without EAP")
            return
        yield EapDone(self._keys.method, self._keys.session_id, effect.identity, effect.gateway)

    def _install(self, child: ChildSa, now: float) -> Effects:
        """The Mobility Header's Child SA comes with IKE_AUTH; the tunnel of everything else is asked for then."""
        if self._assigned is None:
            yield NoTunnel("the gateway gave no Home Address")
            return
        home_address = self._assigned.home_address
        association = Association(child, home_address, random=self._random)
        self._associations[child.spi_in] = association
        yield EspKeysReady(child, home_address)
        if self._complete:
            return
        if child.mode is Mode.TRANSPORT:
            # which IPv4 Home Address it will be, only the Binding Acknowledgement says (RFC 5555 §4.5)
            local = (TrafficSelector.address(home_address), *self._ipv4)
            yield from self.handle(ike.ChildRequested(Mode.TUNNEL, local, (_ANYWHERE, *self._ipv4)), now)
        else:
            self._complete = True
            yield TunnelReady(self.transport, association)
