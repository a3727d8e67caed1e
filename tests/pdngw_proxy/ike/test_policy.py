"""What the PDN GW may decide in IKEv2."""

from ipaddress import IPv6Address

from pdngw_proxy.ike.credentials import Credential
from pdngw_proxy.ike.policy import Admission
from tests.ike_link import GATEWAY, pki, responder_policy
from wire.ikev2.nat import NOWHERE, Endpoint


def test_credentials_begin_with_its_own() -> None:
    other = Credential(pki("another").chain, pki("another").key)
    assert responder_policy(others=(other,)).credentials == (Credential(pki().chain, pki().key), other)


def test_ue_over_ipv4_sees_no_endpoint_of_ours() -> None:
    in_ipv6 = Endpoint(IPv6Address("2001:db8::4"), 4500)
    policy = responder_policy(encapsulates=True)
    assert (policy.seen_at(GATEWAY), policy.seen_at(in_ipv6)) == (NOWHERE, in_ipv6)
    assert responder_policy().seen_at(GATEWAY) == GATEWAY


def test_cookies_come_before_the_limit() -> None:
    admission = Admission()
    assert admission.cookie_threshold < admission.source_limit < admission.half_open_limit < admission.session_limit
