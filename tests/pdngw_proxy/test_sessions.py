"""Which session is found by what, and when it is not found any more."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from pdngw_proxy.aaa_link.port import Marks
from pdngw_proxy.addresses import Lease
from pdngw_proxy.sessions import GatewaySession, SessionBook
from tests.pdngw_proxy.associations import pair
from wire.ikev2.child import Mode
from wire.ikev2.nat import Endpoint

HOME, OTHER = IPv6Address("2001:db8::100"), IPv6Address("2001:db8::101")
LOCAL, PEER = Endpoint(IPv4Address("192.0.2.4"), 4500), Endpoint(IPv4Address("192.0.2.10"), 4500)


def session(sa: bytes = b"12345678", name: str = "one") -> GatewaySession:
    return GatewaySession(sa, name, local=LOCAL, peer=PEER)


def lease(address: IPv6Address = HOME, identity: str = "user", serial: int = 1) -> Lease:
    return Lease(address, identity, serial)


def test_book_finds_a_session_by_everything_it_has() -> None:
    book, one = SessionBook(), session()
    book.open(one)
    book.lease(one, lease())
    gateway, _ = pair(HOME, Mode.TUNNEL, 0x1000)
    book.install(one, gateway)
    assert len(book) == 1
    assert book.all() == [one]
    found = book.of_sa(one.sa), book.of_home(HOME), book.of_subscriber("user"), book.of_spi(0x1000)
    assert found == (one, one, one, one)


def test_book_finds_who_is_at_an_address_once_he_is_authenticated() -> None:
    book, one = SessionBook(), session()
    book.open(one)
    assert book.of_peer(PEER) is None
    one.began = 3.0
    assert (book.of_peer(PEER), book.of_peer(LOCAL)) == (one, None)


def test_book_finds_nothing_of_a_closed_session() -> None:
    book, one = SessionBook(), session()
    book.open(one)
    book.lease(one, lease())
    gateway, _ = pair(HOME, Mode.TUNNEL, 0x1000)
    book.install(one, gateway)
    book.close(one)
    assert len(book) == 0
    assert (book.of_sa(one.sa), book.of_home(HOME), book.of_subscriber("user"), book.of_spi(0x1000)) == (None,) * 4
    assert one.associations == {}


def test_book_closes_a_session_that_never_had_a_home_address() -> None:
    book, one = SessionBook(), session()
    book.open(one)
    book.close(one)
    book.close(one)
    assert len(book) == 0


def test_close_of_an_older_session_leaves_the_newer_one_its_home_address() -> None:
    book, older, newer = SessionBook(), session(), session(b"abcdefgh", "two")
    for one, serial in ((older, 1), (newer, 2)):
        book.open(one)
        book.lease(one, lease(serial=serial))
    book.close(older)
    assert (book.of_home(HOME), book.of_subscriber("user")) == (newer, newer)
    assert book.all() == [newer]


def test_subscriber_who_gets_another_home_address_is_found_by_the_new_session() -> None:
    book, older, newer = SessionBook(), session(), session(b"abcdefgh", "two")
    for one, address in ((older, HOME), (newer, OTHER)):
        book.open(one)
        book.lease(one, lease(address))
    assert book.of_subscriber("user") is newer
    assert (book.of_home(HOME), book.of_home(OTHER)) == (older, newer)
    book.close(older)
    assert (book.of_home(HOME), book.of_subscriber("user")) == (None, newer)


def test_association_of_a_mode_is_the_one_in_use() -> None:
    book, one = SessionBook(), session()
    book.open(one)
    assert one.outbound(Mode.TUNNEL) is None
    _, far = pair(HOME, Mode.TUNNEL, 0x300)
    ends = [
        pair(HOME, mode, spi)[0] for mode, spi in ((Mode.TUNNEL, 0x100), (Mode.TRANSPORT, 0x200), (Mode.TUNNEL, 0x300))
    ]
    for end in ends:
        book.install(one, end)
    assert one.outbound(Mode.TUNNEL) is ends[0]
    ends[2].inbound.open(far.outbound.seal(b"", 59))
    assert (one.outbound(Mode.TUNNEL), one.outbound(Mode.TRANSPORT)) == (ends[2], ends[1])
    book.remove(one, 0x300)
    assert one.outbound(Mode.TUNNEL) is ends[0]
    assert book.of_spi(0x300) is None
    book.remove(one, 0x300)
    assert len(one.associations) == 2


def test_session_is_found_by_its_name_until_it_is_closed() -> None:
    book, one = SessionBook(), session()
    book.open(one)
    assert (book.of_name("one"), book.of_name("two")) == (one, None)
    book.close(one)
    assert book.of_name("one") is None


def test_session_is_known_by_its_name_and_its_user_wherever_it_is() -> None:
    one = session()
    one.identity, one.user_name, one.chargeable, one.apn = "0ue@nai", "2hidden", "cui:01", "internet"
    assert one.fits(Marks("one"))
    assert one.fits(Marks("one", "0ue@nai", "cui:01", home_address="2001:db8::999", care_of="192.0.2.99"))
    assert one.fits(Marks("one", "2hidden"))
    for other in (Marks("two"), Marks("one", "0somebody@nai"), Marks("one", chargeable="cui:02")):
        assert not one.fits(other)


@pytest.mark.parametrize(
    "marks",
    [
        Marks(user_name="2other"),
        Marks(chargeable="cui:02"),
        Marks(home_address="2001:db8::101"),
        Marks(ipv4_home_address="10.1.2.4"),
        Marks(care_of="192.0.2.11"),
        Marks(apn="ims"),
        Marks("two"),
    ],
)
def test_session_without_its_name_is_known_by_all_that_is_said(marks: Marks) -> None:
    book, one, early = SessionBook(), session(), session(b"87654321", "early")
    for each in (one, early):
        book.open(each)
        each.identity, each.user_name, each.chargeable, each.apn = "0ue@nai", "2hidden", "cui:01", "internet"
    book.lease(one, lease())
    one.accepted, one.ipv4_home_address = True, IPv4Address("10.1.2.3")
    whole = Marks(None, "2hidden", "cui:01", str(HOME), "10.1.2.3", "192.0.2.10", "internet")
    assert book.of_marks(whole) == [one]
    assert book.of_marks(Marks("early")) == [early], "it is given up before it is accepted"
    assert book.of_marks(marks) == []
