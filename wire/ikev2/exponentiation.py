"""Powers modulo an odd number, for Diffie-Hellman in MODP groups (RFC 7296 §2.12, RFC 3526).

The cryptography library is giving finite fields up. libcrypto has them, in a time that does not tell the exponent; in
Python a power takes ten times as long, and its time depends on its operands. That is left where there is no libcrypto.
"""

import ctypes
from collections.abc import Callable

from wire.libcrypto import NAMES, of_libcrypto

Power = Callable[[bytes, bytes, bytes], bytes]
"""base ** exponent % modulus, all of them unsigned and big-endian, as long as the modulus, which is odd."""


def power_in_python(base: bytes, exponent: bytes, modulus: bytes) -> bytes:
    """By pow()."""
    numbers = (int.from_bytes(octets) for octets in (base, exponent, modulus))
    return pow(*numbers).to_bytes(len(modulus))


def power_of_libcrypto(names: tuple[str, ...] = NAMES) -> Power | None:
    """libcrypto's, from the first library of `names` that has it and computes what is known."""
    return of_libcrypto(_of_library, _is_right, names)


def _of_library(library: ctypes.CDLL) -> Power:
    """BN_mod_exp_mont_consttime, and what it needs (OpenSSL's BN_mod_exp(3), BN_bn2bin(3), BN_CTX_new(3))."""
    pointer, octets, count = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    new, erase = library.BN_new, library.BN_clear_free
    read, write = library.BN_bin2bn, library.BN_bn2binpad
    new_context, free_context = library.BN_CTX_new, library.BN_CTX_free
    raise_to = library.BN_mod_exp_mont_consttime
    new.argtypes, new.restype = (), pointer
    erase.argtypes, erase.restype = (pointer,), None
    read.argtypes, read.restype = (octets, count, pointer), pointer
    write.argtypes, write.restype = (pointer, octets, count), count
    new_context.argtypes, new_context.restype = (), pointer
    free_context.argtypes, free_context.restype = (pointer,), None
    raise_to.argtypes, raise_to.restype = (pointer,) * 6, count

    def power(base: bytes, exponent: bytes, modulus: bytes) -> bytes:
        context, result = new_context(), new()
        numbers = [read(octets, len(octets), None) for octets in (base, exponent, modulus)]
        length = len(modulus)
        written = ctypes.create_string_buffer(length)
        try:
            if not raise_to(result, *numbers, context, None) or write(result, written, length) != length:
                raise ArithmeticError("libcrypto refuses to compute a power")
            return written.raw
        finally:
            for number in (result, *numbers):
                erase(number)
            free_context(context)

    return power


def _is_right(power: Power) -> bool:
    """Fermat's little theorem and a small power, modulo the Mersenne prime of 127 bits."""
    prime = (2**127 - 1).to_bytes(16)
    one = power(b"\x03", (2**127 - 2).to_bytes(16), prime)
    return (one, power(b"\x03", b"\x05", prime)) == ((1).to_bytes(16), (243).to_bytes(16))


power: Power = power_of_libcrypto() or power_in_python
"""The best that there is here."""
