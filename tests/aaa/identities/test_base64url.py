"""base64url, beside the standard library's own."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aaa.identities.base64url import decoded, encoded

# RFC 4648 §10, and the two characters that differ (§5)
VECTORS = [(b"f", b"Zg"), (b"fo", b"Zm8"), (b"foo", b"Zm9v"), (b"foobar", b"Zm9vYmFy"), (b"\xfb\xff\xfe", b"-__-")]


@pytest.mark.parametrize(("octets", "text"), VECTORS)
def test_published_octets_are_spelled(octets: bytes, text: bytes) -> None:
    assert encoded(octets) == text
    assert decoded(text) == octets


@given(st.binary(max_size=120))
def test_octets_are_spelled_as_the_library_does(octets: bytes) -> None:
    text = encoded(octets)
    assert text == urlsafe_b64encode(octets).rstrip(b"=")
    assert decoded(text) == octets == urlsafe_b64decode(text + b"=" * (-len(text) % 4))


@given(st.binary(max_size=40) | st.text("AZaz09-_+/= \n", max_size=40).map(str.encode))
def test_what_is_spelled_in_no_right_way_is_nothing(text: bytes) -> None:
    octets = decoded(text)
    assert octets == b"" or encoded(octets) == text


@pytest.mark.parametrize("text", [b"", b"Z", b"Zg==", b"Zh", b"++++", b"Zm9v\n", "Zm9é".encode()])
def test_other_spellings_are_refused(text: bytes) -> None:
    assert decoded(text) == b""
