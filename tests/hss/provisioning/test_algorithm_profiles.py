"""Profiles are added and taken away, and never changed under a subscriber."""

import pytest

from hss.algorithms import AlgorithmSettings, read_settings
from hss.keys.vault import Vault
from hss.models import Algorithm, Scheme
from hss.provisioning.algorithm_profiles import add, described, remove, users_of
from hss.provisioning.change import ProvisioningRefused
from hss.store.engines import transaction
from hss.store.location import Location
from tests.hss.provisioning.desk import change, entries, new, put

BUSY = AlgorithmSettings("busy", reserve=32)


def test_profile_comes_and_goes(location: Location, vault: Vault) -> None:
    with change(location, vault) as one:
        add(one, BUSY)
    put(location, vault, new(profile="busy"))
    with transaction(location, read_only=True) as connection:
        assert read_settings(connection)["busy"] == BUSY
        assert users_of(connection, "busy") == 1
    busy = "profile busy stays: 1 subscribers use it"
    with pytest.raises(ProvisioningRefused, match=busy), change(location, vault) as one:
        remove(one, "busy")
    with change(location, vault) as one:
        add(one, AlgorithmSettings("gone"))
        remove(one, "gone")
    assert [entry.action for entry in entries(location)] == [
        "profile.add", "subscriber.add", "profile.add", "profile.remove",
    ]  # fmt: skip
    assert described(BUSY)["algorithm"] == "milenage"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (AlgorithmSettings("milenage"), "is there already"),
        (AlgorithmSettings("x", parameters="{"), "parameters are not a JSON object"),
        (AlgorithmSettings("x", Algorithm.TUAK, parameters='{"res": 32}'), "AKA has no room for res of 32 octets"),
        (AlgorithmSettings("x", scheme=Scheme.TIME, reserve=8), "a time-based profile reserves nothing"),
        (AlgorithmSettings("x", ind_bits=17), "IND has 1 to 16 bits, not 17"),
        (AlgorithmSettings("x", delta=0), "delta is 1 to 281474976710655"),
        (AlgorithmSettings("x", delta=1 << 70), "delta is 1 to 281474976710655"),
        (AlgorithmSettings("x", clock_unit_ms=0), "clock unit 1 to 60000 ms"),
        (AlgorithmSettings(""), "'' is no name of a profile; write 1 to 32 letters"),
        (AlgorithmSettings("two\nlines"), "is no name of a profile"),
        (AlgorithmSettings("x" * 33), "is no name of a profile"),
    ],
)
def test_profile_that_cannot_be_is_refused(
    location: Location, vault: Vault, settings: AlgorithmSettings, said: str
) -> None:
    with pytest.raises(ProvisioningRefused, match=said), change(location, vault) as one:
        add(one, settings)


@pytest.mark.parametrize(("name", "said"), [("none", "there is no profile none"), ("milenage", "new subscribers get")])
def test_profile_that_stays_says_why(location: Location, vault: Vault, name: str, said: str) -> None:
    with pytest.raises(ProvisioningRefused, match=said), change(location, vault) as one:
        remove(one, name)


def test_name_of_a_profile_never_means_another_one(location: Location, vault: Vault) -> None:
    with change(location, vault) as one:
        add(one, BUSY)
        remove(one, "busy")
    with change(location, vault) as one:
        add(one, BUSY)
        remove(one, "busy")
    was = "there was a profile busy with other values, and what runs may know it yet; choose another name"
    for other in (AlgorithmSettings("busy", ind_bits=8, reserve=32), AlgorithmSettings("busy", Algorithm.TUAK)):
        with pytest.raises(ProvisioningRefused, match=was), change(location, vault) as one:
            add(one, other)
