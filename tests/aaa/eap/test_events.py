"""Events and effects are values that show no key."""

from aaa.eap.events import EapArrived, Succeeded, VectorArrived
from tests.aaa.eap.dialogue import AKA_IDENTITY, GRANT, IMSI, VECTOR, keys_of
from wire.identity import EapMethod


def test_events_with_keys_show_none() -> None:
    msk = keys_of(EapMethod.AKA).msk
    over = Succeeded(b"\x03\x01\x00\x04", msk, b"\x17", IMSI, AKA_IDENTITY, EapMethod.AKA, GRANT)
    for shown, key in ((repr(over), msk), (repr(VectorArrived(VECTOR)), VECTOR.xres)):
        assert repr(bytes(key)) not in shown
        assert key.hex() not in shown


def test_events_are_values() -> None:
    assert EapArrived(b"\x02") == EapArrived(b"\x02")
    assert EapArrived(b"\x02") != EapArrived(b"\x03")
