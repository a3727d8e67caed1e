"""Bodies of attributes by shape; sizes of RFC 4187 §10."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.eap import shapes
from wire.eap.shapes import Shape
from wire.errors import DecodeError, EncodeError

GOOD: dict[str, tuple[Shape, st.SearchStrategy[bytes]]] = {
    "flag": (shapes.FLAG, st.just(b"")),
    "number": (shapes.NUMBER, st.binary(min_size=2, max_size=2)),
    "auts": (shapes.AUTS, st.binary(min_size=14, max_size=14)),
    "block": (shapes.BLOCK, st.binary(min_size=16, max_size=16)),
    "blocks": (shapes.BLOCKS, st.integers(1, 4).flatmap(lambda n: st.binary(min_size=16 * n, max_size=16 * n))),
    "checkcode": (shapes.CHECKCODE, st.sampled_from([b"", b"h" * 20, b"h" * 32])),
    "counted": (shapes.COUNTED, st.binary(max_size=300)),
    "res": (shapes.RES, st.binary(min_size=4, max_size=16)),
    "padding": (shapes.PADDING, st.sampled_from([bytes(2), bytes(6), bytes(10)])),
    "opaque": (shapes.OPAQUE, st.integers(0, 4).flatmap(lambda n: st.binary(min_size=4 * n + 2, max_size=4 * n + 2))),
}


@pytest.mark.parametrize("name", GOOD)
@given(data=st.data())
def test_value_survives_a_round_trip(name: str, data: st.DataObject) -> None:
    shape, values = GOOD[name]
    value = data.draw(values)
    body = shape.build(value)
    assert len(body) % 4 == 2
    assert shape.parse(body, 0) == value


@pytest.mark.parametrize(
    ("shape", "body"),
    [
        (shapes.FLAG, "000000000000"),
        (shapes.NUMBER, "000000000000"),
        (shapes.AUTS, "00" * 18),
        (shapes.BLOCK, "00" * 14),
        (shapes.BLOCK, "00" * 22),
        (shapes.BLOCKS, "0000"),
        (shapes.BLOCKS, "00" * 22),
        (shapes.CHECKCODE, "00" * 18),
        (shapes.COUNTED, "0001"),
        (shapes.COUNTED, "0005616263640000"[:12]),
        (shapes.RES, "001800112233"),
        (shapes.RES, "0041" + "00" * 12),
        (shapes.RES, "0088" + "00" * 20),
        (shapes.RES, "0040001122334455"),
        (shapes.PADDING, "0001"),
        (shapes.PADDING, "00" * 14),
    ],
)
def test_body_of_a_wrong_size_is_refused(shape: Shape, body: str) -> None:
    with pytest.raises(DecodeError):
        shape.parse(bytes.fromhex(body), 0)


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        (shapes.FLAG, b"x"),
        (shapes.NUMBER, b"x"),
        (shapes.AUTS, bytes(13)),
        (shapes.BLOCK, bytes(15)),
        (shapes.BLOCKS, b""),
        (shapes.CHECKCODE, bytes(16)),
        (shapes.RES, bytes(3)),
        (shapes.RES, bytes(17)),
        (shapes.PADDING, b"ab"),
        (shapes.PADDING, bytes(14)),
        (shapes.OPAQUE, bytes(4)),
    ],
)
def test_value_of_a_wrong_size_is_not_built(shape: Shape, value: bytes) -> None:
    with pytest.raises(EncodeError):
        shape.build(value)


def test_reserved_octets_and_padding_are_ignored() -> None:
    assert shapes.FLAG.parse(b"\xff\xff", 0) == b""
    assert shapes.COUNTED.parse(b"\x00\x03abc\xff", 0) == b"abc"
