"""Both compressions against SHA-1 itself: a message of less than 56 octets is one block, padding included."""

import ctypes.util
from hashlib import sha1

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.eap.sha1_compression import (
    BEGUN,
    Compression,
    compression_in_python,
    compression_of_libcrypto,
    new_context,
    octets_of,
    words_of,
)

COMPRESSIONS = [
    pytest.param(compression_in_python, id="python"),
    pytest.param(
        compression_of_libcrypto(),
        id="libcrypto",
        marks=pytest.mark.skipif(ctypes.util.find_library("crypto") is None, reason="no libcrypto here"),
    ),
]


@pytest.mark.parametrize("compress", COMPRESSIONS)
@given(message=st.binary(max_size=55))
def test_compression_of_a_padded_message_is_its_hash(compress: Compression, message: bytes) -> None:
    padded = message + b"\x80" + bytes(55 - len(message)) + (8 * len(message)).to_bytes(8, "big")
    context = new_context(BEGUN)
    compress(context, padded)
    assert octets_of(*words_of(context)) == sha1(message).digest()


@pytest.mark.parametrize("compress", COMPRESSIONS)
@given(message=st.binary(min_size=64, max_size=119))
def test_compression_goes_on_from_the_block_before(compress: Compression, message: bytes) -> None:
    padded = message + b"\x80" + bytes(119 - len(message)) + (8 * len(message)).to_bytes(8, "big")
    context = new_context(BEGUN)
    compress(context, padded[:64])
    compress(context, padded[64:])
    assert octets_of(*words_of(context)) == sha1(message).digest()


def test_libraries_that_have_no_such_function_or_are_not_there_are_passed_over() -> None:
    assert compression_of_libcrypto(("libm.so.6", "libnone.so.0")) is None
