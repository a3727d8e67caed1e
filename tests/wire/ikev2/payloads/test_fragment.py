"""Encrypted Fragment payload."""

import pytest

from wire.buffer import Reader
from wire.errors import DecodeError
from wire.ikev2.payloads.fragment import EncryptedFragment


def test_fragment_is_read_and_built_alike() -> None:
    fragment = EncryptedFragment.parse(36, Reader(bytes.fromhex("0002 0003") + b"sealed"))
    assert fragment == EncryptedFragment(36, 2, 3, b"sealed")
    assert fragment.build() == bytes.fromhex("00020003") + b"sealed"


@pytest.mark.parametrize("head", ["00000001", "00000000", "00020001", "0001"])
def test_number_that_is_none_of_the_total_is_refused(head: str) -> None:
    """RFC 7383 §2.5: numbers begin at 1 and do not exceed the total."""
    with pytest.raises(DecodeError):
        EncryptedFragment.parse(0, Reader(bytes.fromhex(head)))
