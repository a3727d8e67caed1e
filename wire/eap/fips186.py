"""The pseudo-random function of FIPS 186-2, change notice 1, that expands MK (RFC 4187 Appendix A)."""

from wire.eap.sha1_compression import BEGUN, BLOCK_LENGTH, compression, new_context, octets_of, words_of

XKEY_LENGTH = 20

_MASK = (1 << 160) - 1
_PADDING = 8 * (BLOCK_LENGTH - XKEY_LENGTH)
"""Bits of zero behind XVAL, which fill up a block."""


def fips186_prf(xkey: bytes, length: int) -> bytes:
    """`length` octets of key stream from `xkey` of 20 octets; without reduction modulo q, as change notice 1 says."""
    xval, stream = int.from_bytes(xkey, "big"), b""
    for _ in range(-(-length // XKEY_LENGTH)):
        context = new_context(BEGUN)
        compression(context, (xval << _PADDING).to_bytes(BLOCK_LENGTH, "big"))
        word = octets_of(*words_of(context))
        stream += word
        xval = 1 + xval + int.from_bytes(word, "big") & _MASK
    return stream[:length]
