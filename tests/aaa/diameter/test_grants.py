"""What a user may have, as each application says it; python-diameter reads the same."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest

from aaa.diameter.grants import apn_configuration, granted
from tests.aaa.diameter.samples import AAA, ACCEPT, APN, IMS, NAI, SESSION, der_of
from tests.wire.diameter.foreign import plain, tree
from wire.diameter.applications import Application
from wire.diameter.eap_applications import ANSWERS
from wire.diameter.enumerations import AnTrusted
from wire.diameter.profile import Mip6AgentInfo

HOME_AGENT = IPv6Address("2001:db8::1")


def of(application: Application, **changes: Any) -> Any:  # noqa: ANN401
    dea = ANSWERS[application](
        session_id=SESSION,
        auth_application_id=application,
        result_code=2001,
        origin_host=AAA.origin_host,
        origin_realm=AAA.origin_realm,
    )
    return granted(dea, replace(ACCEPT, **changes))


def test_gateway_is_given_one_apn_and_not_told_where_it_is_itself() -> None:
    dea = of(Application.S6B, apn=IMS)
    assert dea.apn_configuration.service_selection == "ims"
    assert dea.apn_configuration.mip6_agent_info is None
    assert (dea.mobile_node_identifier, dea.mip6_feature_vector) == (NAI, 1)


@pytest.mark.parametrize("application", [Application.SWM, Application.STA])
def test_access_network_is_given_every_apn(application: Application) -> None:
    dea = of(application)
    assert [apn.service_selection for apn in dea.apn_configurations] == ["internet", "ims"]
    assert (dea.context_identifier, dea.ambr.uplink, dea.ambr.downlink) == (7, 3_000_000, 4_000_000)
    assert dea.apn_configurations[1].mip6_agent_info == Mip6AgentInfo(home_agent_addresses=(HOME_AGENT,))


def test_only_sta_says_that_it_is_trusted() -> None:
    assert of(Application.STA).an_trusted is AnTrusted.TRUSTED
    assert of(Application.SWM).an_trusted is None


@pytest.mark.parametrize(("features", "known"), [(1, True), (0, False), (None, False), (0x0000400000000000, False)])
def test_home_agent_that_the_user_has_is_named_where_dsmipv6_is_granted(features: int | None, known: bool) -> None:
    dea = of(Application.SWM, apn=IMS, mip6_features=features)
    assert (dea.mip6_agent_info == Mip6AgentInfo(home_agent_addresses=(HOME_AGENT,))) is known


def test_home_agent_is_given_the_users_own_addresses() -> None:
    both = replace(APN, home_address_v4=IPv4Address("192.0.2.7"))
    dea = of(Application.MIP6I, apn=both)
    assert dea.mobile_node_addresses == (both.home_address, both.home_address_v4)
    assert (dea.service_selection, dea.mip6_feature_vector) == ("internet", 1)


def test_application_5_has_no_words_for_it() -> None:
    assert of(Application.EAP) == of(Application.EAP, apn=None)


@pytest.mark.parametrize("application", [Application.SWM, Application.STA, Application.MIP6I, Application.S6B])
def test_python_diameter_reads_what_is_granted(application: Application) -> None:
    message = of(application, apn=IMS).message(der_of(application))
    names = [name for name, _ in tree(plain(message.build()).avps)]
    wanted = {
        Application.SWM: {"APN-Configuration", "AMBR", "Context-Identifier", "MIP6-Agent-Info"},
        Application.STA: {"APN-Configuration", "AN-Trusted"},
        Application.MIP6I: {"Service-Selection", "MIP6-Feature-Vector"},
        Application.S6B: {"APN-Configuration", "Mobile-Node-Identifier"},
    }
    assert wanted[application] <= set(names)
    assert "?" not in names


def test_configuration_has_the_numbers_of_the_profile() -> None:
    wire = apn_configuration(APN)
    assert (wire.context_identifier, wire.pdn_type.value, wire.served_party_ip_addresses) == (7, 1, (APN.home_address,))
