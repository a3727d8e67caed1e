"""APNs as rows: one default, and Home Addresses that one subscriber has."""

import pytest

from hss.api import Ambr, ApnProfile, PdnType
from hss.keys.vault import Vault
from hss.profiles import profile_of
from hss.provisioning.apn_rows import add_apn, change_apn, make_default, next_context_id, remove_apn
from hss.provisioning.change import ProvisioningRefused
from hss.store.engines import transaction
from hss.store.location import Location
from tests.hss.provisioning.desk import IMSI, OTHER, new, put


def test_rows_are_added_changed_and_taken_away(location: Location, vault: Vault) -> None:
    put(location, vault)
    imsi = str(IMSI)
    with transaction(location) as connection:
        number = next_context_id(connection, imsi)
        assert number == 3
        add_apn(connection, imsi, ApnProfile(number, "ims"), is_default=False)
        change_apn(connection, imsi, ApnProfile(number, "ims", PdnType.IPV4, ambr=Ambr(1, 2)))
        make_default(connection, imsi, number)
        remove_apn(connection, imsi, 2)
        profile = profile_of(connection, IMSI)
    assert profile is not None
    assert profile.default_context_id == number
    assert [(apn.name, apn.pdn_type, apn.ambr) for apn in profile.apns] == [
        ("internet", PdnType.IPV6, None),
        ("ims", PdnType.IPV4, Ambr(1, 2)),
    ]


def test_home_address_of_another_is_refused(location: Location, vault: Vault) -> None:
    put(location, vault, new(), new(OTHER, "2001:db8::6"))
    taken = new().apns[0]
    with pytest.raises(ProvisioningRefused, match="belongs to another"), transaction(location) as connection:
        change_apn(connection, str(OTHER), taken)
