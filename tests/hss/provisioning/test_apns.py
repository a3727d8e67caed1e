"""Which APNs a subscription may have."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from hss.api import Ambr, ApnProfile, PdnType
from hss.provisioning.apns import ApnRefused, apn_profiles


def test_first_apn_owns_the_static_addresses() -> None:
    ambr = Ambr(1_000_000, 2_000_000)
    assert apn_profiles(
        ["Internet", "ims.example", "*"],
        pdn_type=PdnType.IPV4V6,
        home_addresses=["10.0.0.5", "2001:DB8::5"],
        ambr=ambr,
    ) == (
        ApnProfile(1, "internet", PdnType.IPV4V6, IPv6Address("2001:db8::5"), IPv4Address("10.0.0.5"), ambr),
        ApnProfile(2, "ims.example", PdnType.IPV4V6, ambr=ambr),
        ApnProfile(3, "*", PdnType.IPV4V6, ambr=ambr),
    )


@pytest.mark.parametrize(
    "name", ["", "-a", "a-", "a..b", "a b", "internet.mnc001.mcc001.gprs", "rac1", "sgsnx", "x" * 63, "ä", "**"]
)
def test_name_that_is_no_apn_is_refused(name: str) -> None:
    with pytest.raises(ApnRefused, match="is no APN; write labels"):
        apn_profiles([name], ambr=None)


@pytest.mark.parametrize(
    ("names", "addresses", "pdn_type", "said"),
    [
        ([], [], PdnType.IPV6, "a subscriber needs an APN; name one with --apn"),
        (["a", "A"], [], PdnType.IPV6, "APN a is there twice"),
        (["a"], ["2001:db8::/64"], PdnType.IPV6, "is no IP address; write one such as 2001:db8::5"),
        (["a"], ["10.0.0.1"], PdnType.IPV6, "10.0.0.1 has no place in PDN type IPV6"),
        (["a"], ["2001:db8::1"], PdnType.IPV4, "2001:db8::1 has no place in PDN type IPV4"),
        (["a"], ["2001:db8::1", "2001:db8::2"], PdnType.IPV6, "2001:db8::2 has no place"),
        *(
            (["a"], [text], PdnType.IPV4V6, f"'{text}' is no Home Address; write one that a packet may go to")
            for text in ("ff02::1", "::", "::1", "fe80::1", "2001:db8::5%eth0", "0.0.0.0", "127.0.0.1", "224.0.0.1")
        ),
    ],
)
def test_mistake_is_refused(names: list[str], addresses: list[str], pdn_type: PdnType, said: str) -> None:
    with pytest.raises(ApnRefused, match=said):
        apn_profiles(names, pdn_type=pdn_type, home_addresses=addresses, ambr=None)


@pytest.mark.parametrize("ambr", [Ambr(0, 1), Ambr(1, 0), Ambr(2**32, 1), Ambr(1, -5)])
def test_ambr_that_no_avp_carries_is_refused(ambr: Ambr) -> None:
    with pytest.raises(ApnRefused, match=r"1 to 4294967295 bit/s"):
        apn_profiles(["a"], ambr=ambr)
