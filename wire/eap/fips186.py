"""The pseudo-random function of FIPS 186-2, change notice 1, that expands MK (RFC 4187 Appendix A)."""

from wire.eap.sha1_compression import BLOCK_LENGTH, compression

XKEY_LENGTH = 20

_LIMIT = 1 << 160
_PADDING = bytes(BLOCK_LENGTH - XKEY_LENGTH)


def fips186_prf(xkey: bytes, length: int) -> bytes:
    """`length` octets of key stream from `xkey` of 20 octets; without reduction modulo q, as change notice 1 says."""
    xval, words = xkey, []
    for _ in range(-(-length // XKEY_LENGTH)):
        word = compression(xval + _PADDING)
        words.append(word)
        following = 1 + int.from_bytes(xval, "big") + int.from_bytes(word, "big")
        xval = (following % _LIMIT).to_bytes(XKEY_LENGTH, "big")
    return b"".join(words)[:length]
