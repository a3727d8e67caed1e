"""The pseudo-random function of FIPS 186-2, change notice 1, that expands MK (RFC 4187 Appendix A)."""

_MASK = 0xFFFFFFFF
_LIMIT = 1 << 160
_INITIAL = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0)


def fips186_prf(xkey: bytes, length: int) -> bytes:
    """`length` octets of key stream from `xkey` of 20 octets; without reduction modulo q, as change notice 1 says."""
    state = int.from_bytes(xkey, "big")
    words = []
    for _ in range(-(-length // 20)):
        word = _g(state)
        state = (1 + state + word) % _LIMIT
        words.append(word.to_bytes(20, "big"))
    return b"".join(words)[:length]


def _g(xval: int) -> int:
    """SHA-1's compression of `xval` and 44 zero octets; without a length block, so that no hash library offers it."""
    w = [xval >> shift & _MASK for shift in (128, 96, 64, 32, 0)] + [0] * 11
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
    result = 0
    for before, after in zip(_INITIAL, (a, b, c, d, e), strict=True):
        result = result << 32 | (before + after) & _MASK
    return result
