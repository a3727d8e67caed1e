"""Non-3GPP-User-Data as a profile, and what in it bars a user (TS 29.273 §8.2.3)."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

import pytest

from aaa.swx_profile import profile_of, says_profile
from hss.api import Ambr, ApnProfile, PdnType, Profile, Refusal, ServiceRefused
from wire.diameter.enumerations import Non3gppIpAccess, Non3gppIpAccessApn, SubscriptionIdType
from wire.diameter.enumerations import PdnType as WirePdnType
from wire.diameter.profile import Ambr as WireAmbr
from wire.diameter.profile import ApnConfiguration, Non3gppUserData, SubscriptionId
from wire.identity import Imsi

IMSI = Imsi("001010000000001")
INTERNET = ApnConfiguration(
    context_identifier=1,
    served_party_ip_addresses=(IPv4Address("192.0.2.1"), IPv6Address("2001:db8::1")),
    pdn_type=WirePdnType.IPV4V6,
    service_selection="internet",
    ambr=WireAmbr(uplink=10, downlink=20),
)
ANYTHING = ApnConfiguration(context_identifier=2, pdn_type=WirePdnType.IPV6, service_selection="*")
DATA = Non3gppUserData(
    subscription_ids=(
        SubscriptionId(type=SubscriptionIdType.END_USER_IMSI, data="001010000000001"),
        SubscriptionId(type=SubscriptionIdType.END_USER_E164, data="4917012345"),
    ),
    non_3gpp_ip_access=Non3gppIpAccess.NON_3GPP_SUBSCRIPTION_ALLOWED,
    non_3gpp_ip_access_apn=Non3gppIpAccessApn.NON_3GPP_APNS_ENABLE,
    rat_types=(1001,),
    mip6_feature_vector=0x1,
    ambr=WireAmbr(uplink=30, downlink=40),
    session_timeout=3600,
    context_identifier=1,
    apn_configurations=(INTERNET, ANYTHING),
)


def test_profile_holds_what_the_hss_sent() -> None:
    assert profile_of(IMSI, DATA) == Profile(
        imsi=IMSI,
        apns=(
            ApnProfile(
                1, "internet", PdnType.IPV4V6, IPv6Address("2001:db8::1"), IPv4Address("192.0.2.1"), Ambr(10, 20)
            ),
            ApnProfile(2, "*", PdnType.IPV6),
        ),
        default_context_id=1,
        session_timeout=3600,
        msisdn="4917012345",
        rat_types_refused=frozenset({1001}),
        mip6_features=0x1,
        ambr=Ambr(30, 40),
    )


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (Non3gppUserData(), False),
        (Non3gppUserData(session_timeout=60), False),
        (Non3gppUserData(non_3gpp_ip_access=Non3gppIpAccess.NON_3GPP_SUBSCRIPTION_BARRED), True),
        (Non3gppUserData(non_3gpp_ip_access_apn=Non3gppIpAccessApn.NON_3GPP_APNS_DISABLE), True),
        (Non3gppUserData(apn_configurations=DATA.apn_configurations), True),
    ],
)
def test_data_say_a_profile_by_what_it_always_has(data: Non3gppUserData, says: bool) -> None:
    assert says_profile(data) is says


def test_profile_of_empty_data_holds_nothing() -> None:
    assert profile_of(IMSI, Non3gppUserData()) == Profile(IMSI, ())


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (
            replace(DATA, non_3gpp_ip_access=Non3gppIpAccess.NON_3GPP_SUBSCRIPTION_BARRED),
            Refusal.SUBSCRIBER_BARRED,
        ),
        (
            replace(DATA, non_3gpp_ip_access_apn=Non3gppIpAccessApn.NON_3GPP_APNS_DISABLE),
            Refusal.NO_APN_SUBSCRIPTION,
        ),
    ],
)
def test_profile_that_bars_is_a_refusal(data: Non3gppUserData, refusal: Refusal) -> None:
    with pytest.raises(ServiceRefused) as caught:
        profile_of(IMSI, data)
    assert caught.value.refusal is refusal


@pytest.mark.parametrize(
    ("said", "limit"),
    [(None, None), (0, None), (1, 1), (0x7FFFFFFF, 0x7FFFFFFF), (0x80000000, None), (0xFFFFFFFF, None)],
)
def test_session_without_a_limit_has_none(said: int | None, limit: int | None) -> None:
    assert profile_of(IMSI, replace(DATA, session_timeout=said)).session_timeout == limit
