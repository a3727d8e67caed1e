"""Authorization as a table: what a subscription grants to what is asked (TS 29.273 §9.1.2.1)."""

import pytest

from aaa.authorization import Authorized, Refused, authorize
from aaa.messages import RejectCause
from hss.api import ApnProfile, Profile
from wire.identity import Imsi

INTERNET = ApnProfile(1, "internet")
IMS = ApnProfile(2, "ims")
ANYTHING = ApnProfile(3, "*")
NOT_SUBSCRIBED = RejectCause.NO_APN_SUBSCRIPTION


def profile(*apns: ApnProfile, default: int | None = 1) -> Profile:
    return Profile(Imsi("001010000000001"), apns, default)


GRANTED = [
    ("the one named", profile(INTERNET, IMS), "ims", IMS),
    ("in any case", profile(INTERNET, IMS), "IMS", IMS),
    ("without its Operator Identifier", profile(INTERNET, IMS), "ims.mnc001.mcc001.gprs", IMS),
    ("the default when none is named", profile(IMS, INTERNET), None, INTERNET),
    ("the default for an empty name", profile(IMS, INTERNET), "", INTERNET),
    ("the only one when there is no default", profile(IMS, default=None), None, IMS),
    ("the wildcard under the name asked for", profile(INTERNET, ANYTHING), "corp.lan", ApnProfile(3, "corp.lan")),
    ("the named one rather than the wildcard", profile(ANYTHING, INTERNET), "internet", INTERNET),
]

REFUSED = [
    ("one not in the profile", profile(INTERNET), "ims", NOT_SUBSCRIBED),
    ("none named and no default", profile(INTERNET, IMS, default=None), None, NOT_SUBSCRIBED),
    ("none named and a default that is not there", profile(INTERNET, IMS, default=9), None, NOT_SUBSCRIBED),
    ("none named and the wildcard as default", profile(ANYTHING, default=3), None, NOT_SUBSCRIBED),
    ("the wildcard itself", profile(INTERNET, ANYTHING), "*", NOT_SUBSCRIBED),
    ("what is no APN", profile(ANYTHING), "in ternet", NOT_SUBSCRIBED),
    ("what is too long for an APN", profile(ANYTHING), ".".join(["a" * 30] * 3), NOT_SUBSCRIBED),
    ("a line feed", profile(ANYTHING), "internet\n", NOT_SUBSCRIBED),
    ("anything of an empty profile", profile(), "internet", RejectCause.NO_NON_3GPP_SUBSCRIPTION),
    ("the default of an empty profile", profile(), None, RejectCause.NO_NON_3GPP_SUBSCRIPTION),
]


@pytest.mark.parametrize(("what", "subscription", "requested", "apn"), GRANTED, ids=[row[0] for row in GRANTED])
def test_authorization_grants(what: str, subscription: Profile, requested: str | None, apn: ApnProfile) -> None:
    assert authorize(subscription, requested) == Authorized(subscription, apn)


@pytest.mark.parametrize(("what", "subscription", "requested", "cause"), REFUSED, ids=[row[0] for row in REFUSED])
def test_authorization_refuses(what: str, subscription: Profile, requested: str | None, cause: RejectCause) -> None:
    refused = authorize(subscription, requested)
    assert isinstance(refused, Refused)
    assert refused.cause is cause
    assert refused.reason
