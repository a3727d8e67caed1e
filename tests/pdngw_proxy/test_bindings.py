"""The binding cache: bounded, and every entry ends at its time."""

from ipaddress import IPv4Address, IPv6Address

from hypothesis import given
from hypothesis import strategies as st

from pdngw_proxy.bindings import BindingCache, Lingering, Pending, Registered, Revoking, Unbound
from pdngw_proxy.mobility import Binding, Endpoint, MobilityArrived
from wire.mip6.binding_update import BindingFlag, BindingUpdate


def home(number: int) -> IPv6Address:
    return IPv6Address("2001:db8::") + number


def registered(number: int, expires_at: float) -> Registered:
    return Registered(
        Binding(
            home_address=home(number),
            care_of=IPv4Address(number),
            endpoint=Endpoint(IPv4Address(number), 4191),
            sequence=number,
            flags=BindingFlag.HOME_REGISTRATION,
            lifetime=60,
            expires_at=expires_at,
            nat_detected=False,
        )
    )


def test_cache_knows_what_was_put() -> None:
    cache = BindingCache(8)
    assert (cache.entry(home(1)), cache.binding(home(1)), len(cache), cache.deadline) == (Unbound(), None, 0, None)
    entry = registered(1, 60.0)
    cache.put(home(1), entry)
    assert (cache.entry(home(1)), cache.binding(home(1)), len(cache)) == (entry, entry.binding, 1)
    assert (entry.sequence, entry.due_at) == (1, 60.0)


def test_entry_is_due_when_its_node_is_to_be_asked_and_then_when_it_ends() -> None:
    cache = BindingCache(8)
    binding = registered(1, 60.0).binding
    cache.put(home(1), Registered(binding, ask_at=50.0))
    assert (cache.deadline, cache.due(49.9)) == (50.0, [])
    assert cache.due(50.0) == [(home(1), Registered(binding, ask_at=50.0))]
    cache.put(home(1), Registered(binding))
    assert cache.deadline == 60.0


def test_revoked_entry_is_no_binding() -> None:
    cache = BindingCache(8)
    binding = registered(1, 60.0).binding
    entry = Revoking(binding=binding, trigger=1, cause="", indication=1, sendings=1, due_at=5.0)
    cache.put(home(1), entry)
    assert (cache.binding(home(1)), cache.entry(home(1)), entry.sequence, cache.deadline) == (None, entry, 1, 5.0)


def test_lingering_entry_is_no_binding() -> None:
    cache = BindingCache(8)
    cache.put(home(1), Lingering(7, 10.0))
    assert cache.binding(home(1)) is None
    assert cache.entry(home(1)) == Lingering(7, 10.0)


def test_pending_entry_is_no_binding_and_never_due() -> None:
    cache = BindingCache(1)
    outer = Endpoint(IPv4Address(1), 4191)
    update = BindingUpdate(sequence=7, flags=BindingFlag.HOME_REGISTRATION, lifetime=9)
    came = MobilityArrived(octets=b"", sa_home_address=home(1), source=home(1), destination=home(0), outer=outer)
    cache.put(home(1), Pending(came, update))
    assert (cache.binding(home(1)), cache.deadline, cache.due(1e9), cache.is_full) == (None, None, [], True)
    assert cache.entry(home(1)) == Pending(came, update)
    cache.put(home(1), registered(1, 60.0))
    assert cache.deadline == 60.0


def test_cache_is_full_with_lingering_entries_counted() -> None:
    cache = BindingCache(2)
    seen = []
    for number, entry in ((1, registered(1, 60.0)), (2, Lingering(7, 10.0)), (2, Unbound())):
        cache.put(home(number), entry)
        seen.append(cache.is_full)
    assert seen == [False, True, False]


def test_deadline_follows_a_renewed_binding() -> None:
    cache = BindingCache(8)
    cache.put(home(1), registered(1, 60.0))
    cache.put(home(2), registered(2, 90.0))
    cache.put(home(1), registered(1, 120.0))
    assert cache.deadline == 90.0
    assert cache.due(89.9) == []
    assert cache.due(90.0) == [(home(2), registered(2, 90.0))]
    cache.put(home(2), Unbound())
    assert cache.deadline == 120.0
    cache.put(home(1), Unbound())
    assert cache.deadline is None


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 50)), max_size=40), st.integers(0, 50))
def test_due_entries_are_those_whose_time_has_come(puts: list[tuple[int, int]], now: int) -> None:
    cache, last = BindingCache(100), dict[int, int]()
    for number, expires_at in puts:
        cache.put(home(number), registered(number, float(expires_at)))
        last[number] = expires_at
    over = cache.due(float(now))
    assert {address for address, _ in over} == {home(number) for number, end in last.items() if end <= now}
    assert [entry.due_at for _, entry in over] == sorted(entry.due_at for _, entry in over)


def test_many_renewals_leave_no_heap_behind() -> None:
    cache = BindingCache(8)
    cache.put(home(2), registered(2, 1.0))
    for turn in range(1000):
        cache.put(home(1), registered(1, 60.0 + turn))
    assert len(cache._ends) < 100
    assert cache.deadline == 1.0
    assert cache.due(2000.0) == [(home(2), registered(2, 1.0)), (home(1), registered(1, 1059.0))]
