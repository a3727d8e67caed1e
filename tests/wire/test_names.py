"""TS 23.003 §21.2: the example name of the specification."""

import pytest

from wire.names import Plmn, epc_realm, ha_apn_name, nai_realm, visited_network, wlan_realm

TWO_DIGITS = Plmn("234", "15")


def test_realms_carry_a_padded_mnc() -> None:
    assert epc_realm(TWO_DIGITS) == "epc.mnc015.mcc234.3gppnetwork.org"
    assert nai_realm(TWO_DIGITS) == "nai.epc.mnc015.mcc234.3gppnetwork.org"
    assert wlan_realm(TWO_DIGITS) == "wlan.mnc015.mcc234.3gppnetwork.org"
    assert visited_network(Plmn("310", "410")) == "mnc410.mcc310.3gppnetwork.org"


def test_ha_apn_is_the_example_of_the_specification() -> None:
    assert ha_apn_name("internet", Plmn("345", "12")) == "internet.ha-apn.mnc012.mcc345.pub.3gppnetwork.org"


@pytest.mark.parametrize(
    "identifier", ["", ".", "a..b", "-a", "a b", "x" * 64, "internet.HA-APN.x", "w-apn.x", "a.3gppnetwork.org"]
)
def test_ha_apn_refuses_a_bad_network_identifier(identifier: str) -> None:
    with pytest.raises(ValueError, match="APN network identifier"):
        ha_apn_name(identifier, TWO_DIGITS)


@pytest.mark.parametrize(
    ("mcc", "mnc"), [("23", "15"), ("2345", "15"), ("234", "1"), ("234", "1555"), ("23a", "15"), ("234", "1٥")]
)
def test_plmn_refuses_other_than_digits_of_the_right_count(mcc: str, mnc: str) -> None:
    with pytest.raises(ValueError, match="digits"):
        Plmn(mcc, mnc)
