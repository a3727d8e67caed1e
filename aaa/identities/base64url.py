"""base64url without padding (RFC 4648 §5), in its one right form: by `binascii`, as each identity passes it twice."""

from binascii import Error, a2b_base64, b2a_base64

_URL_SAFE, _USUAL = bytes.maketrans(b"+/", b"-_"), bytes.maketrans(b"-_", b"+/")


def encoded(octets: bytes) -> bytes:
    """The characters of `octets`."""
    return b2a_base64(octets, newline=False).translate(_URL_SAFE).rstrip(b"=")


def decoded(text: bytes) -> bytes:
    """The octets that `text` spells; none where it spells none, or where the same octets are spelled another way."""
    try:
        octets = a2b_base64(text.translate(_USUAL) + b"=" * (-len(text) % 4))
    except Error:
        return b""
    return octets if encoded(octets) == text else b""
