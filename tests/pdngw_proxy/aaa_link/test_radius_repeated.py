"""What accounting repeats of a session's Accept, CoA and Disconnect (RFC 2865 §5.25, RFC 5176 §3.6)."""

import pytest

from pdngw_proxy.aaa_link.radius_repeated import ROOM, Repeated
from wire.radius.packet import Attribute, Code, RadiusPacket

CUI = Attribute.of("Chargeable-User-Identity", b"him")


def accept(*classes: bytes) -> RadiusPacket:
    said = (CUI, *(Attribute.of("Class", value) for value in classes), Attribute.of("Session-Timeout", 60))
    return RadiusPacket(Code.ACCESS_ACCEPT, 1, bytes(16), said)


def of_class(*values: bytes) -> tuple[Attribute, ...]:
    return tuple(Attribute.of("Class", value) for value in values)


@pytest.fixture
def repeated() -> Repeated:
    found = Repeated()
    found.accept("s", accept(b"1", b"2"))
    return found


def test_what_the_accept_says_is_repeated_in_its_order_until_the_end(repeated: Repeated) -> None:
    assert repeated.of("s") == (CUI, *of_class(b"1", b"2"))
    repeated.accept("s", accept(b"3"))
    assert repeated.of("s") == (CUI, *of_class(b"3"))
    repeated.forget("s")
    repeated.forget("s")
    assert repeated.of("s") == ()


def test_class_of_a_coa_replaces_and_that_of_a_disconnect_is_added_once(repeated: Repeated) -> None:
    repeated.replace_class("s", [b"4", b"5"])
    assert repeated.of("s") == (CUI, *of_class(b"4", b"5"))
    repeated.add_class("s", [b"5", b"6", b"6"])
    assert repeated.of("s") == (CUI, *of_class(b"4", b"5", b"6"))


def test_session_whose_accept_said_nothing_is_told_of_as_well() -> None:
    repeated = Repeated()
    repeated.add_class("s", [b"1"])
    repeated.replace_class("t", [b"2"])
    assert (repeated.of("s"), repeated.of("t")) == (of_class(b"1"), of_class(b"2"))


def test_what_no_record_has_room_for_is_left_out(repeated: Repeated) -> None:
    long = [bytes([number]) * 253 for number in range(20)]
    repeated.add_class("s", long)
    kept = repeated.of("s")
    assert kept[:3] == (CUI, *of_class(b"1", b"2"))
    assert sum(len(one.value) + 2 for one in kept) <= ROOM < sum(len(one.value) + 2 for one in kept) + 255
