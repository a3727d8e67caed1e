"""What the PDN GW may decide in IKEv2: who it is, what it accepts, how long it waits."""

from collections.abc import Mapping
from dataclasses import field
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address

from cryptography import x509

from pdngw_proxy.ike.credentials import Credential
from wire.frozen import dataclass
from wire.ikev2.exchanges import FRAGMENT_OCTETS, Retransmission
from wire.ikev2.groups import GROUPS, Group
from wire.ikev2.nat import NOWHERE, Endpoint
from wire.ikev2.payloads.sa import Proposal
from wire.ikev2.proposal import ESP_PROPOSALS, IKE_PROPOSALS
from wire.ikev2.redirect import GatewayIdentity
from wire.ikev2.signatures import SigningKey
from wire.ikev2.upkeep.states import Lifetimes


class MoveCheck(Enum):
    """Whether ESP follows a UE before or after it has been seen to be where it says (RFC 4555 §3.7)."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponderPolicy:
    """`name` is the gateway's own FQDN; `chain` its certificates, the end entity's first, and `key` that one's key;
    `others` are shown to UEs that they suit better.

    IDr is answered with what the UE asked for where the certificate covers it or none is shown, else with `name`.
    Limits are in seconds: `setup_limit` from IKE_SA_INIT to Established, `aaa_limit` for one answer of the AAA server,
    `linger` for duplicates of the last request; after `liveness_interval` without a word the UE is asked whether it
    is there (RFC 7296 §2.4). `child_limit` counts the Child SAs of one IKE SA; `child_groups` are those that
    CREATE_CHILD_SA may name for them, None where it may do without; messages of more than `fragment_octets` go in
    fragments, where the UE can (RFC 7383), and None is never; `lifetimes` is how long SAs live.
    With `encapsulates` UEs in IPv4 networks are made to send ESP in UDP, NAT or no NAT (RFC 7296 §2.23).
    With `mobike` a UE may move as RFC 4555 says, and `move_check` is when a COOKIE2 has to come back from where it says
    to be, None for never (RFC 4555 §3.7). With `eap_only` a UE that asks for it gets no certificate (RFC 5998);
    with `asks_identity` each is asked for its identity by EAP, even where IDi is one.
    A session lasts `auth_lifetime` seconds at most, None for as long as the AAA server says, and a UE that is to
    authenticate anew has `reauthentication_time` for it (RFC 4478).
    `redirects` are the gateways of APNs, in small letters, that are not served here (RFC 5685 §6);
    `dns` are the servers that CFG_REPLY names, `pcscf` the proxies of IMS (RFC 7651), `prefix_lifetime` the seconds
    that the home prefix is good for, `version` is its APPLICATION_VERSION.
    A tunnel may carry IPv4 Home Addresses of `ipv4_home_prefix`; which of them is whose, bindings say (RFC 5555 §4.5).
    """

    name: str
    chain: tuple[x509.Certificate, ...]
    key: SigningKey
    others: tuple[Credential, ...] = ()
    ha_address: IPv6Address
    ipv4_home_prefix: IPv4Network | None = None
    ike_proposals: tuple[Proposal, ...] = IKE_PROPOSALS
    esp_proposals: tuple[Proposal, ...] = ESP_PROPOSALS
    redirects: Mapping[str, GatewayIdentity] = field(default_factory=dict)
    dns: tuple[IPv4Address | IPv6Address, ...] = ()
    pcscf: tuple[IPv4Address | IPv6Address, ...] = ()
    prefix_lifetime: int = 2_592_000
    version: str = "Akadia"
    eap_only: bool = False
    asks_identity: bool = False
    retransmission: Retransmission = field(default_factory=Retransmission)
    setup_limit: float = 60.0
    aaa_limit: float = 30.0
    linger: float = 30.0
    liveness_interval: float = 60.0
    child_limit: int = 8
    fragment_octets: int | None = FRAGMENT_OCTETS
    encapsulates: bool = False
    mobike: bool = True
    move_check: MoveCheck | None = MoveCheck.AFTER
    child_groups: tuple[Group | None, ...] = (None, *GROUPS.values())
    auth_lifetime: int | None = None
    reauthentication_time: float = 60.0
    lifetimes: Lifetimes = field(default_factory=Lifetimes)

    def seen_at(self, local: Endpoint) -> Endpoint:
        """What detection of NATs says of our own endpoint `local` (RFC 7296 §2.23)."""
        return NOWHERE if self.encapsulates and local.address.version == 4 else local

    @property
    def credentials(self) -> tuple[Credential, ...]:
        """All that it has, the one most wanted first."""
        return (Credential(self.chain, self.key), *self.others)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """How many strangers the gateway serves at a time.

    From `cookie_threshold` half-open IKE SAs on, a COOKIE must come back first (RFC 7296 §2.6); at `half_open_limit`,
    or at `source_limit` from one address, an old half-open one gives way to the newcomer; at `session_limit` IKE SAs in
    all IKE_SA_INIT is discarded. From `redirect_from` IKE SAs on, a UE that can be is sent to the gateway
    `redirect_to` (RFC 5685 §3). `closed` lets nobody in who cannot be.
    """

    cookie_threshold: int = 100
    half_open_limit: int = 1000
    source_limit: int = 500
    session_limit: int = 10_000
    redirect_from: int = 0
    redirect_to: GatewayIdentity | None = None
    closed: bool = False
