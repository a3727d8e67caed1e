"""Keccak-f[1600] under a sponge is what hashlib calls SHA-3 and SHAKE (FIPS 202)."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.aka.keccak import STATE_LENGTH, permute
from wire.errors import EncodeError


def sponge(message: bytes, rate: int, suffix: int, length: int) -> bytes:
    """The sponge construction with pad10*1 (FIPS 202 §4, §5.1); `length` of at most `rate` octets."""
    padded = bytearray(message + bytes([suffix]))
    padded += bytes(-len(padded) % rate)
    padded[-1] |= 0x80
    state = bytes(STATE_LENGTH)
    for at in range(0, len(padded), rate):
        block = bytes(padded[at : at + rate]).ljust(STATE_LENGTH, b"\0")
        state = permute(bytes(a ^ b for a, b in zip(state, block, strict=True)))
    return state[:length]


@given(st.binary(max_size=300))
def test_sponge_is_sha3_and_shake(message: bytes) -> None:
    assert sponge(message, 136, 0x06, 32) == hashlib.sha3_256(message).digest()
    assert sponge(message, 136, 0x1F, 136) == hashlib.shake_256(message).digest(136)


@given(st.binary(min_size=200, max_size=200))
def test_times_are_one_after_another(state: bytes) -> None:
    assert permute(state, 3) == permute(permute(permute(state)))
    assert permute(state, 0) == state


def test_another_length_is_refused() -> None:
    with pytest.raises(EncodeError):
        permute(bytes(199))
