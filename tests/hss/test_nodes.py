"""Each node has its IND, once and for ever (TS 33.102 Annex C.1.2)."""

import pytest

from hss.engines import transaction
from hss.location import Location
from hss.nodes import ind_of
from hss.sqn import NodesExhausted


def test_node_keeps_its_ind(location: Location) -> None:
    with transaction(location) as connection:
        assert [ind_of(connection, name) for name in ("aaa1", "aaa2", "AAA1", "aaa3")] == [0, 1, 0, 2]
    with transaction(location) as connection:
        assert [ind_of(connection, name) for name in ("aaa3", "aaa1")] == [2, 0]


def test_thirty_third_node_gets_none(location: Location) -> None:
    with transaction(location) as connection:
        assert sorted(ind_of(connection, f"aaa{number}") for number in range(32)) == list(range(32))
        with pytest.raises(NodesExhausted):
            ind_of(connection, "one too many")
        assert ind_of(connection, "aaa31") == 31


@pytest.mark.parametrize("name", ["", "a" * 256])
def test_node_needs_a_name(location: Location, name: str) -> None:
    with transaction(location) as connection, pytest.raises(ValueError, match="1 to 255"):
        ind_of(connection, name)
