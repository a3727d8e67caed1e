"""AES-128-CBC of whole blocks, as AT_ENCR_DATA needs it: each key for one text (RFC 4187 §10.12).

`cryptography` makes four objects for a text and checks in Python what is so by construction: a tenth of what a server
does for a login. libcrypto's own calls do the same with one object that is used again and again; where libcrypto is not
to be had, `cryptography` is as good.
"""

import ctypes
from collections.abc import Callable

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from wire.libcrypto import NAMES, of_libcrypto

Encryption = Callable[[bytes, bytes, bytes], bytes]
"""Key and IV of 16 octets each, and the text, whole blocks; ValueError for any other."""

BLOCK_LENGTH = 16
ROOM = 1024
"""Octets of the longest text that is given to libcrypto: more than AT_ENCR_DATA can hold."""

_POINTER = ctypes.c_void_p
_Context = tuple[int, "ctypes.Array[ctypes.c_char]", "ctypes._Pointer[ctypes.c_int]"]  # noqa: SLF001 - it has no other name
"""EVP_CIPHER_CTX, room for what it writes, and for how much that was."""


def encryption_by_cryptography(key: bytes, iv: bytes, text: bytes) -> bytes:
    """The same for every length of key that AES has."""
    encryptor = Cipher(AES(key), CBC(iv)).encryptor()
    return encryptor.update(text) + encryptor.finalize()


def encryption_of_libcrypto(names: tuple[str, ...] = NAMES) -> Encryption | None:
    """libcrypto's, from the first library of `names` that encrypts as NIST SP 800-38A F.2.1 says."""
    return of_libcrypto(_of_library, _is_right, names)


def _of_library(library: ctypes.PyDLL) -> Encryption:
    new, cipher = library.EVP_CIPHER_CTX_new, library.EVP_aes_128_cbc
    begin, go_on = library.EVP_EncryptInit_ex, library.EVP_EncryptUpdate
    new.restype = cipher.restype = _POINTER
    begin.argtypes = (_POINTER, _POINTER, _POINTER, ctypes.c_char_p, ctypes.c_char_p)
    go_on.argtypes = (_POINTER, _POINTER, _POINTER, ctypes.c_char_p, ctypes.c_int)
    library.EVP_CIPHER_CTX_set_padding.argtypes = (_POINTER, ctypes.c_int)
    # whoever encrypts has one for himself: two threads may
    idle: list[_Context] = []

    def new_context() -> _Context:
        context: int = new()
        if not begin(context, cipher(), None, None, None) or not library.EVP_CIPHER_CTX_set_padding(context, 0):
            raise OSError("libcrypto has no AES-128-CBC")
        return context, (ctypes.c_char * ROOM)(), ctypes.pointer(ctypes.c_int())

    def encrypt(key: bytes, iv: bytes, text: bytes) -> bytes:
        length = len(text)
        if len(key) != BLOCK_LENGTH or len(iv) != BLOCK_LENGTH or length % BLOCK_LENGTH or length > ROOM:
            return encryption_by_cryptography(key, iv, text)
        try:
            mine = idle.pop()
        except IndexError:
            mine = new_context()
        context, room, written = mine
        if not (begin(context, None, None, key, iv) and go_on(context, room, written, text, length)):
            raise OSError("libcrypto does not encrypt")
        encrypted = room.raw[:length]
        idle.append(mine)
        return encrypted

    return encrypt


def _is_right(encrypt: Encryption) -> bool:
    """NIST SP 800-38A F.2.1."""
    key, iv = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c"), bytes(range(16))
    text = bytes.fromhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51")
    expected = bytes.fromhex("7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2")
    return encrypt(key, iv, text) == expected


encrypt: Encryption = encryption_of_libcrypto() or encryption_by_cryptography
"""The faster that there is here."""
