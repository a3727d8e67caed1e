"""[pdngw]: where the gateway listens, who it is, which Home Addresses it gives."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from runtime.config import ConfigPath, OptionalPath, Section
from runtime.sa_config import SaConfig
from wire.ikev2.proposal_text import checked, parse_esp, parse_ike
from wire.ikev2.redirect import GatewayIdentity


def _gateway(text: str) -> str:
    if text:
        GatewayIdentity.of(text)
    return text


def _apn_elsewhere(text: str) -> str:
    apn, separator, gateway = text.partition("=")
    if not apn or not separator:
        raise ValueError(f"{text!r} is not an APN and its gateway; write it as ims=192.0.2.5")
    GatewayIdentity.of(gateway)
    return text


class CredentialConfig(Section):
    """[[pdngw.alternate]]: another certificate of the gateway, for UEs that it suits better."""

    certificate: ConfigPath = Field(description="its certificate, PEM, the chain after it")
    key: ConfigPath = Field(description="its private key, PEM")


class HomeAgentConfig(Section):
    """[[pdngw.home_agent]]: another home agent of home_prefix, for UEs that look for one by the prefix."""

    address: IPv6Address = Field(description="its address")
    preference: int = Field(default=0, ge=0, le=65535, description="of the higher, the better (RFC 6275 §7.4)")


class PdnGwConfig(SaConfig):
    """One PDN GW: IKEv2 responder and home agent."""

    address: IPv4Address = Field(
        description="the address that UEs in IPv4 networks reach it by; 0.0.0.0 for all of the machine"
    )
    ike_port: int = Field(default=5500, ge=1, le=65535, description="IKE without the non-ESP marker")
    natt_port: int = Field(default=4500, ge=1, le=65535, description="IKE and ESP in UDP (RFC 3948)")
    dsmip_port: int = Field(default=4191, ge=1, le=65535, description="Binding Updates in UDP (RFC 5555 §4.1)")
    id: str = Field(min_length=1, description="the gateway's own name, in its certificate")
    certificate: ConfigPath = Field(description="its certificate, PEM, the chain after it")
    key: ConfigPath = Field(description="its private key, PEM")
    alternate: tuple[CredentialConfig, ...] = Field(
        default=(), description="further certificates, shown where they suit a UE's CERTREQ, IDr or signatures better"
    )
    ha_address: IPv6Address = Field(description="the home agent's IPv6 address, in the home prefix")
    preference: int = Field(
        default=0, ge=0, le=65535, description="its own among those of [[pdngw.home_agent]]; of the higher, the better"
    )
    home_agent: tuple[HomeAgentConfig, ...] = Field(
        default=(), description="further home agents that UEs are told of when they look for some (RFC 6275 §10.5)"
    )
    home_prefix: IPv6Network = Field(description='the pool of Home Addresses, such as "2001:db8:1::/64"')
    home_prefix_lifetime: int = Field(
        default=2_592_000, ge=8, le=4_294_967_294, description="seconds for which home_prefix is said to be valid"
    )
    advertisement_interval: int = Field(
        default=86_400,
        ge=0,
        le=4_294_967_294,
        description="seconds at most until a UE is told of home_prefix unasked (RFC 6275 §10.6.2); 0: never",
    )
    ipv4_home_prefix: IPv4Network | None = Field(
        default=None, description='the pool of IPv4 Home Addresses, such as "10.1.2.0/24" (RFC 5555 §3.1.1)'
    )
    tun: str = Field(default="", max_length=15, description='a TUN device such as "akadia0", or "" for none')
    home_link: str = Field(
        default="",
        max_length=15,
        description='with tun: the interface on the home link, if other hosts share home_prefix; "" for none',
    )
    aaa: Literal["diameter", "radius"] = "diameter"
    ike_proposals: Annotated[tuple[str, ...], AfterValidator(checked(parse_ike))] = Field(
        default=(), description='what it accepts for IKE SAs, ["aes256gcm16-prfsha384-ecp384"] or the like'
    )
    esp_proposals: Annotated[tuple[str, ...], AfterValidator(checked(parse_esp))] = Field(
        default=(), description='and for ESP, ["aes256gcm16", "aes256-sha256"] or the like'
    )
    dns_servers: tuple[IPv4Address | IPv6Address, ...] = Field(
        default=(), description="the DNS servers that UEs are told of when they ask"
    )
    pcscf_servers: tuple[IPv4Address | IPv6Address, ...] = Field(
        default=(), description="the P-CSCFs that UEs are told of when they ask (RFC 7651)"
    )
    eap_only: bool = Field(default=False, description="no certificate for a UE that asks for none (RFC 5998)")
    ask_identity: bool = Field(default=False, description="EAP-Request/Identity for every UE, even when IDi is its NAI")
    force_encapsulation: bool = Field(
        default=False, description="ESP in UDP over IPv4 even where there is no NAT: the sockets take no other"
    )
    auth_lifetime: int = Field(
        default=0,
        ge=0,
        description="seconds after which a UE has to have authenticated anew; 0: as the AAA server says",
    )
    reauthentication_time: int = Field(
        default=60, ge=5, description="seconds that a UE has for it when the AAA server wants it (RFC 4478)"
    )
    mobike: bool = Field(default=True, description="whether UEs may move by MOBIKE (RFC 4555)")
    mobike_check: Literal["before", "after", "never"] = Field(
        default="after",
        description="when a UE that moves has to show that it is there: before or after ESP follows",
    )
    moves_ike: bool = Field(
        default=True, description="whether IKE SAs move with Binding Updates that ask for it by K (RFC 6275 §10.3.1)"
    )
    redirect_to: Annotated[str, AfterValidator(_gateway)] = Field(
        default="", description='another PDN GW, address or name, for UEs from redirect_from IKE SAs on; "" for none'
    )
    redirect_from: int = Field(default=0, ge=0, description="from so many IKE SAs on, UEs are sent to redirect_to")
    redirect_apns: tuple[Annotated[str, AfterValidator(_apn_elsewhere)], ...] = Field(
        default=(), description='the PDN GWs of APNs that are not served here, such as ["ims=192.0.2.5"] (RFC 5685)'
    )
    drain_to: Annotated[str, AfterValidator(_gateway)] = Field(
        default="", description='another PDN GW that UEs are sent to when this one stops; "" for none (RFC 5685)'
    )
    control: OptionalPath = Field(
        default=None, description='the socket on which it is told things, such as "pdngw.sock"; "" for none'
    )
    half_open_limit: int = Field(
        default=1000,
        ge=1,
        description="IKE SAs at most whose UE is not authenticated yet; beyond, the oldest gives way",
    )
    half_open_per_source: int = Field(default=500, ge=1, description="of these, at most so many from one address")
    cookie_threshold: int = Field(
        default=100, ge=0, description="from so many on, a COOKIE comes first (RFC 7296 §2.6)"
    )
    session_limit: int = Field(default=10_000, ge=1, description="IKE SAs at most")
    lifetime_limit: int = Field(default=3600, ge=4, le=262140, description="seconds a binding is granted at most")
    refresh_advice: int = Field(
        default=0, ge=0, le=262140, description="seconds after which UEs should renew; 0: as they like"
    )

    @property
    def redirects(self) -> dict[str, GatewayIdentity]:
        """The gateways of `redirect_apns` by APN, in small letters."""
        pairs = (text.partition("=") for text in self.redirect_apns)
        return {apn.lower(): GatewayIdentity.of(gateway) for apn, _, gateway in pairs}

    @model_validator(mode="after")
    def _home_agent_is_at_home(self) -> Self:
        if self.ha_address not in self.home_prefix:
            raise ValueError(f"ha_address {self.ha_address} is not in {self.home_prefix}; choose one in home_prefix")
        return self

    @model_validator(mode="after")
    def _home_link_has_a_device(self) -> Self:
        if self.home_link and not self.tun:
            raise ValueError(f"home_link {self.home_link} needs tun, which its packets go through; name a TUN device")
        return self

    @model_validator(mode="after")
    def _ipv4_home_network_has_hosts(self) -> Self:
        if self.ipv4_home_prefix is not None and self.ipv4_home_prefix.prefixlen > 29:
            raise ValueError(f"ipv4_home_prefix {self.ipv4_home_prefix} is too small; choose /29 or wider")
        return self
