"""What routers said, and for how long it holds."""

from ipaddress import IPv6Address

import pytest

from pdngw_proxy.path_mtu import PATH_SECONDS, PathMtus

THERE = IPv6Address("2001:db8:b::77")


def test_path_is_as_narrow_as_the_narrowest_router_said() -> None:
    paths = PathMtus()
    assert paths.mtu(THERE, 0.0) is None
    for mtu in (1480, 1400, 1450):
        paths.learn(THERE, mtu, 0.0)
    assert paths.mtu(THERE, 1.0) == 1400


@pytest.mark.parametrize("mtu", [0, 68, 1279])
def test_no_path_is_narrower_than_the_minimum(mtu: int) -> None:
    paths = PathMtus()
    paths.learn(THERE, mtu, 0.0)
    assert paths.mtu(THERE, 0.0) is None


def test_what_was_said_is_forgotten_and_learned_anew() -> None:
    paths = PathMtus()
    paths.learn(THERE, 1300, 0.0)
    assert paths.mtu(THERE, PATH_SECONDS) is None
    paths.learn(THERE, 1400, PATH_SECONDS)
    assert paths.mtu(THERE, PATH_SECONDS) == 1400


def test_forgers_do_not_make_it_grow() -> None:
    paths = PathMtus(most=10)
    for number in range(1000):
        paths.learn(THERE + number, 1300, 0.0)
    assert len(paths) == 10
    assert paths.mtu(THERE + 999, 0.0) == 1300
