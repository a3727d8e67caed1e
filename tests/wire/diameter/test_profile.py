from hypothesis import given

from tests.wire.diameter.samples import APN
from tests.wire.diameter.strategies import records
from wire.diameter.avp import build_avps, parse_avps
from wire.diameter.profile import ApnConfiguration, Mip6AgentInfo, Non3gppUserData


@given(records(Non3gppUserData))
def test_profiles_survive_a_round_trip(profile: Non3gppUserData) -> None:
    assert Non3gppUserData.from_avps(parse_avps(build_avps(profile.to_avps()))) == profile


def test_the_home_agent_address_precedes_the_host() -> None:
    # RFC 5447 §4.2.1
    codes = [avp.code for avp in Mip6AgentInfo(
        home_agent_addresses=APN.served_party_ip_addresses,
        home_agent_host=APN.mip6_agent_info.home_agent_host if APN.mip6_agent_info else None,
        home_link_prefix=bytes(17),
    ).to_avps()]  # fmt: skip
    assert codes == [334, 348, 125]


def test_an_apn_keeps_its_wildcard() -> None:
    wildcard = ApnConfiguration(context_identifier=2, pdn_type=APN.pdn_type, service_selection="*")
    assert ApnConfiguration.from_avps(wildcard.to_avps()).service_selection == "*"
