"""Stateless cookies."""

from dataclasses import replace
from ipaddress import IPv6Address
from random import Random

import pytest

from pdngw_proxy.ike.cookies import LIFETIME, Cookies
from tests.ike_link import UE
from wire.ikev2.nat import Endpoint

NI, SPI_I = bytes(range(32)), bytes(range(8))


def cookies() -> Cookies:
    return Cookies(Random(1).randbytes)


def accepts(
    jar: Cookies, cookie: bytes, *, ni: bytes = NI, spi_i: bytes = SPI_I, source: Endpoint = UE, now: float
) -> bool:
    return jar.accepts(cookie, ni=ni, spi_i=spi_i, source=source, now=now)


def test_cookie_is_accepted_from_its_bearer_alone() -> None:
    jar = cookies()
    cookie = jar.make(ni=NI, spi_i=SPI_I, source=UE, now=0.0)
    assert len(cookie) == 33
    assert accepts(jar, cookie, now=1.0)
    assert not accepts(jar, cookie, ni=bytes(32), now=1.0)
    assert not accepts(jar, cookie, spi_i=bytes(8), now=1.0)
    assert not accepts(jar, cookie, source=replace(UE, port=1), now=1.0)
    assert not accepts(jar, cookie, source=Endpoint(IPv6Address("::1"), UE.port), now=1.0)


@pytest.mark.parametrize("forged", [b"", b"\1", b"\0" * 33, b"\xff" * 33])
def test_forged_cookie_is_refused(forged: bytes) -> None:
    jar = cookies()
    jar.make(ni=NI, spi_i=SPI_I, source=UE, now=0.0)
    assert not accepts(jar, forged, now=1.0)


def test_cookie_of_the_secret_before_is_still_good() -> None:
    """RFC 7296 §2.6: the secret changes, and the one before is honoured for a while."""
    jar = cookies()
    cookie = jar.make(ni=NI, spi_i=SPI_I, source=UE, now=0.0)
    assert jar.make(ni=NI, spi_i=SPI_I, source=UE, now=LIFETIME + 1) != cookie
    assert accepts(jar, cookie, now=LIFETIME + 2)
    jar.make(ni=NI, spi_i=SPI_I, source=UE, now=2 * LIFETIME + 3)
    assert not accepts(jar, cookie, now=2 * LIFETIME + 4)


def test_cookie_does_not_outlive_a_quiet_time() -> None:
    jar = cookies()
    cookie = jar.make(ni=NI, spi_i=SPI_I, source=UE, now=0.0)
    assert not accepts(jar, cookie, now=10 * LIFETIME)


def test_jar_without_secret_accepts_nothing() -> None:
    assert not accepts(cookies(), b"\1" * 33, now=0.0)
