"""KASME as another authentication centre computes it."""

import pytest

from wire.aka.kasme import derive_kasme
from wire.aka.sqn import conceal
from wire.errors import EncodeError

CK = bytes.fromhex("b40ba9a3c58b2a05bbf0d987b21bf8cb")
IK = bytes.fromhex("f769bcd751044604127672711c6d3441")
PLMN = bytes.fromhex("02f859")


def test_kasme_is_the_one_that_magma_expects() -> None:
    """TestGenerateKasme in milenage_test.go of github.com/magma/magma, on CK and IK of TS 35.208 §4.3.1."""
    concealed_sqn = conceal(0x00010100AA0A, bytes.fromhex("00000101cc0c"))
    kasme = derive_kasme(CK, IK, PLMN, concealed_sqn)
    assert kasme.hex() == "d08764b4fd45fa3b0659791894b6738b2303241e147aef804f6c53d1f03bd1ea"
    assert kasme.hex() not in repr(kasme)


@pytest.mark.parametrize(
    ("ck", "ik", "plmn", "sqn"), [(15, 16, 3, 6), (16, 32, 3, 6), (16, 16, 2, 6), (16, 16, 4, 6), (16, 16, 3, 5)]
)
def test_another_length_is_refused(ck: int, ik: int, plmn: int, sqn: int) -> None:
    with pytest.raises(EncodeError):
        derive_kasme(bytes(ck), bytes(ik), bytes(plmn), bytes(sqn))
