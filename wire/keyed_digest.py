"""HMAC (RFC 2104 §2) on digests with blocks of 64 octets, without a call that lets other threads in.

`hmac.digest` hands the interpreter over whenever it is called. A server makes half a dozen for each request, each a
microsecond long, and would wait after each until another thread hands the interpreter back.
"""

import hashlib
from collections.abc import Callable

BLOCK_LENGTH = 64
"""Of MD5, SHA-1 and SHA-256."""

Algorithm = Callable[[bytes], "hashlib._Hash"]  # noqa: SLF001 - it has no other name before Python 3.12
"""hashlib.md5, hashlib.sha1 or hashlib.sha256."""

_INNER = bytes(octet ^ 0x36 for octet in range(256))
_OUTER = bytes(octet ^ 0x5C for octet in range(256))


def keyed_digest(algorithm: Algorithm, key: bytes, data: bytes) -> bytes:
    """HMAC of `data` under `key` of any length, as long as the digest is."""
    block = (key if len(key) <= BLOCK_LENGTH else algorithm(key).digest()).ljust(BLOCK_LENGTH, b"\0")
    return algorithm(block.translate(_OUTER) + algorithm(block.translate(_INNER) + data).digest()).digest()


def keyed(algorithm: Algorithm, key: bytes) -> Callable[[bytes], bytes]:
    """The same for one key and many data: the key is taken in once."""
    block = (key if len(key) <= BLOCK_LENGTH else algorithm(key).digest()).ljust(BLOCK_LENGTH, b"\0")
    begin_inner, begin_outer = algorithm(block.translate(_INNER)).copy, algorithm(block.translate(_OUTER)).copy

    def digest(data: bytes) -> bytes:
        inner, outer = begin_inner(), begin_outer()
        inner.update(data)
        outer.update(inner.digest())
        return outer.digest()

    return digest
