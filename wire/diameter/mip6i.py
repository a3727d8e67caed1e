"""MIP6I between home agent and AAA server: IKEv2 with EAP bootstraps Mobile IPv6 (RFC 5778 §5.1)."""

from dataclasses import field
from ipaddress import IPv4Address, IPv6Address

from wire.diameter import eap
from wire.diameter.applications import Application
from wire.diameter.grammar import grammar
from wire.diameter.mobile_eap import MobileEapAnswer, MobileEapRequest
from wire.diameter.record import avp
from wire.frozen import dataclass

DER = eap.DER | grammar("""
    [ MIP6-Feature-Vector ] [ MIP6-Agent-Info ] *2 [ MIP-Mobile-Node-Address ] [ Chargeable-User-Identity ]
    [ Service-Selection ] [ QoS-Capability ] * [ QoS-Resources ]
""")
DEA = eap.DEA | grammar("""
    [ MIP6-Agent-Info ] *2 [ MIP-Mobile-Node-Address ] [ MIP6-Feature-Vector ] [ Service-Selection ]
    * [ QoS-Resources ] [ Chargeable-User-Identity ]
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mip6iEapRequest(MobileEapRequest):
    """DER of MIP6I: `mobile_node_addresses` are what the mobile node would like to have."""

    auth_application_id: int = field(default=Application.MIP6I, metadata=avp("Auth-Application-Id"))
    mobile_node_addresses: tuple[IPv4Address | IPv6Address, ...] = field(
        default=(), metadata=avp("MIP-Mobile-Node-Address")
    )
    chargeable_user_identity: bytes | None = field(default=None, metadata=avp("Chargeable-User-Identity"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Mip6iEapAnswer(MobileEapAnswer):
    """DEA of MIP6I: at success with the Home Addresses that are the user's own."""

    mobile_node_addresses: tuple[IPv4Address | IPv6Address, ...] = field(
        default=(), metadata=avp("MIP-Mobile-Node-Address")
    )
    service_selection: str | None = field(default=None, metadata=avp("Service-Selection"))
    chargeable_user_identity: bytes | None = field(default=None, metadata=avp("Chargeable-User-Identity"))
