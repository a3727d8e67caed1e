"""A subscriber changes its algorithm profile, in every direction, and no SQN comes twice."""

from itertools import permutations

import pytest
from sqlalchemy import insert, select, update

from hss.algorithms import read_settings
from hss.counting.profile_change import columns_of_change
from hss.counting.sqn import SequenceExhausted, seq_max
from hss.keys.custody import Custodian
from hss.keys.vault import Vault
from hss.models import Algorithm, AlgorithmProfile, Scheme, Subscriber
from hss.service import HssService
from hss.store.database import Database
from hss.store.engines import transaction
from hss.store.location import Location
from tests.hss.conftest import Registry
from tests.hss.test_service import IMSI, REQUEST, sqn_of

PROFILES: dict[str, dict[str, object]] = {
    "milenage": {},
    "runs": {"reserve": 16},
    "clock": {"scheme": Scheme.TIME},
    "fine": {"scheme": Scheme.TIME, "clock_unit_ms": 1, "ind_bits": 8},
    "long": {"ind_bits": 10},
}


@pytest.fixture
def profiles(location: Location) -> Location:
    """The database with a profile of every kind."""
    with transaction(location) as connection:
        for name, values in PROFILES.items():
            if name != "milenage":
                connection.execute(insert(AlgorithmProfile).values(name=name, algorithm=Algorithm.MILENAGE, **values))
    return location


def change(location: Location, name: str) -> None:
    with transaction(location) as connection:
        columns = columns_of_change(connection, IMSI, read_settings(connection)[name])
        assert columns is not None
        connection.execute(
            update(Subscriber).where(Subscriber.imsi == IMSI).values(revision=Subscriber.revision + 1, **columns)
        )


async def test_no_way_through_the_profiles_repeats_an_sqn(
    registry: Registry, profiles: Location, database: Database, vault: Vault
) -> None:
    known = registry.add(IMSI)
    clock = [10**10]
    service = HssService(database, Custodian(vault), bytes, lambda: clock[0])
    seen: list[int] = []
    for way in permutations(PROFILES, 3):
        for name in way:
            change(profiles, name)
            seen += [sqn_of(vector, known.keys) for _ in range(2) for vector in await service.vectors(REQUEST)]
            clock[0] += 3700
    assert len(set(seen)) == len(seen) == 360
    # by each way in turn, and so above all that the ways before have given
    assert seen == sorted(seen)


def test_same_profile_changes_nothing(registry: Registry, profiles: Location) -> None:
    known = registry.add(IMSI, seq=9)
    registry.set(known.imsi, time_offset=-7)
    with transaction(profiles) as connection:
        settings = read_settings(connection)
        assert columns_of_change(connection, IMSI, settings["milenage"]) == {
            "profile": "milenage",
            "seq": 9,
            "time_offset": -7,
        }
        assert columns_of_change(connection, "001010000000009", settings["clock"]) is None
        assert connection.scalar(select(Subscriber.profile)) == "milenage"


def test_longer_ind_must_leave_a_seq(registry: Registry, profiles: Location) -> None:
    registry.add(IMSI, seq=seq_max())
    with transaction(profiles) as connection, pytest.raises(SequenceExhausted):
        columns_of_change(connection, IMSI, read_settings(connection)["long"])
