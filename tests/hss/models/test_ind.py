"""An IND is free once, and there is one generation."""

import pytest
from sqlalchemy import insert, select

from hss.models import FreedInd, IndGeneration
from hss.store.engines import transaction
from hss.store.errors import StoreConflict
from hss.store.location import Location


def test_ind_is_free_once_for_each_length(location: Location) -> None:
    one = {"ind": 3, "horizon": 0, "epoch": 1}
    with transaction(location) as connection:
        connection.execute(insert(FreedInd), [{"ind_bits": 5, **one}, {"ind_bits": 4, **one}])
    with pytest.raises(StoreConflict), transaction(location) as connection:
        connection.execute(insert(FreedInd).values(ind_bits=5, **one))


def test_there_is_one_generation(location: Location) -> None:
    with transaction(location) as connection:
        assert connection.execute(select(IndGeneration.id, IndGeneration.generation)).all() == [(1, 0)]
    with pytest.raises(StoreConflict), transaction(location) as connection:
        connection.execute(insert(IndGeneration).values(id=2, generation=0))
