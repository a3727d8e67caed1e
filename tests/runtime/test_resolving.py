import asyncio
import socket
from threading import Event
from typing import NoReturn

import pytest

from runtime.resolving import addresses_of


def forbidden(*_: object, **__: object) -> NoReturn:
    raise AssertionError("it was looked up")


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "fe80::1%eth0"])
async def test_an_address_is_not_looked_up(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", forbidden)
    assert await addresses_of(host, 3868) == (host,)


async def test_a_name_is_all_of_its_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [
            (socket.AF_INET6, 1, 6, "", ("2001:db8::1", 3868, 0, 0)),
            (socket.AF_INET, 1, 6, "", ("192.0.2.1", 3868)),
            (socket.AF_INET, 1, 6, "", ("192.0.2.1", 3868)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    assert await addresses_of("hss.example", 3868) == ("2001:db8::1", "192.0.2.1")


@pytest.mark.parametrize("error", [socket.gaierror(-2, "Name or service not known"), UnicodeError("label too long")])
async def test_a_name_that_nobody_knows_is_an_error(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def failing(*_: object, **__: object) -> NoReturn:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", failing)
    with pytest.raises(OSError, match=r"not known|no name of a host"):
        await addresses_of("hss.example", 3868)


def test_a_silent_resolver_holds_up_neither_an_attempt_nor_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    going_on = Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: going_on.wait() and [])
    monkeypatch.setattr("runtime.resolving.SECONDS", 0.01)
    with pytest.raises(OSError, match=r"no resolver has said within 0\.01 s"):
        asyncio.run(addresses_of("hss.example", 3868))
    going_on.set()
