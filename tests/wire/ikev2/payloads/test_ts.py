"""TS payloads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.ikev2.test_selectors import SELECTORS
from wire.buffer import Reader
from wire.errors import DecodeError
from wire.ikev2.payloads.ts import TsInitiator, TsResponder
from wire.ikev2.selectors import OpaqueSelector, TrafficSelector

LISTS = st.lists(SELECTORS, min_size=1, max_size=5).map(tuple)
PAYLOADS = st.one_of(st.builds(TsInitiator, LISTS), st.builds(TsResponder, LISTS))


@given(PAYLOADS)
def test_payload_survives_the_round_trip(payload: TsInitiator | TsResponder) -> None:
    assert type(payload).parse(Reader(payload.build())) == payload


@given(LISTS)
def test_known_leaves_out_foreign_types(selectors: tuple[TrafficSelector | OpaqueSelector, ...]) -> None:
    known = TsInitiator(selectors).known
    assert list(known) == [selector for selector in selectors if isinstance(selector, TrafficSelector)]


@pytest.mark.parametrize("count", [0, 2])
def test_parser_refuses_a_count_that_lies(count: int) -> None:
    body = bytes((count, 0, 0, 0)) + OpaqueSelector(9, 0, b"abcd").build()
    with pytest.raises(DecodeError):
        TsInitiator.parse(Reader(body))


def test_parser_refuses_octets_after_the_last_selector() -> None:
    body = bytes((1, 0, 0, 0)) + OpaqueSelector(9, 0, b"abcd").build() + b"\0"
    with pytest.raises(DecodeError, match="left over"):
        TsResponder.parse(Reader(body))
