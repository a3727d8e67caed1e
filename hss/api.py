"""What may be asked of the HSS, in process, over SWx or over S6a alike (TS 29.273 §8.1.2, TS 29.272 §5.2.3)."""

from collections.abc import Mapping
from dataclasses import field
from enum import Enum
from ipaddress import IPv4Address, IPv6Address
from typing import Protocol

from wire.aka.vector import AuthVector, EpsVector
from wire.frozen import dataclass
from wire.identity import EapMethod, Imsi


class Refusal(Enum):
    """Why the HSS gives nothing; each face translates it into its own code in one table."""

    USER_UNKNOWN = "user unknown"
    SUBSCRIBER_BARRED = "subscriber barred"
    NO_NON_3GPP_SUBSCRIPTION = "no non-3GPP subscription"
    NO_APN_SUBSCRIPTION = "APN not subscribed"
    SCHEME_NOT_SUPPORTED = "authentication scheme not supported"
    ROAMING_NOT_ALLOWED = "roaming not allowed"
    RAT_NOT_ALLOWED = "access type not allowed"
    REGISTERED_ELSEWHERE = "another AAA server serves this user"
    RESYNCHRONISATION_REJECTED = "AUTS is not genuine"
    INVALID_REQUEST = "the request is not well-formed"
    UNAVAILABLE = "the HSS does not answer"
    TOO_BUSY = "the HSS is too busy"


class ServiceRefused(Exception):
    """The HSS refuses; `detail` is one line for the operator and never carries key material."""

    def __init__(self, refusal: Refusal, detail: str = "", serving_aaa: str | None = None) -> None:
        super().__init__(f"{refusal.value}: {detail}" if detail else refusal.value)
        self.refusal = refusal
        self.detail = detail
        self.serving_aaa = serving_aaa


class PdnType(Enum):
    """PDN-Type of TS 29.272 §7.3.62, by its wire number."""

    IPV4 = 0
    IPV6 = 1
    IPV4V6 = 2
    IPV4_OR_IPV6 = 3


@dataclass(frozen=True, slots=True)
class Ambr:
    """Aggregate Maximum Bit Rate, in bits per second."""

    uplink: int
    downlink: int


@dataclass(frozen=True, slots=True)
class SpecificApn:
    """An APN that the wildcard stands for, and the PDN GW that serves it now (TS 29.272 §7.3.82)."""

    name: str
    pdn_gw: IPv6Address | IPv4Address


@dataclass(frozen=True, slots=True)
class ApnProfile:
    """One APN of a subscription (APN-Configuration of TS 29.272 §7.3.35); `name` "*" is the wildcard APN.

    `pdn_gw` is the PDN GW that serves it now, so that a handover finds it again; the wildcard has `specific` ones.
    """

    context_id: int
    name: str
    pdn_type: PdnType = PdnType.IPV6
    home_address: IPv6Address | None = None
    home_address_v4: IPv4Address | None = None
    ambr: Ambr | None = None
    pdn_gw: IPv6Address | IPv4Address | None = None
    specific: tuple[SpecificApn, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """What a subscriber may use over non-3GPP access (Non-3GPP-User-Data of TS 29.273 §8.2.3.1).

    `rat_types_refused` are the RAT-Types that are not allowed, `mip6_features` the MIP6-Feature-Vector that the
    subscription allows (None: any), `ambr` the UE-AMBR over all APNs.
    """

    imsi: Imsi
    apns: tuple[ApnProfile, ...]
    default_context_id: int | None = None
    session_timeout: int | None = None
    msisdn: str | None = None
    rat_types_refused: frozenset[int] = frozenset()
    mip6_features: int | None = None
    ambr: Ambr | None = None

    def apn(self, name: str | None) -> ApnProfile | None:
        """The profile of `name` (any case), the default when None, the wildcard when unlisted; None when neither."""
        if name is None:
            default = self.default_context_id
            for apn in self.apns:
                if apn.context_id == default:
                    return apn
            return None
        named = next((apn for apn in self.apns if apn.name.lower() == name.lower()), None)
        return named or next((apn for apn in self.apns if apn.name == "*"), None)


@dataclass(frozen=True, slots=True)
class Resynchronisation:
    """What a USIM answered that found SQN out of range: `rand` 16 octets of that challenge, `auts` 14 octets."""

    rand: bytes
    auts: bytes


@dataclass(frozen=True, slots=True)
class VectorRequest:
    """A request for authentication vectors (MAR of TS 29.273 §8.1.2.1, AIR of TS 29.272 §5.2.3.1).

    `node` is the Origin-Host of the AAA server or MME that asks. `network_name` is required for EAP-AKA' (the ANID):
    the vectors then carry CK' and IK' (TS 33.402 Annex A.2) and the AMF separation bit is 1. `aaa_failure` says that
    the AAA server that serves the user does not answer (AAA-Failure-Indication). A node that serves no user by SWx is
    not `from_aaa`. `method` is None for a MME or SGSN, whose vectors are for no EAP; `serving_network`, the
    Visited-PLMN-Id of 3 octets, is required for E-UTRAN.
    """

    imsi: Imsi
    node: str
    method: EapMethod | None = EapMethod.AKA
    count: int = 1
    network_name: str | None = None
    resynchronisation: Resynchronisation | None = None
    aaa_failure: bool = False
    from_aaa: bool = True
    serving_network: bytes | None = None


class Assignment(Enum):
    """Server-Assignment-Type values that SWx uses (TS 29.273 §8.1.2.2), by wire number."""

    REGISTRATION = 1
    USER_DEREGISTRATION = 5
    ADMINISTRATIVE_DEREGISTRATION = 8
    AUTHENTICATION_FAILURE = 9
    AUTHENTICATION_TIMEOUT = 10
    USER_DATA_REQUEST = 12
    PGW_UPDATE = 13
    RESTORATION = 14

    # each is there once: Enum's own hash, of the name, is a call wherever one is looked up
    __hash__ = object.__hash__


ASSIGNMENTS: Mapping[Assignment, str] = {one: one.name.lower() for one in Assignment}
"""What each is called where it is counted; Enum.name would be a call for each request."""


@dataclass(frozen=True, slots=True)
class AssignmentRequest:
    """Registration, deregistration or a request for the profile (SAR)."""

    imsi: Imsi
    node: str
    assignment: Assignment
    apn: str | None = None
    pdn_gw: IPv6Address | IPv4Address | None = field(default=None)


class HomeSubscriberServer(Protocol):
    """The HSS as the AAA server sees it. Every method may raise ServiceRefused, and nothing else that is expected."""

    async def vectors(self, request: VectorRequest) -> tuple[AuthVector, ...]:
        """1 to `request.count` vectors, lowest SQN first; committed before they are returned."""

    async def assign(self, request: AssignmentRequest) -> Profile | None:
        """The profile for REGISTRATION, USER_DATA_REQUEST and RESTORATION; None for the rest."""


class AuthenticationCentre(Protocol):
    """The HSS as a MME or SGSN sees it. Every method may raise ServiceRefused, and nothing else that is expected."""

    async def vectors(self, request: VectorRequest) -> tuple[AuthVector, ...]:
        """As `HomeSubscriberServer.vectors`; without a method they are for UTRAN or GERAN alone."""

    async def eps_vectors(self, request: VectorRequest) -> tuple[EpsVector, ...]:
        """1 to `request.count` vectors for `request.serving_network`, lowest SQN first; committed as others are.

        Refused with NO_APN_SUBSCRIPTION where the subscriber has no APN.
        """
