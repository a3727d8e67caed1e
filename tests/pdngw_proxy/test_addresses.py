"""Home Addresses: each with one subscriber at a time."""

from ipaddress import IPv6Address, IPv6Network

import pytest
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from hypothesis.strategies import integers, none, one_of

from pdngw_proxy.addresses import AddressRefused, HomeAddressPool, Lease

PREFIX = IPv6Network("2001:db8:1::/64")
AGENT = IPv6Address("2001:db8:1::1")


def pool(capacity: int = 100, *, prefix: IPv6Network = PREFIX) -> HomeAddressPool:
    return HomeAddressPool(prefix, reserved=[AGENT, IPv6Address("2001:db8:1::101")], capacity=capacity)


def test_pool_gives_each_subscriber_an_address_of_its_own() -> None:
    addresses = pool()
    leases = [addresses.lease(f"ue{number}") for number in range(3)]
    assert [str(lease.home_address) for lease in leases] == ["2001:db8:1::100", "2001:db8:1::102", "2001:db8:1::103"]
    assert addresses.holder(leases[0].home_address) == leases[0]
    assert len(addresses) == 3


def test_subscriber_who_comes_again_keeps_the_address() -> None:
    addresses = pool()
    older = addresses.lease("ue")
    newer = addresses.lease("ue")
    assert newer.home_address == older.home_address
    addresses.release(older)
    assert addresses.holder(newer.home_address) == newer
    addresses.release(newer)
    addresses.release(newer)
    assert addresses.holder(newer.home_address) is None


def test_address_that_somebody_else_has_is_not_given_again() -> None:
    addresses = pool()
    lease = addresses.lease("ue")
    addresses.avoid(lease.home_address)
    assert addresses.lease("ue").home_address != lease.home_address
    assert addresses.holder(lease.home_address) is None
    assert addresses.lease("other", wanted=lease.home_address).home_address != lease.home_address
    assert addresses.lease("third", static=lease.home_address).home_address == lease.home_address


def test_so_many_are_avoided_and_no_more() -> None:
    addresses = pool()
    first = addresses.lease("ue").home_address
    for number in range(1025):
        addresses.avoid(first + number)
    assert addresses.lease("ue").home_address == first, "it was seen longest ago"


def test_subscriber_who_comes_back_has_the_address_that_he_had() -> None:
    addresses = pool()
    leases = [addresses.lease(f"ue{number}") for number in range(3)]
    for lease in leases:
        addresses.release(lease)
    assert addresses.lease("ue1").home_address == leases[1].home_address
    assert addresses.lease("stranger").home_address not in {lease.home_address for lease in leases}


def test_address_that_somebody_else_has_by_then_is_not_given_back() -> None:
    addresses = pool()
    former = addresses.lease("ue")
    addresses.release(former)
    addresses.lease("other", former.home_address)
    assert addresses.lease("ue").home_address != former.home_address


def test_address_of_one_who_stays_away_is_given_to_others_in_the_end() -> None:
    addresses = pool(prefix=IPv6Network("2001:db8:1::102/127"))
    former = addresses.lease("ue")
    addresses.release(former)
    assert addresses.lease("other").home_address == former.home_address
    with pytest.raises(AddressRefused):
        addresses.lease("ue")


def test_profile_decides_the_address() -> None:
    static = IPv6Address("2001:db8:1::5:7")
    assert pool().lease("ue", static).home_address == static


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ("2001:db8:1::5:7", "2001:db8:1::5:7"),
        ("2001:db8:1::1", "2001:db8:1::102"),
        ("2001:db8:1::100", "2001:db8:1::102"),
        ("2001:db8:2::9", "2001:db8:1::102"),
        ("2001:db8:1::", "2001:db8:1::102"),
    ],
    ids=["free", "reserved", "another's", "elsewhere", "no host"],
)
def test_ue_gets_what_it_wants_where_that_is_free(wanted: str, given: str) -> None:
    """RFC 7296 §3.15.1: an address in the request is a wish."""
    addresses = pool()
    addresses.lease("another")
    assert str(addresses.lease("ue", wanted=IPv6Address(wanted)).home_address) == given


def test_wish_neither_takes_an_address_away_nor_goes_before_the_profile() -> None:
    addresses, wish, static = pool(), IPv6Address("2001:db8:1::5:7"), IPv6Address("2001:db8:1::777")
    assert addresses.lease("ue", static, wish).home_address == static
    assert addresses.lease("ue", wanted=wish).home_address == static
    full = pool(1)
    full.lease("ue")
    with pytest.raises(AddressRefused):
        full.lease("other", wanted=wish)


def test_static_address_replaces_the_one_that_was_held() -> None:
    addresses = pool()
    before = addresses.lease("ue")
    after = addresses.lease("ue", IPv6Address("2001:db8:1::777"))
    assert addresses.holder(before.home_address) is None
    assert addresses.holder(after.home_address) == after
    assert addresses.lease("ue").home_address == after.home_address


@pytest.mark.parametrize(
    ("static", "reason"),
    [("2001:db8:2::1", "is not in"), ("2001:db8:1::1", "reserved"), ("2001:db8:1::", "reserved")],
)
def test_static_address_has_to_be_at_home(static: str, reason: str) -> None:
    with pytest.raises(AddressRefused, match=reason):
        pool().lease("ue", IPv6Address(static))


def test_static_address_is_never_given_twice() -> None:
    addresses, static = pool(), IPv6Address("2001:db8:1::777")
    held = addresses.lease("one", static)
    with pytest.raises(AddressRefused, match="another subscriber's by his profile"):
        addresses.lease("other", static)
    assert addresses.holder(static) == held
    assert addresses.lease("other").home_address != static


def test_who_has_an_address_by_chance_or_wish_gives_way_to_whose_it_is_by_the_profile() -> None:
    addresses = pool()
    chance, wish = addresses.lease("one"), addresses.lease("two", wanted=IPv6Address("2001:db8:1::777"))
    for held in (chance, wish):
        own = addresses.lease(f"owner of {held.home_address}", held.home_address)
        assert own.home_address == held.home_address
        addresses.release(held)
        assert addresses.holder(own.home_address) == own
    assert len(addresses) == 2
    assert addresses.lease("one").home_address not in {chance.home_address, wish.home_address}


def test_static_address_is_nobody_elses_while_its_subscriber_is_away() -> None:
    addresses, static = pool(2), IPv6Address("2001:db8:1::100")
    addresses.release(addresses.lease("owner", static))
    assert addresses.lease("other", wanted=static).home_address != static
    assert addresses.lease("owner", static).home_address == static


def test_static_address_goes_to_another_with_the_profile() -> None:
    addresses, static = pool(), IPv6Address("2001:db8:1::777")
    addresses.lease("former", static)
    with pytest.raises(AddressRefused):
        addresses.lease("owner", static)
    former = addresses.lease("former")
    assert former.home_address == static
    assert addresses.lease("owner", static).home_address == static
    addresses.release(former)
    assert addresses.lease("former").home_address != static


def test_so_many_static_addresses_are_remembered_and_no_more() -> None:
    addresses = pool(1)
    for end in ("777", "778"):
        addresses.release(addresses.lease(end, IPv6Address(f"2001:db8:1::{end}")))
    assert str(addresses.lease("other", wanted=IPv6Address("2001:db8:1::777")).home_address).endswith(":777")


def test_dynamic_address_steps_over_a_static_one() -> None:
    addresses = pool()
    addresses.lease("static", IPv6Address("2001:db8:1::100"))
    assert addresses.lease("ue").home_address == IPv6Address("2001:db8:1::102")


def test_full_pool_says_so() -> None:
    addresses = pool(2)
    leases = [addresses.lease("one"), addresses.lease("two")]
    with pytest.raises(AddressRefused, match="2 are leased") as caught:
        addresses.lease("three")
    assert "no Home Address of 2001:db8:1::/64 is free" in caught.value.reason
    addresses.release(leases[0])
    assert addresses.lease("three").home_address not in {leases[0].home_address, leases[1].home_address}


def test_small_prefix_gives_a_freed_address_again() -> None:
    addresses = pool(prefix=IPv6Network("2001:db8:1::100/126"))
    leases = [addresses.lease("one"), addresses.lease("two")]
    assert [str(lease.home_address) for lease in leases] == ["2001:db8:1::102", "2001:db8:1::103"]
    with pytest.raises(AddressRefused):
        addresses.lease("three")
    addresses.release(leases[1])
    assert addresses.lease("three").home_address == leases[1].home_address


class PoolMachine(RuleBasedStateMachine):
    """Any order of leases and releases: no two subscribers share an address, nobody holds two."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = HomeAddressPool(IPv6Network("2001:db8:1::/124"), reserved=[AGENT], capacity=6)
        self.leases: dict[str, Lease] = {}

    @rule(who=integers(0, 8), static=one_of(none(), integers(0, 20)))
    def lease(self, who: int, static: int | None) -> None:
        address = None if static is None else PREFIX.network_address + static
        try:
            lease = self.pool.lease(str(who), address)
        except AddressRefused:
            return
        # whoever had the profile's address by chance has it no more
        others = {name: held for name, held in self.leases.items() if held.home_address != lease.home_address}
        self.leases = others | {str(who): lease}

    @rule(who=integers(0, 8))
    def release(self, who: int) -> None:
        if str(who) in self.leases:
            self.pool.release(self.leases.pop(str(who)))

    @invariant()
    def holders_are_distinct(self) -> None:
        assert {lease.home_address: lease for lease in self.leases.values()} == {
            address: self.pool.holder(address) for address in (lease.home_address for lease in self.leases.values())
        }
        assert len({lease.home_address for lease in self.leases.values()}) == len(self.leases) == len(self.pool)


TestPool = PoolMachine.TestCase


def test_pool_knows_of_no_more_addresses_than_it_may_give_twice_over() -> None:
    # subscribers who never come back must not make it grow
    pool = HomeAddressPool(PREFIX, capacity=4)
    given = []
    for number in range(100):
        lease = pool.lease(f"subscriber {number}")
        given.append(lease.home_address)
        pool.release(lease)
    assert len(set(given)) == 4
    assert given[:8] == given[:4] * 2
