"""What an operator does with APNs."""

import pytest

from hss.api import ApnProfile, PdnType
from hss.keys.vault import Vault
from hss.provisioning import apn_changes
from hss.provisioning.change import ProvisioningRefused
from hss.store.location import Location
from tests.hss.provisioning.desk import IMSI, account, change, entries, put


def apns(location: Location) -> list[tuple[str, bool]]:
    profile = account(location).profile
    return [(apn.name, apn.context_id == profile.default_context_id) for apn in profile.apns]


def test_apns_come_and_go(location: Location, vault: Vault) -> None:
    put(location, vault)
    with change(location, vault) as one:
        apn_changes.add(one, IMSI, ApnProfile(1, "ims"), default=True)
    assert apns(location) == [("internet", False), ("*", False), ("ims", True)]
    with change(location, vault) as one:
        after = apn_changes.update(one, IMSI, ApnProfile(1, "ims", PdnType.IPV4V6))
    assert after.profile.apns[2].pdn_type is PdnType.IPV4V6
    with change(location, vault) as one:
        apn_changes.set_default(one, IMSI, "INTERNET")
        apn_changes.remove(one, IMSI, "ims")
    assert apns(location) == [("internet", True), ("*", False)]
    actions = [entry.action for entry in entries(location)[1:]]
    assert actions == ["apn.add", "apn.update", "apn.set-default", "apn.remove"]
    assert account(location).revision == 5


def test_first_apn_is_the_default(location: Location, vault: Vault) -> None:
    put(location, vault)
    with change(location, vault) as one:
        apn_changes.remove(one, IMSI, "*")
        apn_changes.remove(one, IMSI, "internet")
        apn_changes.add(one, IMSI, ApnProfile(7, "ims"), default=False)
    assert apns(location) == [("ims", True)]


def test_what_cannot_be_is_one_line(location: Location, vault: Vault) -> None:
    put(location, vault)
    with pytest.raises(ProvisioningRefused, match="has APN internet already"), change(location, vault) as one:
        apn_changes.add(one, IMSI, ApnProfile(1, "internet"), default=False)
    with pytest.raises(ProvisioningRefused, match="has no APN ims; it has internet, "), change(location, vault) as one:
        apn_changes.remove(one, IMSI, "ims")
    with pytest.raises(ProvisioningRefused, match="is the default; first"), change(location, vault) as one:
        apn_changes.remove(one, IMSI, "internet")
    assert len(entries(location)) == 1
