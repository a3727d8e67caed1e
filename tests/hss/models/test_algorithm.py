"""The usual profile is there, and a profile that cannot be is refused."""

import pytest
from sqlalchemy import insert, select

from hss.models import DEFAULT_PROFILE, Algorithm, AlgorithmProfile, Custody, Scheme
from hss.store.engines import transaction
from hss.store.errors import StoreConflict
from hss.store.location import Location

USUAL = {"name": "mine", "algorithm": Algorithm.MILENAGE}


def test_usual_profile_is_there(location: Location) -> None:
    with transaction(location) as connection:
        row = connection.execute(select(AlgorithmProfile)).mappings().one()
    assert dict(row) == {
        "name": DEFAULT_PROFILE,
        "algorithm": Algorithm.MILENAGE,
        "parameters": None,
        "ind_bits": 5,
        "delta": 1 << 28,
        "scheme": Scheme.COUNTER,
        "reserve": 1,
        "clock_unit_ms": 100,
        "custody": Custody.SEALED,
    }


@pytest.mark.parametrize(
    "wrong", [{"ind_bits": 0}, {"ind_bits": 17}, {"delta": 0}, {"reserve": 0}, {"clock_unit_ms": 0}]
)
def test_profile_out_of_range_is_refused(location: Location, wrong: dict[str, int]) -> None:
    with pytest.raises(StoreConflict), transaction(location) as connection:
        connection.execute(insert(AlgorithmProfile).values(**USUAL, **wrong))
