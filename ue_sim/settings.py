"""What a UE is made of: its user, its network, its own addresses, whom it trusts."""

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Network

from cryptography import x509

from ue_sim.discovery import Discovered
from ue_sim.eap.forms import IdentityForm
from ue_sim.faults import FaultScript
from ue_sim.keepalive import INTERVAL
from ue_sim.mobility import MobilityPolicy
from wire.identity import EapMethod, Imsi, Plmn
from wire.ikev2.constants import IdType
from wire.ikev2.exchanges import FRAGMENT_OCTETS
from wire.ikev2.nat import Endpoint
from wire.ikev2.payloads.sa import Proposal
from wire.ikev2.proposal import ESP_PROPOSALS, IKE_PROPOSALS
from wire.ikev2.upkeep.states import Lifetimes
from wire.ip.checksum import IpAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class UeSettings:
    """One UE for one PDN connection; times in seconds.

    `ike` is the UE's own socket for IKE and ESP in UDP, `dns` the DNS server, `gateway_port` the PDN GW's port for both
    and `dsmip_port` its port for Binding Updates. With `ike_port` IKE begins at that one, and floats from it to
    `gateway_port` (RFC 7296 §2.23). With `own_port` the UE begins from that one, and goes on from its own
    `gateway_port`; else it has one port, any. Behind a NAT something is sent every `keepalive_interval`; 0 is never.
    The PDN GW must prove `gateway_name` under one of `anchors`. With `device` a TUN device carries what this machine's
    applications send and receive by Home Address. `ipv4` asks for an IPv4 Home Address as well (RFC 5555 §3.1.1). The
    UE may also be at `further_addresses`, those before them in the order preferred. A PDN GW that is `configured` is
    not looked for; else the home agents of `home_prefix` are asked for, in an IPv6 network, and `gateway_ipv4` is where
    the PDN GW is in IPv4 networks; DNS is asked last.
    With `make_before_break` the IKE SA stands until one by a new authentication does, else it is deleted before
    (RFC 7296 §2.8.3).
    Without `temporary_identities` it shows its permanent identity each time, whatever the network gave it.
    `shown_identity`, where there is one, is in IDi instead of its own, right or wrong. `form` is how
    it writes its identities, `id_type` what IDi calls them. `script` is what else goes wrong
    in what it says.
    Without `mobility` the gateway is no home agent: a tunnel, and no Binding Update.
    """

    imsi: Imsi
    plmn: Plmn
    apn: str
    methods: tuple[EapMethod, ...]
    ike: Endpoint
    dns: Endpoint
    gateway_port: int
    dsmip_port: int
    gateway_name: str
    anchors: tuple[x509.Certificate, ...]
    ike_proposals: tuple[Proposal, ...] = IKE_PROPOSALS
    esp_proposals: tuple[Proposal, ...] = ESP_PROPOSALS
    eap_only: bool = False
    initial_contact: bool = False
    lifetime: int = 3600
    give_up_after: float = 20.0
    liveness_interval: float = 30.0
    keepalive_interval: float = INTERVAL
    ike_port: int = 0
    own_port: int = 0
    make_before_break: bool = True
    lifetimes: Lifetimes = field(default_factory=Lifetimes)
    fragment_octets: int | None = FRAGMENT_OCTETS
    mobike: bool = False
    mobility: bool = True
    temporary_identities: bool = True
    shown_identity: str = ""
    form: IdentityForm = field(default_factory=IdentityForm)
    id_type: IdType = IdType.RFC822_ADDR
    script: FaultScript = field(default_factory=FaultScript)
    device: bool = False
    ipv4: bool = False
    further_addresses: tuple[IpAddress, ...] = ()
    configured: Discovered | None = None
    home_prefix: IPv6Network | None = None
    gateway_ipv4: IPv4Address | None = None

    @property
    def first_port(self) -> int:
        """The PDN GW's port that IKE begins at."""
        return self.ike_port or self.gateway_port

    def first_place(self, place: Endpoint) -> Endpoint:
        """Where IKE begins, of a UE that is at `place` afterwards."""
        return Endpoint(place.address, self.own_port or place.port)

    @property
    def mobility_policy(self) -> MobilityPolicy:
        """What is asked of the home agent; any IPv4 Home Address, by 0.0.0.0 (RFC 5555 §3.1.1)."""
        return MobilityPolicy(
            lifetime=self.lifetime,
            give_up_after=self.give_up_after,
            ipv4_home_address=IPv4Address(0) if self.ipv4 else None,
        )

    def dsmip_of(self, gateway: IpAddress) -> Endpoint:
        """Where Binding Updates go: over IPv4 to a UDP port, over IPv6 as packets of their own (RFC 5555 §4.2)."""
        return Endpoint(gateway, self.dsmip_port if gateway.version == 4 else 0)
