"""SHA-1's compression of one block (FIPS 180-4 §6.1.2), without the length block that a hash adds.

FIPS 186-2 is made of it, and no Python module offers it. libcrypto does: SHA1_Transform, which OpenSSL 3 calls
deprecated and still has. In Python it costs forty times as much: what is left where libcrypto is not to be had.
"""

import ctypes
import struct
from collections.abc import Callable
from hashlib import sha1

from wire.libcrypto import NAMES, of_libcrypto

Compression = Callable[[bytes], bytes]
"""20 octets of a block of 64, from SHA-1's initial value."""

BLOCK_LENGTH = 64

_MASK = 0xFFFFFFFF
_INITIAL = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0)
_CONTEXT_LENGTH = 96
"""SHA_CTX of OpenSSL: h0 to h4, of 32 bits each in the machine's order, and what its compression does not touch."""


def compression_in_python(block: bytes) -> bytes:
    """The definition, word by word."""
    w = list(struct.unpack(">16I", block))
    for i in range(16, 80):
        word = w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16]
        w.append((word << 1 | word >> 31) & _MASK)
    a, b, c, d, e = _INITIAL
    for word in w[:20]:
        mixed = (a << 5 | a >> 27) + (d ^ b & (c ^ d)) + e + word + 0x5A827999
        a, b, c, d, e = mixed & _MASK, a, (b << 30 | b >> 2) & _MASK, c, d
    for word in w[20:40]:
        mixed = (a << 5 | a >> 27) + (b ^ c ^ d) + e + word + 0x6ED9EBA1
        a, b, c, d, e = mixed & _MASK, a, (b << 30 | b >> 2) & _MASK, c, d
    for word in w[40:60]:
        mixed = (a << 5 | a >> 27) + (b & c | d & (b | c)) + e + word + 0x8F1BBCDC
        a, b, c, d, e = mixed & _MASK, a, (b << 30 | b >> 2) & _MASK, c, d
    for word in w[60:]:
        mixed = (a << 5 | a >> 27) + (b ^ c ^ d) + e + word + 0xCA62C1D6
        a, b, c, d, e = mixed & _MASK, a, (b << 30 | b >> 2) & _MASK, c, d
    return struct.pack(">5I", *((x + y) & _MASK for x, y in zip(_INITIAL, (a, b, c, d, e), strict=True)))


def compression_of_libcrypto(names: tuple[str, ...] = NAMES) -> Compression | None:
    """libcrypto's, from the first library of `names` that has it and computes what SHA-1 is known to give."""
    return of_libcrypto(_of_library, _is_right, names)


def _of_library(library: ctypes.PyDLL) -> Compression:
    transform = library.SHA1_Transform
    transform.argtypes = (ctypes.c_char_p, ctypes.c_char_p)
    transform.restype = None
    initial = struct.pack("=5I", *_INITIAL) + bytes(_CONTEXT_LENGTH - 20)
    as_words, as_octets = struct.Struct("=5I").unpack_from, struct.Struct(">5I").pack
    new_context = (ctypes.c_char * _CONTEXT_LENGTH).from_buffer_copy

    def compress(block: bytes) -> bytes:
        context = new_context(initial)
        transform(context, block)
        return as_octets(*as_words(context))

    return compress


def _is_right(compress: Compression) -> bool:
    """FIPS 180-4's own example: a message of one block, whose padding is part of it."""
    return compress(b"abc\x80" + bytes(59) + b"\x18") == sha1(b"abc").digest()


compression: Compression = compression_of_libcrypto() or compression_in_python
"""The fastest that there is here."""
