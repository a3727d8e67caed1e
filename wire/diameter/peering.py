"""What two peers say to each other alone: CER/CEA, DWR/DWA, DPR/DPA (RFC 6733 §5.3, §5.4, §5.5)."""

from dataclasses import field
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address
from typing import ClassVar

from wire.diameter.command import Answer, Request, VendorSpecificApplicationId
from wire.diameter.enumerations import DisconnectCause
from wire.diameter.grammar import grammar
from wire.diameter.record import avp
from wire.frozen import dataclass


class PeerCommand(IntEnum):
    """Command codes that are never forwarded."""

    CAPABILITIES_EXCHANGE = 257
    DEVICE_WATCHDOG = 280
    DISCONNECT_PEER = 282


CER = grammar("""
    { Origin-Host } { Origin-Realm } 1* { Host-IP-Address } { Vendor-Id } { Product-Name } [ Origin-State-Id ]
    * [ Supported-Vendor-Id ] * [ Auth-Application-Id ] * [ Inband-Security-Id ] * [ Acct-Application-Id ]
    * [ Vendor-Specific-Application-Id ] [ Firmware-Revision ] * [ AVP ]
""")
CEA = grammar("""
    { Result-Code } { Origin-Host } { Origin-Realm } 1* { Host-IP-Address } { Vendor-Id } { Product-Name }
    [ Origin-State-Id ] [ Error-Message ] [ Failed-AVP ] * [ Supported-Vendor-Id ] * [ Auth-Application-Id ]
    * [ Inband-Security-Id ] * [ Acct-Application-Id ] * [ Vendor-Specific-Application-Id ] [ Firmware-Revision ]
    * [ AVP ]
""")
DWR = grammar("{ Origin-Host } { Origin-Realm } [ Origin-State-Id ] * [ AVP ]")
DWA = grammar("{ Result-Code } { Origin-Host } { Origin-Realm } [ Error-Message ] [ Failed-AVP ] [ Origin-State-Id ]")
DPR = grammar("{ Origin-Host } { Origin-Realm } { Disconnect-Cause } * [ AVP ]")
DPA = grammar("{ Result-Code } { Origin-Host } { Origin-Realm } [ Error-Message ] [ Failed-AVP ] * [ AVP ]")


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilitiesExchangeRequest(Request):
    """CER of RFC 6733 §5.3.1."""

    COMMAND: ClassVar[int] = PeerCommand.CAPABILITIES_EXCHANGE
    PROXIABLE: ClassVar[bool] = False

    origin_host: str = field(metadata=avp("Origin-Host"))
    origin_realm: str = field(metadata=avp("Origin-Realm"))
    host_ip_addresses: tuple[IPv4Address | IPv6Address, ...] = field(default=(), metadata=avp("Host-IP-Address"))
    vendor_id: int = field(metadata=avp("Vendor-Id"))
    product_name: str = field(metadata=avp("Product-Name"))
    origin_state_id: int | None = field(default=None, metadata=avp("Origin-State-Id"))
    supported_vendor_ids: tuple[int, ...] = field(default=(), metadata=avp("Supported-Vendor-Id"))
    auth_application_ids: tuple[int, ...] = field(default=(), metadata=avp("Auth-Application-Id"))
    inband_security_ids: tuple[int, ...] = field(default=(), metadata=avp("Inband-Security-Id"))
    acct_application_ids: tuple[int, ...] = field(default=(), metadata=avp("Acct-Application-Id"))
    vendor_specific_application_ids: tuple[VendorSpecificApplicationId, ...] = field(
        default=(), metadata=avp("Vendor-Specific-Application-Id", VendorSpecificApplicationId)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilitiesExchangeAnswer(Answer):
    """CEA of RFC 6733 §5.3.2; an error answer may lack all but the identity."""

    origin_host: str = field(metadata=avp("Origin-Host"))
    origin_realm: str = field(metadata=avp("Origin-Realm"))
    host_ip_addresses: tuple[IPv4Address | IPv6Address, ...] = field(default=(), metadata=avp("Host-IP-Address"))
    vendor_id: int | None = field(default=None, metadata=avp("Vendor-Id"))
    product_name: str | None = field(default=None, metadata=avp("Product-Name"))
    origin_state_id: int | None = field(default=None, metadata=avp("Origin-State-Id"))
    supported_vendor_ids: tuple[int, ...] = field(default=(), metadata=avp("Supported-Vendor-Id"))
    auth_application_ids: tuple[int, ...] = field(default=(), metadata=avp("Auth-Application-Id"))
    inband_security_ids: tuple[int, ...] = field(default=(), metadata=avp("Inband-Security-Id"))
    acct_application_ids: tuple[int, ...] = field(default=(), metadata=avp("Acct-Application-Id"))
    vendor_specific_application_ids: tuple[VendorSpecificApplicationId, ...] = field(
        default=(), metadata=avp("Vendor-Specific-Application-Id", VendorSpecificApplicationId)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceWatchdogRequest(Request):
    """DWR of RFC 6733 §5.5.1."""

    COMMAND: ClassVar[int] = PeerCommand.DEVICE_WATCHDOG
    PROXIABLE: ClassVar[bool] = False

    origin_host: str = field(metadata=avp("Origin-Host"))
    origin_realm: str = field(metadata=avp("Origin-Realm"))
    origin_state_id: int | None = field(default=None, metadata=avp("Origin-State-Id"))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceWatchdogAnswer(Answer):
    """DWA of RFC 6733 §5.5.2."""

    origin_host: str = field(metadata=avp("Origin-Host"))
    origin_realm: str = field(metadata=avp("Origin-Realm"))
    origin_state_id: int | None = field(default=None, metadata=avp("Origin-State-Id"))


@dataclass(frozen=True, slots=True, kw_only=True)
class DisconnectPeerRequest(Request):
    """DPR of RFC 6733 §5.4.1."""

    COMMAND: ClassVar[int] = PeerCommand.DISCONNECT_PEER
    PROXIABLE: ClassVar[bool] = False

    origin_host: str = field(metadata=avp("Origin-Host"))
    origin_realm: str = field(metadata=avp("Origin-Realm"))
    disconnect_cause: DisconnectCause = field(metadata=avp("Disconnect-Cause", DisconnectCause))


@dataclass(frozen=True, slots=True, kw_only=True)
class DisconnectPeerAnswer(Answer):
    """DPA of RFC 6733 §5.4.2."""

    origin_host: str = field(metadata=avp("Origin-Host"))
    origin_realm: str = field(metadata=avp("Origin-Realm"))
