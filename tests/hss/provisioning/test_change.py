"""A change has its actor and its keys, and ends whole or not at all."""

import pytest

from hss.keys.custody import Custodian
from hss.keys.vault import Vault
from hss.provisioning.change import begin
from hss.store.engines import transaction
from hss.store.location import Location
from tests.hss.provisioning.desk import ACTOR, change, entries, now


def test_change_records_who_made_it(location: Location, vault: Vault) -> None:
    with change(location, vault) as one:
        assert one.custodian.keyring.current is not None
        one.record("thing.done", "it", after={"a": 1})
    (entry,) = entries(location)
    assert (entry.actor, entry.origin, entry.action, entry.subject, entry.after) == (
        ACTOR.name, ACTOR.origin, "thing.done", "it", '{"a":1}',
    )  # fmt: skip


def test_change_that_fails_leaves_nothing(location: Location, vault: Vault) -> None:
    def fail() -> None:
        with change(location, vault) as one:
            one.record("thing.done", None)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert entries(location) == []


def test_change_may_begin_in_a_transaction_that_is_there(location: Location, vault: Vault) -> None:
    with transaction(location) as connection:
        begin(connection, Custodian(vault), ACTOR, now).record("thing.done", "it")
    assert len(entries(location)) == 1
