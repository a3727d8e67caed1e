"""Rows move to the active key while vectors are given, after an interruption too, and the old key retires."""

import asyncio
from random import Random

import pytest

from hss.api import VectorRequest
from hss.keys.custody import Custodian
from hss.keys.data_keys import make_key, read_data_keys, rows_by_key
from hss.keys.vault import Vault, VaultError
from hss.models import KeyPurpose, KeyState
from hss.provisioning.rewrapping import rewrap, waiting
from hss.service import HssService
from hss.store.database import Database
from hss.store.engines import transaction
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
