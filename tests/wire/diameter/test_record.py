from dataclasses import field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.diameter.strategies import unknown_avps
from wire.diameter.avp import Avp, AvpFault, build_avps
from wire.diameter.enumerations import AuthSessionState, PdnType
from wire.diameter.profile import Ambr
from wire.diameter.record import Record, avp
from wire.diameter.results import ResultCode
from wire.diameter.values import make
from wire.frozen import dataclass
from wire.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample(Record):
    name: str = field(metadata=avp("User-Name"))
    session: str | None = field(default=None, metadata=avp("Session-Id"))
    kind: PdnType | None = field(default=None, metadata=avp("PDN-Type", PdnType))
    rate: Ambr | None = field(default=None, metadata=avp("AMBR", Ambr))
    key: Secret | None = field(default=None, metadata=avp("EAP-Master-Session-Key", Secret))
    states: tuple[bytes, ...] = field(default=(), metadata=avp("State"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SwxSample(Record):
    state: AuthSessionState | None = field(
        default=AuthSessionState.NO_STATE_MAINTAINED, metadata=avp("Auth-Session-State", AuthSessionState)
    )
    user_name: str = field(metadata=avp("User-Name"))


WHOLE = Sample(
    name="n",
    session="s",
    kind=PdnType.IPV6,
    rate=Ambr(uplink=1, downlink=2),
    key=Secret(b"k"),
    states=(b"1", b"2"),
)


def test_session_id_is_written_first_and_the_rest_in_order() -> None:
    assert [(a.code, a.vendor) for a in WHOLE.to_avps()] == [
        (263, 0), (1, 0), (1456, 10415), (1435, 10415), (464, 0), (24, 0), (24, 0),
    ]  # fmt: skip


@given(st.lists(unknown_avps(), max_size=3).map(tuple))
def test_what_is_not_named_survives(extra: tuple[Avp, ...]) -> None:
    sample = Sample(name="n", extra=extra)
    assert Sample.from_avps(sample.to_avps()) == sample
    assert sample.octets() == build_avps(sample.to_avps())


def test_a_whole_record_comes_back() -> None:
    assert WHOLE.octets() == build_avps(WHOLE.to_avps())
    again = Sample.from_avps(WHOLE.to_avps())
    assert again == WHOLE
    assert isinstance(again.key, Secret)
    assert "k'" not in repr(again)


def test_a_missing_field_is_5005_with_an_example() -> None:
    with pytest.raises(AvpFault) as caught:
        Sample.from_avps(())
    assert (caught.value.result, caught.value.failed) == (ResultCode.MISSING_AVP, (Avp(1, 0, 0x40, b""),))


def test_a_field_that_comes_twice_is_5009_with_the_second() -> None:
    with pytest.raises(AvpFault) as caught:
        Sample.from_avps((make("User-Name", "a"), make("User-Name", "b")))
    assert caught.value.result is ResultCode.AVP_OCCURS_TOO_MANY_TIMES
    assert caught.value.failed == (make("User-Name", "b"),)


def test_a_value_outside_its_enumeration_is_5004() -> None:
    with pytest.raises(AvpFault) as caught:
        Sample.from_avps((make("User-Name", "a"), make("PDN-Type", 9)))
    assert caught.value.result is ResultCode.INVALID_AVP_VALUE


def test_a_fault_inside_a_group_is_found() -> None:
    with pytest.raises(AvpFault) as caught:
        Sample.from_avps((make("User-Name", "a"), make("AMBR", (make("Max-Requested-Bandwidth-UL", 1),))))
    assert caught.value.result is ResultCode.MISSING_AVP


def test_usual_value_is_written_like_any_other() -> None:
    assert Sample(name="n", session=None).to_avps() == (make("User-Name", "n"),)
    written = SwxSample(user_name="n").to_avps()
    assert written == (make("Auth-Session-State", 1), make("User-Name", "n"))
    assert SwxSample(user_name="n", state=AuthSessionState.STATE_MAINTAINED).to_avps()[0].data == bytes(4)
    assert SwxSample(user_name="n", state=None).to_avps() == written[1:]


def test_a_value_that_many_messages_carry_is_written_once() -> None:
    first, again = (SwxSample(user_name=name).to_avps()[0] for name in ("n", "m"))
    assert first is again
    assert first.octets == first.build()
