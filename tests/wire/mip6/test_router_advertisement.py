"""Router Advertisements of home agents: radvd's is read, and what no router of the link sends is refused."""

from dataclasses import replace
from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.errors import DecodeError
from wire.ip.icmpv6 import UnknownIcmpv6, build_icmpv6
from wire.ip.ipv6 import PROTO_ICMPV6, Ipv6Packet
from wire.mip6.router_advertisement import AdvertisedAgent, parse_agent

ROUTER, ALL_NODES = IPv6Address("fe80::ff:fe00:a"), IPv6Address("ff02::1")
AGENT = IPv6Address("2001:db8:1::2")

# radvd 2.19: AdvHomeAgentFlag, AdvHomeAgentInfo, HomeAgentPreference 10, HomeAgentLifetime 1800, AdvRouterAddr
RADVD = bytes.fromhex(
    "600d128f00403aff fe80000000000000000000fffe00000a ff020000000000000000000000000001"
    "86002cfe40200258 0000000000000000"
    "030440e00001518000003840 00000000 20010db8000100000000000000000002"
    "010102000000000a 08010000000a0708"
)
FIXED, PREFIX, INFORMATION = RADVD[44:56], RADVD[56:88], RADVD[96:]


def said(body: bytes, **changes: object) -> bytes:
    """A Router Advertisement behind its checksum."""
    whole = Ipv6Packet(source=ROUTER, destination=ALL_NODES, next_header=PROTO_ICMPV6, payload=b"", hop_limit=255)
    whole = replace(whole, **changes)  # type: ignore[arg-type]
    payload = build_icmpv6(UnknownIcmpv6(134, 0, body), whole.source, whole.destination)
    return replace(whole, payload=payload).build()


def test_radvds_home_agent_is_read() -> None:
    assert parse_agent(RADVD) == AdvertisedAgent(ROUTER, (AGENT,), lifetime=1800, preference=10)
    assert parse_agent(said(RADVD[44:])) == parse_agent(RADVD)


def test_without_the_information_option_it_is_as_good_as_any_for_as_long_as_it_routes() -> None:
    # RFC 6275 §7.4
    assert parse_agent(said(FIXED + PREFIX)) == AdvertisedAgent(ROUTER, (AGENT,), lifetime=600, preference=0)


def test_router_without_h_is_no_home_agent() -> None:
    body = FIXED[:1] + b"\x00" + FIXED[2:] + PREFIX + INFORMATION
    assert parse_agent(said(body)) == AdvertisedAgent(ROUTER, (AGENT,), lifetime=0, preference=10)


@pytest.mark.parametrize(
    "prefix",
    [PREFIX[:3] + b"\xc0" + PREFIX[4:], PREFIX[:4] + bytes(4) + PREFIX[8:]],
    ids=["without R", "no longer valid"],
)
def test_prefix_that_names_no_router_has_no_address(prefix: bytes) -> None:
    agent = parse_agent(said(FIXED + prefix))
    assert agent is not None
    assert agent.addresses == ()


@pytest.mark.parametrize(
    ("octets", "cause"),
    [
        (said(FIXED, hop_limit=64), "not on the link"),
        (said(FIXED, source=AGENT), "not on the link"),
        (RADVD[:-1] + b"\x09", "checksum"),
        (said(FIXED[:9]), "octets needed"),
        (said(FIXED + bytes(8)), "without length"),
        (said(FIXED + PREFIX[:20]), "octets needed"),
    ],
)
def test_what_does_not_pass_the_tests_of_the_rfc_is_refused(octets: bytes, cause: str) -> None:
    with pytest.raises(DecodeError, match=cause):
        parse_agent(octets)


def test_any_other_packet_is_none() -> None:
    other = Ipv6Packet(source=ROUTER, destination=ALL_NODES, next_header=PROTO_ICMPV6, payload=b"")
    assert parse_agent(other.build()) is None
    assert parse_agent(replace(other, next_header=59, payload=RADVD[40:]).build()) is None


@given(st.binary(max_size=120))
def test_no_octets_break_it(octets: bytes) -> None:
    try:
        parse_agent(said(FIXED + octets))
    except DecodeError:
        return
