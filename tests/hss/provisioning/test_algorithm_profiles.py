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
        (AlgorithmSettings("x", delta=0), "delta at least 1"),
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
