"""An IND is freed when its node asks no more, with an entry in the audit trail; else nothing is changed."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, update

from hss.counting.nodes import claim, hold, ind_of
from hss.counting.wall_clock import wall_clock_ms
from hss.keys.vault import Vault
from hss.models import Algorithm, AlgorithmProfile, RequestingNode, Scheme
from hss.provisioning.change import NotThere, ProvisioningRefused
from hss.provisioning.nodes import UNUSED_FOR, free, listed
from hss.store.engines import transaction
from hss.store.location import Location
from tests.hss.provisioning.desk import change, entries


def asked(
    location: Location, name: str, *, ago: timedelta | None = UNUSED_FOR + timedelta(seconds=2), bits: int = 5
) -> None:
    """A node that has last asked so long ago."""
    with transaction(location) as connection:
        ind_of(connection, name, bits)
        used = None if ago is None else datetime.now(UTC) - ago
        connection.execute(update(RequestingNode).where(RequestingNode.name == name).values(used=used))


def test_nodes_are_listed_with_how_they_count(location: Location) -> None:
    with transaction(location) as connection:
        usual = {"algorithm": Algorithm.MILENAGE}
        connection.execute(insert(AlgorithmProfile).values(name="reserve", reserve=8, **usual))
        connection.execute(insert(AlgorithmProfile).values(name="clock", scheme=Scheme.TIME, ind_bits=6, **usual))
    asked(location, "mme.example", ago=None)
    asked(location, "aaa.example|one")
    asked(location, "aaa.example|", bits=6)
    with transaction(location, read_only=True) as connection:
        found = listed(connection)
    told = [(one["name"], one["node"], one["instance"], one["ind_bits"], one["ind"], one["counts"]) for one in found]
    assert told == [
        ("mme.example", "mme.example", None, 5, 0, "counter"),
        ("aaa.example|one", "aaa.example", "one", 5, 1, "reserve"),
        ("aaa.example|", "aaa.example", "", 6, 0, "time"),
    ]
    assert [one["used"] is None for one in found] == [True, False, False]


def test_node_that_is_gone_gives_its_inds_back(location: Location, vault: Vault) -> None:
    for bits in (1, 5):
        asked(location, "mme.example", bits=bits)
    asked(location, "other.example", bits=1)
    with change(location, vault) as one:
        assert [(each["ind_bits"], each["ind"]) for each in free(one, "MME.example")] == [(1, 0), (5, 0)]
    trail = entries(location)
    assert [(entry.action, entry.subject) for entry in trail] == [("node.free", "mme.example")] * 2
    assert '"ind":0' in (trail[0].before or "").replace(" ", "")
    with transaction(location) as connection:
        assert hold(connection, "new.example", 1).ind == 0


@pytest.mark.parametrize(
    ("ago", "said"),
    [(timedelta(0), "it is in use; free it when it has not asked for 15 minutes"), (timedelta(minutes=14), "in use")],
)
def test_node_that_asks_keeps_its_ind(location: Location, vault: Vault, ago: timedelta, said: str) -> None:
    asked(location, "mme.example", ago=ago)
    with pytest.raises(ProvisioningRefused, match=said), change(location, vault) as one:
        free(one, "mme.example")
    assert entries(location) == []
    with transaction(location) as connection:
        assert hold(connection, "mme.example").generation == 0


def test_node_whose_clock_is_ahead_keeps_its_ind_until_then(location: Location, vault: Vault) -> None:
    with transaction(location) as connection:
        claim(connection, "aaa|one", 5, wall_clock_ms() + 86_400_000)
    asked(location, "aaa|one", ago=None)
    said = r"may have used SEQs of the clock up to .*; free it after that"
    with pytest.raises(ProvisioningRefused, match=said), change(location, vault) as one:
        free(one, "aaa|one")


def test_mistyped_name_is_told_what_there_is(location: Location, vault: Vault) -> None:
    asked(location, "aaa|one")
    asked(location, "aaa|two")
    said = r"by HSS instance alone; free each by its name: aaa\|one, aaa\|two"
    with pytest.raises(NotThere, match=said), change(location, vault) as one:
        free(one, "aaa")
    said = "no node bbb has an IND; see them with: akadia node list"
    with pytest.raises(NotThere, match=said), change(location, vault) as one:
        free(one, "bbb")
