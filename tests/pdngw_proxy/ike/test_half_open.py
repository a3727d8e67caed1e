"""Which half-open IKE SA gives way to a newcomer."""

from ipaddress import IPv4Address

from pdngw_proxy.ike.half_open import HalfOpenBook

ONE, OTHER = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")


def book(*entries: tuple[IPv4Address, bytes]) -> HalfOpenBook:
    made = HalfOpenBook()
    for address, sa in entries:
        made.add(address, sa)
    return made


def nobody(_: bytes) -> bool:
    return False


def test_oldest_of_the_busiest_address_gives_way() -> None:
    made = book((ONE, b"a"), (OTHER, b"b"), (OTHER, b"c"))
    assert made.victim(nobody) == b"b"
    assert made.victim(nobody, address=ONE) == b"a"


def test_who_has_proven_itself_gives_way_last() -> None:
    made = book((OTHER, b"b"), (OTHER, b"c"), (ONE, b"a"))
    assert made.victim(lambda sa: sa == b"b") == b"c"
    assert made.victim(lambda sa: sa != b"a") == b"a"
    assert made.victim(lambda _: True) == b"b"
    assert made.victim(lambda sa: sa != b"a", address=OTHER) == b"b"


def test_nobody_gives_way_where_nobody_is() -> None:
    assert book().victim(nobody) is None
    assert book((ONE, b"a")).victim(nobody, address=OTHER) is None


def test_counts_follow_what_comes_and_goes() -> None:
    made = book((ONE, b"a"), (OTHER, b"b"), (OTHER, b"c"))
    assert (len(made), made.of(ONE), made.of(OTHER)) == (3, 1, 2)
    made.remove(ONE, b"a")
    assert (len(made), made.of(ONE)) == (2, 0)
