"""SHA-1's compression of one block (FIPS 180-4 §6.1.2), without the length block that a hash adds.

FIPS 186-2 is made of it, and no Python module offers it. libcrypto does: SHA1_Transform, which OpenSSL 3 calls
deprecated and still has. In Python it costs forty times as much: what is left where libcrypto is not to be had.
"""

import ctypes
import struct
from collections.abc import Callable
from hashlib import sha1

from wire.libcrypto import NAMES, of_libcrypto

Context = ctypes.Array[ctypes.c_char]
"""SHA_CTX of OpenSSL: h0 to h4, of 32 bits each in the machine's order, and what its compression does not touch."""

Compression = Callable[[Context, bytes], None]
"""Takes a block of 64 octets into a context."""

BLOCK_LENGTH = 64

_MASK = 0xFFFFFFFF
_INITIAL = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0)
_CONTEXT_LENGTH = 96

words_of: Callable[[Context], tuple[int, ...]] = struct.Struct("=5I").unpack_from
"""h0 to h4."""
octets_of: Callable[..., bytes] = struct.Struct(">5I").pack
"""What a hash gives of them."""
new_context: Callable[[bytes], Context] = (ctypes.c_char * _CONTEXT_LENGTH).from_buffer_copy
BEGUN = struct.pack("=5I", *_INITIAL) + bytes(_CONTEXT_LENGTH - 20)
"""Of a context that holds SHA-1's initial value."""


def compression_in_python(context: Context, block: bytes) -> None:
    """The definition, word by word."""
    w = list(struct.unpack(">16I", block))
    for i in range(16, 80):
        word = w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16]
        w.append((word << 1 | word >> 31) & _MASK)
    before = a, b, c, d, e = words_of(context)
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
    struct.pack_into("=5I", context, 0, *((x + y) & _MASK for x, y in zip(before, (a, b, c, d, e), strict=True)))


def compression_of_libcrypto(names: tuple[str, ...] = NAMES) -> Compression | None:
    """libcrypto's, from the first library of `names` that has it and computes what SHA-1 is known to give."""
    # PyDLL: what takes a fifth of a microsecond is not worth handing over the interpreter
    return of_libcrypto(_of_library, _is_right, names, load=ctypes.PyDLL)


def _of_library(library: ctypes.CDLL) -> Compression:
    transform: Compression = library.SHA1_Transform
    library.SHA1_Transform.argtypes = (ctypes.c_char_p, ctypes.c_char_p)
    library.SHA1_Transform.restype = None
    return transform


def _is_right(compress: Compression) -> bool:
    """FIPS 180-4's own example: a message of one block, whose padding is part of it."""
    context = new_context(BEGUN)
    compress(context, b"abc\x80" + bytes(59) + b"\x18")
    return octets_of(*words_of(context)) == sha1(b"abc").digest()


compression: Compression = compression_of_libcrypto() or compression_in_python
"""The fastest that there is here."""
