"""Both encryptions against NIST SP 800-38A F.2.1 and against each other, from several threads as well."""

import ctypes.util
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.eap.aes_cbc import ROOM, Encryption, encryption_by_cryptography, encryption_of_libcrypto
from wire.secret import Secret

BY_LIBCRYPTO = encryption_of_libcrypto()
needs_libcrypto = pytest.mark.skipif(ctypes.util.find_library("crypto") is None, reason="no libcrypto here")
ENCRYPTIONS = [
    pytest.param(encryption_by_cryptography, id="cryptography"),
    pytest.param(BY_LIBCRYPTO, id="libcrypto", marks=needs_libcrypto),
]
BLOCKS = st.binary(min_size=16, max_size=16)

# NIST SP 800-38A F.2.1
KEY = Secret.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
TEXT = bytes.fromhex(
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
)
OUTPUT = (
    "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
    "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7"
)


@pytest.mark.parametrize("encrypt", ENCRYPTIONS)
def test_published_text_is_encrypted(encrypt: Encryption) -> None:
    assert encrypt(KEY, bytes(range(16)), TEXT).hex() == OUTPUT
    assert encrypt(KEY, bytes(range(16)), b"") == b""


@needs_libcrypto
@given(key=BLOCKS, iv=BLOCKS, blocks=st.lists(BLOCKS, max_size=ROOM // 16 + 2))
def test_both_encrypt_alike(key: bytes, iv: bytes, blocks: list[bytes]) -> None:
    assert BY_LIBCRYPTO is not None
    assert BY_LIBCRYPTO(key, iv, b"".join(blocks)) == encryption_by_cryptography(key, iv, b"".join(blocks))


@pytest.mark.parametrize("encrypt", ENCRYPTIONS)
@pytest.mark.parametrize(("key", "iv", "text"), [(15, 16, 16), (16, 15, 16), (16, 17, 16), (16, 16, 15), (0, 0, 0)])
def test_nothing_else_is_encrypted(encrypt: Encryption, key: int, iv: int, text: int) -> None:
    with pytest.raises(ValueError, match=r"."):
        encrypt(bytes(key), bytes(iv), bytes(text))


@needs_libcrypto
def test_threads_do_not_disturb_each_other() -> None:
    encrypt = encryption_of_libcrypto()
    assert encrypt is not None
    cases = [(bytes((at,)) * 16, bytes((at, 1)) * 8, bytes((at,)) * 16 * (at % 9)) for at in range(250)] * 20
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda case: encrypt(*case), cases))
    assert found == [encryption_by_cryptography(*case) for case in cases]


def test_libraries_that_have_no_such_function_or_are_not_there_are_passed_over() -> None:
    assert encryption_of_libcrypto(("libm.so.6", "libnone.so.0")) is None
