"""When a tunnel of the UE wants a successor; tests/ue_sim/test_links.py has one that gets it."""

from ipaddress import IPv6Address

from tests.pdngw_proxy.associations import pair
from ue_sim.wear import Wear
from wire.ikev2.association import Association
from wire.ikev2.child import Mode


def made(spi: int) -> Association:
    return pair(IPv6Address("2001:db8::100"), Mode.TUNNEL, spi)[1]


def test_tunnel_is_replaced_once_after_nine_tenths_of_its_octets() -> None:
    tunnel = made(7)
    wear = Wear(1000)
    tunnel.octets = 899
    assert wear.worn([tunnel]) == wear.ask([tunnel]) == []
    tunnel.octets = 900
    assert wear.worn([tunnel]) == [tunnel.child.spi_in]
    assert wear.ask([tunnel]) == [tunnel.child.spi_in]
    assert wear.worn([tunnel]) == wear.ask([tunnel]) == []


def test_octets_do_not_count_where_there_is_no_limit_but_numbers_always_do() -> None:
    tunnel = made(7)
    wear = Wear(None)
    tunnel.octets = 1 << 60
    assert wear.worn([tunnel]) == []
    tunnel.outbound._sequence = int(tunnel.outbound.most * 0.9) + 1
    assert wear.worn([tunnel]) == [tunnel.child.spi_in]


def test_tunnel_on_its_way_out_wants_no_successor() -> None:
    tunnel = made(7)
    tunnel.octets, tunnel.retired = 1000, True
    assert Wear(1000).worn([tunnel]) == []


def test_what_is_gone_is_forgotten() -> None:
    wear = Wear(1)
    for spi in (7, 8, 9):
        tunnel = made(spi)
        tunnel.octets = 1
        assert len(wear.ask([tunnel])) == 1
        assert len(wear._asked) == 1
        wear.ask([])
    assert wear._asked == set()
