"""What a subscription lets an authenticated user have (TS 29.273 §9.1.2.1, §7.1.2.1, §5.1.2.1; TS 23.402 §4.6)."""

import re
from dataclasses import replace

from aaa.messages import WLAN_ACCESS, Access, RejectCause
from hss.api import ApnProfile, PdnType, Profile
from wire.diameter.enumerations import Mip6FeatureVector
from wire.frozen import dataclass

WILDCARD = "*"
SERVED_FEATURES = (
    Mip6FeatureVector.MIP6_INTEGRATED
    | Mip6FeatureVector.PMIP6_SUPPORTED
    | Mip6FeatureVector.IP4_HOA_SUPPORTED
    | Mip6FeatureVector.GTPV2_SUPPORTED
)
"""The mobility services that this server can authorise; a home agent of the visited network is none of them."""

_OPERATOR_IDENTIFIER = re.compile(r"\.mnc[0-9]{3}\.mcc[0-9]{3}\.gprs\Z", re.IGNORECASE)
_NETWORK_IDENTIFIER = re.compile(r"[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*\Z")
_NETWORK_IDENTIFIER_MAX = 63


@dataclass(frozen=True, slots=True)
class Authorized:
    """The user may have `apn` of `profile`; where the wildcard gave it, `apn.name` is the name that was asked for.

    Its static Home Addresses are those that its PDN-Type has room for. `mip6_features` is None where none was asked
    for.
    """

    profile: Profile
    apn: ApnProfile
    mip6_features: int | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The user may not; `reason` is one line for the log."""

    cause: RejectCause
    reason: str


def authorize(profile: Profile, requested: str | None, access: Access = WLAN_ACCESS) -> Authorized | Refused:
    """What `profile` grants to a request for the APN `requested`; None or "" asks for the default APN.

    Refused in the order of TS 29.273 §9.1.2.1.2: no subscription (5450), the access type (5452), the mobility service
    (5003), the APN (5451).
    """
    if not profile.apns:
        return Refused(RejectCause.NO_NON_3GPP_SUBSCRIPTION, "the profile has no APN")
    if access.rat_type in profile.rat_types_refused:
        return Refused(RejectCause.RAT_NOT_ALLOWED, f"the profile does not allow RAT-Type {access.rat_type}")
    features = None if access.mip6_features is None else _features(profile, access.mip6_features)
    if access.mip6_features and not features:
        reason = f"nothing of MIP6-Feature-Vector {access.mip6_features:#x} is allowed"
        return Refused(RejectCause.MOBILITY_NOT_ALLOWED, reason)
    apn = _apn(profile, requested, every=access.every_apn)
    return apn if isinstance(apn, Refused) else Authorized(profile, _with_possible_addresses(apn), features)


def _features(profile: Profile, supported: int) -> int:
    """RFC 5447 §4.2.5: of what the gateway supports, what is subscribed and served here."""
    subscribed = SERVED_FEATURES if profile.mip6_features is None else profile.mip6_features
    return int(supported & subscribed & SERVED_FEATURES)


def _apn(profile: Profile, requested: str | None, *, every: bool) -> ApnProfile | Refused:
    """An Operator Identifier is taken off first: subscriptions hold Network Identifiers (TS 23.003 §9.1)."""
    if not requested:
        return profile.apn(None) or profile.apns[0] if every else _default(profile)
    name = _OPERATOR_IDENTIFIER.sub("", requested)
    if not _NETWORK_IDENTIFIER.match(name) or len(name) > _NETWORK_IDENTIFIER_MAX:
        return Refused(RejectCause.NO_APN_SUBSCRIPTION, "what was asked for is no APN")
    apn = profile.apn(name)
    if apn is None:
        return Refused(RejectCause.NO_APN_SUBSCRIPTION, f"the profile has no APN {name}")
    # TS 23.003 §9.2.1: the wildcard stands for the APN that the user names, so that is what is granted.
    return replace(apn, name=name) if apn.name == WILDCARD else apn


def _default(profile: Profile) -> ApnProfile | Refused:
    apn = profile.apn(None)
    if apn is None and len(profile.apns) == 1:
        apn = profile.apns[0]
    if apn is None:
        return Refused(RejectCause.NO_APN_SUBSCRIPTION, "no APN was asked for and the profile has no default")
    if apn.name == WILDCARD:
        # TS 29.272 §7.3.35: the wildcard is never the default, there would be no name to grant.
        return Refused(RejectCause.NO_APN_SUBSCRIPTION, "no APN was asked for and the default is the wildcard")
    return apn


def _with_possible_addresses(apn: ApnProfile) -> ApnProfile:
    """TS 29.272 §7.3.62: a static address that its PDN-Type excludes is not granted."""
    if apn.home_address is None and apn.home_address_v4 is None:
        return apn
    if apn.pdn_type is PdnType.IPV4 and apn.home_address is not None:
        return replace(apn, home_address=None)
    if apn.pdn_type is PdnType.IPV6 and apn.home_address_v4 is not None:
        return replace(apn, home_address_v4=None)
    return apn
