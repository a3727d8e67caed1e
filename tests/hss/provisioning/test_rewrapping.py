"""Rows move to the active key while vectors are given, after an interruption too, and the old key retires."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import pytest
from sqlalchemy import Connection

from hss.api import VectorRequest
from hss.keys.custody import Custodian, SealedKeys
from hss.keys.data_keys import make_key, read_data_keys, rows_by_key, unused_keys
from hss.keys.vault import Vault, VaultError
from hss.models import KeyPurpose, KeyState
from hss.provisioning import rewrapping
from hss.provisioning.rewrapping import rewrap, waiting
from hss.service import HssService
from hss.store.database import Database
from hss.store.engines import Begin, transaction, transactions
from hss.store.location import Location
from tests.hss.conftest import Registry, now_ms
from wire.identity import Imsi


class Interrupted(Exception):
    """The process was killed."""


@pytest.fixture
def imsis(registry: Registry) -> list[Imsi]:
    return [registry.add(f"00101{number:010}", apns=()).imsi for number in range(25)]


def rotate(location: Location, vault: Vault) -> int:
    with transaction(location) as connection:
        return make_key(connection, vault, KeyPurpose.SUBSCRIBER, Random(8).randbytes)


def test_rows_move_and_the_old_key_retires(imsis: list[Imsi], location: Location, vault: Vault) -> None:
    told: list[int] = []
    first = rotate(location, vault)
    assert rewrap(location, Custodian(vault), told.append) == (25, [])
    assert sum(told) == 25
    second = rotate(location, vault)
    with transaction(location) as connection:
        assert rows_by_key(connection) == {first: 25}
        assert waiting(connection, second) == 25
    assert rewrap(location, Custodian(vault), told.append) == (25, [first])
    with transaction(location) as connection:
        assert rows_by_key(connection) == {second: 25}
        assert [key.state for key in read_data_keys(connection)] == [KeyState.RETIRED, KeyState.ACTIVE]
    assert rewrap(location, Custodian(vault), told.append) == (0, [])


def test_interruption_loses_nothing(
    imsis: list[Imsi], location: Location, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hss.provisioning.rewrapping.AT_ONCE", 10)

    def interrupt(_count: int) -> None:
        raise Interrupted

    key = rotate(location, vault)
    with pytest.raises(Interrupted):
        rewrap(location, Custodian(vault), interrupt)
    with transaction(location) as connection:
        assert rows_by_key(connection) == {None: 15, key: 10}
    assert rewrap(location, Custodian(vault), lambda _count: None) == (15, [])


def test_nothing_is_looked_up_or_sealed_while_others_cannot_write(
    imsis: list[Imsi], location: Location, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hss.provisioning.rewrapping.AT_ONCE", 10)
    monkeypatch.setattr("hss.provisioning.rewrapping.WRITTEN_AT_ONCE", 4)
    is_writing = [False]
    done: list[str] = []

    @contextmanager
    def watched(of: Location, *, read_only: bool = False) -> Iterator[Begin]:
        @contextmanager
        def watching() -> Iterator[Connection]:
            with begin() as connection:
                is_writing[0] = not read_only
                yield connection
            is_writing[0] = False

        with transactions(of, read_only=read_only) as begin:
            yield watching

    def resealed(custodian: Custodian, row: SealedKeys) -> dict[str, object]:
        assert not is_writing[0]
        done.append(row.imsi)
        return genuine(custodian, row)

    def unused(connection: Connection) -> list[int]:
        assert not is_writing[0]
        return unused_keys(connection)

    genuine = Custodian.resealed
    rotate(location, vault)
    monkeypatch.setattr("hss.provisioning.rewrapping.transactions", watched)
    monkeypatch.setattr("hss.provisioning.rewrapping.unused_keys", unused)
    monkeypatch.setattr(Custodian, "resealed", resealed)
    assert rewrap(location, Custodian(vault), lambda _count: None) == (25, [])
    assert done == [str(imsi) for imsi in imsis]


@pytest.mark.parametrize("where", ["before it is sealed", "before it is written"])
def test_nothing_is_sealed_for_good_under_a_key_that_was_exchanged_meanwhile(
    imsis: list[Imsi], location: Location, vault: Vault, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """A key that nothing needs retires: what was written under it then would be lost."""
    monkeypatch.setattr("hss.provisioning.rewrapping.AT_ONCE", 10)
    first = rotate(location, vault)
    rewrap(location, Custodian(vault), lambda _count: None)
    second = rotate(location, vault)
    made: list[int] = []
    name = "_following" if where == "before it is sealed" else "_store"
    genuine = getattr(rewrapping, name)

    def after_another_exchange(*arguments: object) -> object:
        if not made:
            monkeypatch.setattr(rewrapping, name, genuine)
            made.append(rotate(location, vault))
            rewrap(location, Custodian(vault), lambda _count: None)
            with transaction(location) as connection:
                assert rows_by_key(connection) == {made[0]: 25}
        return genuine(*arguments)

    monkeypatch.setattr(rewrapping, name, after_another_exchange)
    custodian = Custodian(vault)
    assert rewrap(location, custodian, lambda _count: None) == (0, [])
    assert custodian.keyring.current == made[0]
    with transaction(location) as connection:
        assert rows_by_key(connection) == {made[0]: 25}
        states = {key.id: key.state for key in read_data_keys(connection)}
    assert states == {first: KeyState.RETIRED, second: KeyState.RETIRED, made[0]: KeyState.ACTIVE}


async def test_vectors_are_given_all_the_while(
    imsis: list[Imsi], location: Location, vault: Vault, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hss.provisioning.rewrapping.AT_ONCE", 5)
    service = HssService(database, Custodian(vault), Random(3).randbytes, now_ms)
    done = asyncio.Event()

    async def ask() -> int:
        given = 0
        while not done.is_set():
            for imsi in imsis:
                given += len(await service.vectors(VectorRequest(imsi, "aaa")))
        return given

    async def exchange() -> None:
        for _ in range(3):
            await asyncio.to_thread(rotate, location, vault)
            await asyncio.to_thread(rewrap, location, Custodian(vault), lambda _count: None)
        done.set()

    given, _ = await asyncio.gather(ask(), exchange())
    assert given >= len(imsis)


def test_row_that_does_not_open_is_named_and_stays(
    registry: Registry, imsis: list[Imsi], location: Location, vault: Vault
) -> None:
    registry.set(imsis[3], k=bytes(57))
    rotate(location, vault)
    with pytest.raises(VaultError, match=rf"subscriber\.k of {imsis[3]}"):
        rewrap(location, Custodian(vault), lambda _count: None)
