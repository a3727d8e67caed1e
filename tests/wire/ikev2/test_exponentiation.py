"""Both powers beside Python's own numbers, and what is done where there is no libcrypto."""

import ctypes.util

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.ikev2.exponentiation import Power, power, power_in_python, power_of_libcrypto

POWERS = [
    pytest.param(power_in_python, id="python"),
    pytest.param(
        power_of_libcrypto(),
        id="libcrypto",
        marks=pytest.mark.skipif(ctypes.util.find_library("crypto") is None, reason="no libcrypto here"),
    ),
]
OCTETS = 33


@pytest.mark.parametrize("raise_to", POWERS)
@given(
    base=st.integers(0, 2**264 - 1), exponent=st.binary(max_size=OCTETS), modulus=st.integers(2, 2**264 - 1)
)  # fmt: skip
def test_power_is_that_of_the_numbers(raise_to: Power, base: int, exponent: bytes, modulus: int) -> None:
    modulus |= 1
    base %= modulus
    expected = pow(base, int.from_bytes(exponent), modulus)
    assert raise_to(base.to_bytes(OCTETS), exponent, modulus.to_bytes(OCTETS)) == expected.to_bytes(OCTETS)


def test_libcrypto_that_refuses_says_so_without_a_number() -> None:
    found = power_of_libcrypto()
    if found is None:
        pytest.skip("no libcrypto here")
    with pytest.raises(ArithmeticError, match=r"^libcrypto refuses to compute a power$"):
        found(b"\x02", b"\x03", b"\x04")


def test_libraries_that_have_no_such_function_or_are_not_there_are_passed_over() -> None:
    assert power_of_libcrypto(("libm.so.6", "libnone.so.0")) is None


def test_there_is_always_one() -> None:
    assert power(b"\x03", b"\x05", b"\x00\x65") == (243 % 101).to_bytes(2)
