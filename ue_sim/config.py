"""[ue]: where the UE is, what it trusts, which card it carries."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from runtime.config import ConfigPath, SocketAddress
from runtime.sa_config import SaConfig
from ue_sim.keepalive import INTERVAL
from wire.identity import EapMethod
from wire.ikev2.proposal_text import checked, parse_esp, parse_ike

_EAP_METHODS = {"aka": EapMethod.AKA, "aka-prime": EapMethod.AKA_PRIME}


def _roomy(prefix: IPv6Network) -> IPv6Network:
    if prefix.prefixlen > 120:
        raise ValueError(f"{prefix} has no room for the anycast address of home agents; choose /120 or wider")
    return prefix


class UeConfig(SaConfig):
    """One UE in foreign networks of either IP version (RFC 5555 §2.3)."""

    address: IPv4Address | IPv6Address = Field(description="its address in the foreign network: its Care-of Address")
    further_addresses: tuple[IPv4Address | IPv6Address, ...] = Field(
        default=(), description="where it may be as well; it moves to the first of all that this machine has"
    )
    home_agent: IPv6Address | None = Field(
        default=None, description="the home agent's IPv6 address; without it, DNS is asked for the PDN GW"
    )
    home_prefix: Annotated[IPv6Network, AfterValidator(_roomy)] | None = Field(
        default=None,
        description="the home network's prefix: in an IPv6 network its home agents are asked for, before DNS",
    )
    gateway: IPv4Address | None = Field(
        default=None, description="the IPv4 address of the PDN GW whose home_agent or home_prefix is configured"
    )
    dns: SocketAddress = Field(description='the DNS server, such as "127.0.0.53:5300"')
    ca: ConfigPath = Field(description="the certificate of the authority that the PDN GW's certificate must come from")
    gateway_id: str = Field(description="the name that the PDN GW must prove by its certificate")
    usim: ConfigPath = Field(description="the card: a TOML file with imsi, k and opc, mode 0600")
    control: ConfigPath = Field(
        default=Path("ue.sock"), validate_default=True, description="the socket on which a UE that stays is told things"
    )
    method: Literal["aka", "aka-prime"] = "aka"
    methods: tuple[Literal["aka", "aka-prime"], ...] = Field(
        default=(), description="every EAP method that it runs, the preferred one first; only `method` when empty"
    )
    temporary_identities: bool = Field(
        default=True, description="whether it shows the identities that the network gave it, or its IMSI each time"
    )
    identity_lead: Literal["", "0", "6"] = Field(
        default="", description="the first digit of its permanent identity, whatever method comes first"
    )
    visited_realm: str = Field(default="", description="a visited network that its identities name (TS 23.003 §14.4)")
    privacy_key: ConfigPath | None = Field(
        default=None, description="the operator's RSA public key, in PEM, under which it shows its IMSI"
    )
    id_type: Literal["rfc822", "fqdn", "key-id"] = Field(default="rfc822", description="what IDi calls its identity")
    profile: str = Field(
        default="", description="a kind of UE whose ways hold instead of this section's: a name, or a file of TOML"
    )
    gateway_port: int = Field(default=4500, ge=1, le=65535, description="the PDN GW's port for IKE and ESP in UDP")
    ike_port: int = Field(
        default=0, ge=0, le=65535, description="where IKE begins, to float to gateway_port; 0: it begins there"
    )
    own_port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="its own port that IKE begins from, to go on from gateway_port; 0: it has one port, any",
    )
    keepalive_interval: float = Field(
        default=INTERVAL, ge=0, description="seconds of silence after which a UE behind a NAT speaks; 0: never"
    )
    dsmip_port: int = Field(default=4191, ge=1, le=65535, description="the home agent's DSMIPv6 port")
    ike_proposals: Annotated[tuple[str, ...], AfterValidator(checked(parse_ike))] = Field(
        default=(), description='what it offers for the IKE SA, ["aes256gcm16-prfsha384-ecp384"] or the like'
    )
    esp_proposals: Annotated[tuple[str, ...], AfterValidator(checked(parse_esp))] = Field(
        default=(), description='and for ESP, ["aes256gcm16", "aes256-sha256"] or the like'
    )
    reauthentication: Literal["make-before-break", "break-before-make"] = Field(
        default="make-before-break", description="whether an IKE SA stands until the next authentication has made one"
    )
    mobility: bool = Field(default=True, description="whether the gateway is a home agent; else a tunnel is all")
    mobike: bool = Field(default=False, description="whether MOBIKE is offered, for a gateway that is no home agent")
    eap_only: bool = Field(
        default=False, description="whether the PDN GW may do without a certificate, by EAP alone (RFC 5998)"
    )
    esn: bool = Field(default=True, description="whether ESP may count in 64 bits (RFC 4303 §2.2.1)")
    ipv4: bool = Field(default=False, description="whether an IPv4 Home Address is asked for (RFC 5555 §3.1.1)")
    lifetime: int = Field(default=3600, ge=4, le=262140, description="seconds that a binding is asked for")
    give_up_after: float = Field(default=20.0, gt=0, description="seconds until an attach without answers is given up")

    @property
    def eap_methods(self) -> tuple[EapMethod, ...]:
        """Those it runs; the identity's first character announces the first (TS 23.003 §14.5)."""
        return tuple(_EAP_METHODS[name] for name in self.methods or (self.method,))
