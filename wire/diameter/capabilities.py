"""Who may be a peer and what both support: making and judging CER and CEA (RFC 6733 §5.3)."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from wire.diameter.application_ids import application_of
from wire.diameter.applications import ACCOUNTING, Application, vendor_of
from wire.diameter.avp import Avp, AvpFault
from wire.diameter.command import Identity, VendorSpecificApplicationId
from wire.diameter.dictionary import key_of
from wire.diameter.grammar import check
from wire.diameter.groups import GROUPS
from wire.diameter.message import Message
from wire.diameter.peering import CER, CapabilitiesExchangeAnswer, CapabilitiesExchangeRequest
from wire.diameter.results import VENDOR_3GPP, ResultCode, is_success
from wire.frozen import dataclass

NO_INBAND_SECURITY = 0
"""Inband-Security-Id of whoever has no TLS, or has it from the first octet; what no AVP means (RFC 6733 §6.10)."""

_VENDOR_SPECIFIC, _INBAND_SECURITY = key_of("Vendor-Specific-Application-Id"), key_of("Inband-Security-Id")

IpAddress = IPv4Address | IPv6Address
IpNetwork = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class LocalNode:
    """What this node says of itself; `applications` are Application-Ids, `realms` what it serves beside its own."""

    origin_host: str
    origin_realm: str
    applications: tuple[int, ...]
    product_name: str = "Akadia"
    origin_state_id: int | None = None
    realms: tuple[str, ...] = ()

    @property
    def identity(self) -> Identity:
        """Origin-Host and Origin-Realm."""
        return Identity(self.origin_host, self.origin_realm)


@dataclass(frozen=True, slots=True)
class PeerPolicy:
    """A named peer: who it says it is, where it may come from, what it may ask.

    `agent` is true for a relay or proxy, whose requests carry the Origin-Host of others. `connections` is how many it
    may have at once: one for each of its processes (RFC 6733 §2.1).
    """

    name: str
    origin_host: str
    origin_realm: str
    networks: tuple[IpNetwork, ...] = ()
    applications: tuple[int, ...] = ()
    agent: bool = False
    connections: int = 1

    def comes_from(self, address: IpAddress) -> bool:
        """Whether a connection from `address` may be this peer's."""
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        plain = mapped or address
        return any(plain.version == network.version and plain in network for network in self.networks)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a peer has advertised, and `common`: the applications that both may use on this connection."""

    origin_host: str
    common: frozenset[int]
    product_name: str | None = None
    origin_state_id: int | None = None


def same_host(left: str, right: str) -> bool:
    """Whether two DiameterIdentities are the same: names compare without case (RFC 6733 §4.3.1)."""
    return left == right or left.lower() == right.lower()


def named_peer(message: Message, address: IpAddress, policies: tuple[PeerPolicy, ...]) -> PeerPolicy | None:
    """Whose CER this is: by Origin-Host, and only from that peer's own networks."""
    host = message.text("Origin-Host")
    if host is None:
        return None
    return next((p for p in policies if same_host(p.origin_host, host) and p.comes_from(address)), None)


def check_security(cer: Message) -> None:
    """AvpFault 5017 for a CER without TLS that wants it next and nothing else (RFC 6733 §6.10, §7.1.5)."""
    wanted = [int.from_bytes(avp.data, "big") for avp in cer.avps if (avp.code, avp.vendor) == _INBAND_SECURITY]
    if wanted and NO_INBAND_SECURITY not in wanted:
        raise AvpFault(0, "it wants TLS after the CER, not before", ResultCode.NO_COMMON_SECURITY)


def _of_the_ietf(local: LocalNode, *, accounting: bool) -> tuple[int, ...]:
    return tuple(a for a in local.applications if not vendor_of(a) and (a in ACCOUNTING) == accounting)


def advertise(local: LocalNode, addresses: tuple[IpAddress, ...]) -> CapabilitiesExchangeRequest:
    """The CER of this node: IETF applications plain, those of 3GPP in Vendor-Specific-Application-Id."""
    return CapabilitiesExchangeRequest(
        origin_host=local.origin_host,
        origin_realm=local.origin_realm,
        host_ip_addresses=addresses,
        vendor_id=0,
        product_name=local.product_name,
        origin_state_id=local.origin_state_id,
        supported_vendor_ids=(VENDOR_3GPP,),
        auth_application_ids=_of_the_ietf(local, accounting=False),
        acct_application_ids=_of_the_ietf(local, accounting=True),
        vendor_specific_application_ids=_vendor_specific(local.applications),
    )


def accept(local: LocalNode, addresses: tuple[IpAddress, ...], request: Message) -> Message:
    """The CEA with which a CER is accepted."""
    return CapabilitiesExchangeAnswer(
        result_code=ResultCode.SUCCESS,
        origin_host=local.origin_host,
        origin_realm=local.origin_realm,
        host_ip_addresses=addresses,
        vendor_id=0,
        product_name=local.product_name,
        origin_state_id=local.origin_state_id,
        supported_vendor_ids=(VENDOR_3GPP,),
        auth_application_ids=_of_the_ietf(local, accounting=False),
        acct_application_ids=_of_the_ietf(local, accounting=True),
        vendor_specific_application_ids=_vendor_specific(local.applications),
    ).message(request)


def refuse(local: LocalNode, addresses: tuple[IpAddress, ...], request: Message, fault: AvpFault) -> Message:
    """The CEA with which a CER is refused; the connection is closed after it."""
    failed = (Avp(279, 0, 0x40, b"".join(avp.build() for avp in fault.failed)),) if fault.failed else ()
    return CapabilitiesExchangeAnswer(
        result_code=fault.result,
        error_message=fault.reason,
        origin_host=local.origin_host,
        origin_realm=local.origin_realm,
        host_ip_addresses=addresses,
        vendor_id=0,
        product_name=local.product_name,
        extra=failed,
    ).message(request)


def _vendor_specific(applications: tuple[int, ...]) -> tuple[VendorSpecificApplicationId, ...]:
    return tuple(
        VendorSpecificApplicationId(vendor_ids=(vendor_of(a),), auth_application_id=a)
        for a in applications
        if vendor_of(a)
    )


def judge_request(message: Message, local: LocalNode, policy: PeerPolicy) -> Capabilities:
    """What the CER of `policy` gives; AvpFault 5010 without a common application, 3010 for another Origin-Host.

    Also what the grammar and `application_of` find.
    """
    check(CER, message.avps, groups=GROUPS)
    for avp in message.avps:
        if (avp.code, avp.vendor) == _VENDOR_SPECIFIC:
            application_of(avp)
    cer = CapabilitiesExchangeRequest.parse(message)
    return _judged(cer, local, policy)


def judge_answer(message: Message, local: LocalNode, policy: PeerPolicy) -> Capabilities:
    """What the CEA of `policy` gives; AvpFault with its own result when it refuses."""
    cea = CapabilitiesExchangeAnswer.parse(message)
    if cea.result_code is None or not is_success(cea.result_code):
        said = f", {cea.error_message!r}" if cea.error_message else ""
        raise AvpFault(0, f"the peer refuses our CER: {cea.result}{said}", ResultCode.UNABLE_TO_COMPLY)
    return _judged(cea, local, policy)


def _judged(
    said: CapabilitiesExchangeRequest | CapabilitiesExchangeAnswer, local: LocalNode, policy: PeerPolicy
) -> Capabilities:
    if not same_host(said.origin_host, policy.origin_host):
        reason = f"Origin-Host {said.origin_host!r} where {policy.origin_host!r} was configured"
        raise AvpFault(0, reason, ResultCode.UNKNOWN_PEER)
    common = _advertised(said) & frozenset(local.applications) & frozenset(policy.applications or local.applications)
    if Application.RELAY in _advertised(said):
        common = frozenset(policy.applications or local.applications) & frozenset(local.applications)
    if not common:
        raise AvpFault(0, "no common application", ResultCode.NO_COMMON_APPLICATION)
    return Capabilities(said.origin_host, common, said.product_name, said.origin_state_id)


def _advertised(said: CapabilitiesExchangeRequest | CapabilitiesExchangeAnswer) -> frozenset[int]:
    """RFC 6733 §5.3: every Application-Id AVP counts, wherever it stands; the Vendor-Id beside it does not."""
    inner = [
        application
        for each in said.vendor_specific_application_ids
        for application in (each.auth_application_id, each.acct_application_id)
        if application is not None
    ]
    return frozenset((*said.auth_application_ids, *said.acct_application_ids, *inner))
