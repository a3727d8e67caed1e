"""What the UE may decide in IKEv2: its identity, whom it trusts, what it offers, how long it waits."""

from dataclasses import dataclass, field
from ipaddress import IPv6Address

from cryptography import x509

from ue_sim.tampering import Tampering
from wire.ikev2.constants import IdType
from wire.ikev2.exchanges import FRAGMENT_OCTETS, Retransmission
from wire.ikev2.groups import CURVE25519, ECP_256, MODP_2048, Group
from wire.ikev2.payloads.sa import Proposal
from wire.ikev2.proposal import ESP_PROPOSALS, IKE_PROPOSALS
from wire.ikev2.upkeep.states import Lifetimes


@dataclass(frozen=True, slots=True, kw_only=True)
class InitiatorPolicy:
    """`identity` is the NAI for IDi, which calls it `id_type`, `apn` the APN for IDr (TS 24.303 §5.1.2.2).

    The gateway must prove one of `gateway_names` by a certificate under `anchors`. Limits are in seconds:
    `setup_limit` for everything up to Established, `method_limit` for one answer of the EAP method, and after
    `liveness_interval` without a word from the gateway it is asked whether it is there (RFC 7296 §2.4).
    With `eap_only` the gateway may prove itself by the MSK alone (RFC 5998); `initial_contact` says that this is the
    only IKE SA of this identity (RFC 7296 §2.4).
    The non-ESP marker is before every message, as the NAT traversal port wants it (RFC 7296 §2.23); where the UE
    `floats_to` that port, only after IKE_SA_INIT, and from `floats_from` where this is another port of its own than
    before. `home_address` is the one that it would like to have again;
    `tampering` is what a tester lets go wrong in its requests.
    `child_limit` counts the Child SAs, `child_groups` are those that CREATE_CHILD_SA names for them, None where it may
    do without; messages of more than `fragment_octets` go in fragments, where the gateway can (RFC 7383), and None is
    never; `lifetimes` is how long SAs live. `mobike` offers to move as RFC 4555 says; a mobile node has its home agent
    follow without it (RFC 5555 §5.1). Without `mobility` the UE is no mobile node but an ordinary client, with a
    tunnel in the place of an SA for the Mobility Header.
    """

    identity: str
    apn: str
    gateway_names: tuple[str, ...]
    anchors: tuple[x509.Certificate, ...]
    ike_proposals: tuple[Proposal, ...] = IKE_PROPOSALS
    esp_proposals: tuple[Proposal, ...] = ESP_PROPOSALS
    eap_only: bool = False
    initial_contact: bool = False
    retransmission: Retransmission = field(default_factory=Retransmission)
    setup_limit: float = 60.0
    method_limit: float = 10.0
    liveness_interval: float = 30.0
    floats_to: int | None = None
    floats_from: int | None = None
    home_address: IPv6Address | None = None
    tampering: Tampering | None = None
    id_type: IdType = IdType.RFC822_ADDR
    fragment_octets: int | None = FRAGMENT_OCTETS
    mobike: bool = False
    mobility: bool = True
    child_limit: int = 8
    child_groups: tuple[Group | None, ...] = (CURVE25519, ECP_256, MODP_2048, None)
    lifetimes: Lifetimes = field(default_factory=Lifetimes)
