"""What every front (RADIUS, Diameter EAP, S6b) hands to the authentication service, and what it gets back."""

from dataclasses import field
from enum import Enum
from typing import Protocol

from hss.api import ApnProfile, Profile
from wire.frozen import dataclass
from wire.identity import EapMethod, Imsi
from wire.secret import Secret


@dataclass(frozen=True, slots=True)
class Client:
    """A named peer that may ask: a RADIUS client or a Diameter peer.

    `network_name` is the access network identity for EAP-AKA' (AT_KDF_INPUT, TS 24.302 §8.1.1); None means that this
    client is offered EAP-AKA alone. With `names_network` the client may say in its requests which it is, and
    `network_name` is for those that do not. `show_imsi` when it is told the permanent identity of a user who hid it.
    """

    name: str
    network_name: str | None = None
    show_imsi: bool = True
    names_network: bool = False


@dataclass(frozen=True, slots=True)
class Access:
    """How the user comes and what his gateway could give him (TS 29.273 §9.2.2.1.1).

    `rat_type` is RAT-Type, 0 for WLAN; `mip6_features` the MIP6-Feature-Vector that the gateway supports, None where it
    does not say. With `every_apn` an access network wants to know all that the user may have, not one APN.
    """

    rat_type: int = 0
    mip6_features: int | None = None
    every_apn: bool = False


WLAN_ACCESS = Access()


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """One EAP round. `eap` is one whole EAP packet, or empty for EAP-Start (RFC 3579 §2.1, RFC 4072 §2.2).

    `state` is None in the first round, and afterwards what the last Challenge gave; it is opaque to the client.
    `network_name` is the access network identity that the request itself names, `session` what the client calls the
    session, "" where it does not say. With `aaa_failure` the server that served the user has failed (TS 29.273
    §8.2.3.21), and with `follows_redirects` the client may be sent to the one that does. With `last_chance` a packet
    that would be ignored ends the conversation.
    """

    client: Client
    eap: bytes
    state: bytes | None = None
    user_name: str | None = None
    apn: str | None = None
    front: str = "radius"
    network_name: str | None = None
    access: Access = WLAN_ACCESS
    session: str = ""
    aaa_failure: bool = False
    follows_redirects: bool = False
    last_chance: bool = False


class RejectCause(Enum):
    """Why an access is rejected; each front translates it into its own code in one table."""

    USER_UNKNOWN = "user unknown"
    SUBSCRIBER_BARRED = "subscriber barred"
    NO_NON_3GPP_SUBSCRIPTION = "no non-3GPP subscription"
    NO_APN_SUBSCRIPTION = "APN not subscribed"
    ROAMING_NOT_ALLOWED = "roaming not allowed"
    RAT_NOT_ALLOWED = "access type not allowed"
    MOBILITY_NOT_ALLOWED = "mobility service not subscribed"
    WRONG_RESPONSE = "the UE's RES or MAC is wrong"
    NETWORK_REFUSED_BY_UE = "the UE rejects the network's AUTN"
    CLIENT_ERROR = "the UE reports an error"
    METHOD_REFUSED = "the UE accepts none of our EAP methods"
    BAD_EAP = "the EAP packet is not what this round allows"
    RESYNCHRONISATION_REJECTED = "AUTS is not genuine"
    UNKNOWN_STATE = "no such conversation"
    UE_SILENT = "the UE has fallen silent"
    REGISTERED_ELSEWHERE = "another AAA server serves this user"
    HSS_UNAVAILABLE = "the HSS does not answer"
    HSS_REFUSED = "the HSS refuses the request"
    TOO_BUSY = "too busy"
    NOT_SERVED = "the request could not be served"


@dataclass(frozen=True, slots=True)
class Challenge:
    """Go on: `eap` is the next EAP request, `state` what the client must bring back, `timeout` seconds to answer in."""

    eap: bytes
    state: bytes
    timeout: int = 30


@dataclass(frozen=True, slots=True)
class Accept:
    """Authenticated and authorised. `eap` is EAP-Success; `msk` 64 octets; `session_id` the EAP Session-Id.

    `mip6_features` is the MIP6-Feature-Vector granted, None where none was asked for; `session` what the log calls all
    of it, and `access` how the user has come, by which he was judged.
    """

    eap: bytes
    msk: Secret
    session_id: bytes
    method: EapMethod
    imsi: Imsi
    user_name: str
    profile: Profile
    apn: ApnProfile | None
    state: bytes = b""
    mip6_features: int | None = None
    session: str = ""
    access: Access = WLAN_ACCESS


@dataclass(frozen=True, slots=True)
class Reject:
    """Refused: `eap` is EAP-Failure (empty when there is no EAP packet to answer); `detail` is for the log.

    With `server`, the Origin-Host of another AAA server, this round is to be asked of that one, and nothing is decided.
    """

    eap: bytes
    cause: RejectCause
    detail: str = ""
    imsi: Imsi | None = field(default=None)
    server: str = ""


@dataclass(frozen=True, slots=True)
class Ignore:
    """Answer nothing: the EAP packet is one that RFC 3748 says to discard silently.

    With `for_now` the same request is worth another look when it comes again.
    """

    reason: str
    for_now: bool = False


AccessAnswer = Challenge | Accept | Reject | Ignore


class AuthenticationService(Protocol):
    """The one door of the AAA core; every front calls it and nothing else."""

    async def authenticate(self, request: AccessRequest) -> AccessAnswer:
        """Serve one round. Raises nothing for bad input: the answer says it."""
