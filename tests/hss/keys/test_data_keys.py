"""Data keys are wrapped each at its place, one is active, and one that nothing needs loses its octets."""

from collections.abc import Callable
from random import Random
from threading import Thread

import pytest
from sqlalchemy import select, update

from hss.keys.data_keys import active_key, make_key, read_data_keys, retire, rows_by_key, unused_keys, unwrap, wrap_anew
from hss.keys.vault import Altered, Misplaced, Vault, VaultError, WrongMasterKey
from hss.models import DataKey, KeyPurpose, KeyState
from hss.store.engines import transaction
from hss.store.location import Location
from tests.hss.conftest import Registry
from tests.postgres import PostgresServer
from wire.secret import Secret

OTHER = Vault({1: Secret(bytes(32))}, random=Random(9).randbytes)
SUBSCRIBER, AUDIT = KeyPurpose.SUBSCRIBER, KeyPurpose.AUDIT


def test_newest_key_is_active(location: Location, vault: Vault) -> None:
    with transaction(location) as connection:
        assert active_key(connection, SUBSCRIBER) is None
        first = make_key(connection, vault, SUBSCRIBER, Random(1).randbytes)
        audit = make_key(connection, vault, AUDIT, Random(2).randbytes)
        second = make_key(connection, vault, SUBSCRIBER, Random(3).randbytes)
        assert (active_key(connection, SUBSCRIBER), active_key(connection, AUDIT)) == (second, audit)
        keys = {key.id: key for key in read_data_keys(connection)}
    assert [keys[key].state for key in (first, audit, second)] == [KeyState.RETIRING, KeyState.ACTIVE, KeyState.ACTIVE]
    assert unwrap(vault, keys[first]) == Random(1).randbytes(32)
    assert unwrap(vault, keys[second]) == Random(3).randbytes(32)


def test_key_opens_at_its_own_place_alone(location: Location, vault: Vault) -> None:
    with transaction(location) as connection:
        first = make_key(connection, vault, SUBSCRIBER, Random(1).randbytes)
        second = make_key(connection, vault, SUBSCRIBER, Random(2).randbytes)
        stolen = connection.scalar(select(DataKey.wrapped).where(DataKey.id == first))
        connection.execute(update(DataKey).where(DataKey.id == second).values(wrapped=stolen))
        keys = {key.id: key for key in read_data_keys(connection)}
    with pytest.raises(Misplaced, match=f"data_key.subscriber of {second}"):
        unwrap(vault, keys[second])
    with pytest.raises(WrongMasterKey, match="another master key"):
        unwrap(OTHER, keys[first])


@pytest.mark.parametrize("place", [0, 13, 20, -1])
def test_flipped_bit_is_noticed(location: Location, vault: Vault, place: int) -> None:
    with transaction(location) as connection:
        key = make_key(connection, vault, SUBSCRIBER, Random(1).randbytes)
        octets = bytearray(connection.scalar(select(DataKey.wrapped).where(DataKey.id == key)) or b"")
        octets[place] ^= 1
        connection.execute(update(DataKey).values(wrapped=bytes(octets)))
        (found,) = read_data_keys(connection)
    with pytest.raises(Altered, match="was changed after it was sealed"):
        unwrap(vault, found)


def test_keys_are_wrapped_anew_under_another_master_key(location: Location, vault: Vault) -> None:
    with transaction(location) as connection:
        make_key(connection, vault, SUBSCRIBER, Random(1).randbytes)
        make_key(connection, vault, AUDIT, Random(2).randbytes)
        assert wrap_anew(connection, vault, OTHER) == 2
        keys = read_data_keys(connection)
    assert [unwrap(OTHER, key) for key in keys] == [Random(1).randbytes(32), Random(2).randbytes(32)]
    assert {key.master for key in keys} == {OTHER.fingerprint}
    with pytest.raises(WrongMasterKey):
        unwrap(vault, keys[0])


def test_key_retires_when_nothing_needs_it(registry: Registry, location: Location, vault: Vault) -> None:
    known = registry.add()
    with transaction(location) as connection:
        first = make_key(connection, vault, SUBSCRIBER, Random(1).randbytes)
    registry.set(known.imsi, data_key_id=first)
    with transaction(location) as connection:
        assert retire(connection, unused_keys(connection)) == []
        second = make_key(connection, vault, SUBSCRIBER, Random(2).randbytes)
        assert retire(connection, unused_keys(connection)) == []
        assert rows_by_key(connection) == {first: 1}
    registry.set(known.imsi, data_key_id=second)
    with transaction(location) as connection:
        assert retire(connection, unused_keys(connection)) == [first]
        old, new = read_data_keys(connection)
    assert (old.state, old.wrapped, old.retired is None) == (KeyState.RETIRED, None, False)
    assert new.state is KeyState.ACTIVE
    with transaction(location) as connection:
        assert retire(connection, [first, second]) == []


def in_a_thread(work: Callable[[], object]) -> Thread:
    """It has begun, and waits for who has locked what it needs; or will do so."""
    thread = Thread(target=work)
    thread.start()
    thread.join(0.3)
    return thread


def masters(location: Location) -> set[str]:
    with transaction(location, read_only=True) as connection:
        return {key.master for key in read_data_keys(connection)}


@pytest.mark.interop
def test_key_that_is_made_while_the_master_key_is_exchanged_is_wrapped_as_the_rest(
    postgres: PostgresServer, vault: Vault
) -> None:
    location = postgres.new_database("empty")
    refused: list[str] = []

    def exchange(old: Vault, new: Vault) -> None:
        with transaction(location) as connection:
            wrap_anew(connection, old, new)

    def make() -> None:
        try:
            with transaction(location) as connection:
                make_key(connection, OTHER, SUBSCRIBER, Random(3).randbytes)
        except VaultError as error:
            refused.append(str(error))

    with transaction(location) as connection:
        make_key(connection, vault, SUBSCRIBER, Random(1).randbytes)
    with transaction(location) as connection:
        make_key(connection, vault, SUBSCRIBER, Random(2).randbytes)
        waiting = in_a_thread(lambda: exchange(vault, OTHER))
    waiting.join()
    assert masters(location) == {OTHER.fingerprint}
    with transaction(location) as connection:
        wrap_anew(connection, OTHER, vault)
        waiting = in_a_thread(make)
    waiting.join()
    assert masters(location) == {vault.fingerprint}
    assert refused == ["the data keys are wrapped by another master key; name that one in hss.master_key"]
