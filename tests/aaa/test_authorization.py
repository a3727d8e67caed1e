"""Authorization as a table: what a subscription grants to what is asked (TS 29.273 §9.1.2.1)."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

import pytest

from aaa.authorization import Authorized, Refused, authorize
from aaa.diameter.results import RESULTS
from aaa.messages import Access, RejectCause
from hss.api import ApnProfile, PdnType, Profile
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


V6, V4 = IPv6Address("2001:db8::7"), IPv4Address("192.0.2.7")
DSMIP, IP4_HOA, PMIP, GTP, LOCAL_HA = 0x1, 0x0000020000000000, 0x0000010000000000, 0x0000400000000000, 0x2
WLAN, EUTRAN, HRPD = 0, 1004, 2001
ACCESS = [
    ("WLAN where nothing is said", {}, Access(), None),
    ("WLAN where another type is refused", {"rat_types_refused": frozenset({EUTRAN})}, Access(WLAN), None),
    ("WLAN where it is refused", {"rat_types_refused": frozenset({WLAN})}, Access(WLAN), 5452),
    ("a RADIUS client's WLAN where it is refused", {"rat_types_refused": frozenset({WLAN})}, Access(), 5452),
    ("HRPD where it is refused", {"rat_types_refused": frozenset({WLAN, HRPD})}, Access(HRPD), 5452),
    ("DSMIPv6 where all is allowed", {}, Access(mip6_features=DSMIP), DSMIP),
    ("DSMIPv6 with an IPv4 Home Address", {}, Access(mip6_features=DSMIP | IP4_HOA), DSMIP | IP4_HOA),
    ("of two modes the one subscribed", {"mip6_features": GTP}, Access(mip6_features=GTP | PMIP), GTP),
    ("of two modes the one served", {}, Access(mip6_features=DSMIP | LOCAL_HA), DSMIP),
    ("DSMIPv6 where only GTP is subscribed", {"mip6_features": GTP}, Access(mip6_features=DSMIP), 5003),
    ("a home agent of the visited network alone", {}, Access(mip6_features=LOCAL_HA), 5003),
    ("a gateway that supports nothing", {"mip6_features": GTP}, Access(mip6_features=0), 0),
    ("the access type before the mobility service",
     {"mip6_features": GTP, "rat_types_refused": frozenset({WLAN})}, Access(mip6_features=DSMIP), 5452),
]  # fmt: skip


@pytest.mark.parametrize(("what", "extra", "access", "wanted"), ACCESS, ids=[row[0] for row in ACCESS])
def test_access_and_mobility_are_as_subscribed(
    what: str, extra: dict[str, frozenset[int] | int], access: Access, wanted: int | None
) -> None:
    subscription = replace(profile(INTERNET), **extra)  # type: ignore[arg-type]
    granted = authorize(subscription, "internet", access)
    if isinstance(granted, Refused):
        assert RESULTS[granted.cause] == wanted
        assert granted.reason
    else:
        assert granted.mip6_features == wanted
        assert granted.apn == INTERNET


def static(pdn_type: PdnType) -> ApnProfile:
    return ApnProfile(1, "internet", pdn_type, home_address=V6, home_address_v4=V4)


@pytest.mark.parametrize(
    ("pdn_type", "v6", "v4"),
    [
        (PdnType.IPV6, V6, None),
        (PdnType.IPV4, None, V4),
        (PdnType.IPV4V6, V6, V4),
        (PdnType.IPV4_OR_IPV6, V6, V4),
    ],
)
def test_static_home_addresses_are_those_of_the_pdn_type(
    pdn_type: PdnType, v6: IPv6Address | None, v4: IPv4Address | None
) -> None:
    granted = authorize(profile(static(pdn_type)), "internet")
    assert isinstance(granted, Authorized)
    assert (granted.apn.home_address, granted.apn.home_address_v4) == (v6, v4)


EVERY = Access(every_apn=True)


@pytest.mark.parametrize(
    ("subscription", "requested", "wanted"),
    [
        (profile(IMS, INTERNET), None, "internet"),
        (profile(IMS, INTERNET, default=None), None, "ims"),
        (profile(INTERNET, IMS), "ims", "ims"),
        (profile(INTERNET), "ims", RejectCause.NO_APN_SUBSCRIPTION),
        (profile(), None, RejectCause.NO_NON_3GPP_SUBSCRIPTION),
    ],
)
def test_access_network_needs_no_apn(subscription: Profile, requested: str | None, wanted: object) -> None:
    granted = authorize(subscription, requested, EVERY)
    assert (granted.cause if isinstance(granted, Refused) else granted.apn.name) == wanted
