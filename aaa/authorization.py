"""What a subscription lets an authenticated user have: one APN, or a refusal (TS 29.273 §9.1.2.1, TS 23.402 §4.6)."""

import re
from dataclasses import dataclass, replace

from aaa.messages import RejectCause
from hss.api import ApnProfile, Profile

WILDCARD = "*"
_OPERATOR_IDENTIFIER = re.compile(r"\.mnc[0-9]{3}\.mcc[0-9]{3}\.gprs\Z", re.IGNORECASE)
_NETWORK_IDENTIFIER = re.compile(r"[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*\Z")
_NETWORK_IDENTIFIER_MAX = 63


@dataclass(frozen=True, slots=True)
class Authorized:
    """The user may have `apn` of `profile`; where the wildcard gave it, `apn.name` is the name that was asked for."""

    profile: Profile
    apn: ApnProfile


@dataclass(frozen=True, slots=True)
class Refused:
    """The user may not; `reason` is one line for the log."""

    cause: RejectCause
    reason: str


def authorize(profile: Profile, requested: str | None) -> Authorized | Refused:
    """What `profile` grants to a request for the APN `requested`; None or "" asks for the default APN.

    An Operator Identifier behind the name is taken off first: subscriptions hold Network Identifiers (TS 23.003 §9.1).
    """
    if not profile.apns:
        return Refused(RejectCause.NO_NON_3GPP_SUBSCRIPTION, "the profile has no APN")
    if not requested:
        return _default(profile)
    name = _OPERATOR_IDENTIFIER.sub("", requested)
    if not _NETWORK_IDENTIFIER.match(name) or len(name) > _NETWORK_IDENTIFIER_MAX:
        return Refused(RejectCause.NO_APN_SUBSCRIPTION, "what was asked for is no APN")
    apn = profile.apn(name)
    if apn is None:
        return Refused(RejectCause.NO_APN_SUBSCRIPTION, f"the profile has no APN {name}")
    # TS 23.003 §9.2.1: the wildcard stands for the APN that the user names, so that is what is granted.
    return Authorized(profile, replace(apn, name=name) if apn.name == WILDCARD else apn)


def _default(profile: Profile) -> Authorized | Refused:
    apn = profile.apn(None)
    if apn is None and len(profile.apns) == 1:
        apn = profile.apns[0]
    if apn is None:
        return Refused(RejectCause.NO_APN_SUBSCRIPTION, "no APN was asked for and the profile has no default")
    if apn.name == WILDCARD:
        # TS 29.272 §7.3.35: the wildcard is never the default, there would be no name to grant.
        return Refused(RejectCause.NO_APN_SUBSCRIPTION, "no APN was asked for and the default is the wildcard")
    return Authorized(profile, apn)
