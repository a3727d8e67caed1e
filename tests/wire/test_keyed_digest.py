"""HMAC by the cases of RFC 2202 and RFC 4231, and as Python's own library computes it."""

import hmac
from hashlib import md5, sha1, sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.keyed_digest import Algorithm, keyed, keyed_digest

ALGORITHMS = {"md5": md5, "sha1": sha1, "sha256": sha256}

# RFC 2202 §2 and §3, RFC 4231 §4.3 and §4.7: case 2, and a key that is longer than a block
PUBLISHED = [
    (md5, b"Jefe", b"what do ya want for nothing?", "750c783e6ab0b503eaa86e310a5db738"),
    (sha1, b"Jefe", b"what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
    (
        sha256,
        b"Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    (
        md5,
        b"\xaa" * 80,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd",
    ),
    (
        sha1,
        b"\xaa" * 80,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "aa4ae5e15272d00e95705637ce8a3b55ed402112",
    ),
    (
        sha256,
        b"\xaa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
]


@pytest.mark.parametrize(("algorithm", "key", "data", "expected"), PUBLISHED)
def test_digest_is_the_published_one(algorithm: Algorithm, key: bytes, data: bytes, expected: str) -> None:
    assert keyed_digest(algorithm, key, data).hex() == expected
    assert keyed(algorithm, key)(data).hex() == expected


@given(st.sampled_from(sorted(ALGORITHMS)), st.binary(max_size=200), st.binary(max_size=200))
def test_digest_is_that_of_the_library(name: str, key: bytes, data: bytes) -> None:
    assert keyed_digest(ALGORITHMS[name], key, data) == hmac.digest(key, data, name)


@given(st.sampled_from(sorted(ALGORITHMS)), st.binary(max_size=200), st.lists(st.binary(max_size=200), max_size=4))
def test_key_serves_any_number_of_times(name: str, key: bytes, every: list[bytes]) -> None:
    digest = keyed(ALGORITHMS[name], key)
    assert [digest(data) for data in every] == [hmac.digest(key, data, name) for data in every]
