"""Transport keys: what a SIM vendor enciphers a column of its file with (GSMA FS.28; NIST SP 800-38A, SP 800-67)."""

from collections.abc import Callable
from enum import Enum

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB
from pydantic import Field

from hss.provisioning.importing.causes import Cause, RowRefused
from hss.provisioning.importing.keys_source import KeySource
from wire.secret import Secret

IV_OF_ZEROS = "zeros"
IV_IN_FRONT = "prefix"


class TransportRefused(ValueError):
    """This key cannot be what the mapping says; one line that shows nothing of it."""


class TransportAlgorithm(Enum):
    """Ciphers that vendors use."""

    AES_128_CBC = "aes-128-cbc"
    AES_256_CBC = "aes-256-cbc"
    AES_128_ECB = "aes-128-ecb"
    TRIPLE_DES_CBC = "3des-cbc"
    TRIPLE_DES_ECB = "3des-ecb"


class Padding(Enum):
    """What follows a value whose length is no multiple of the block's."""

    NONE = "none"
    """Nothing: the value fills its blocks."""
    PKCS7 = "pkcs7"
    """RFC 5652 §6.3, as `openssl enc` writes it."""
    ISO7816 = "iso7816"
    """80 and zeros: ISO/IEC 7816-4."""


class TransportKeyConfig(KeySource):
    """[transport_keys.NAME] of a mapping."""

    algorithm: TransportAlgorithm = Field(description="such as aes-128-cbc")
    iv: str = Field(
        default=IV_OF_ZEROS,
        pattern=r"^(zeros|prefix|([0-9A-Fa-f]{2})+)$",
        description='of CBC: "zeros", hex, or "prefix" when each value begins with its own',
    )
    padding: Padding = Field(default=Padding.NONE, description="none, pkcs7 or iso7816")


_TRIPLE_DES = (TransportAlgorithm.TRIPLE_DES_CBC, TransportAlgorithm.TRIPLE_DES_ECB)
_CHAINED = (TransportAlgorithm.AES_128_CBC, TransportAlgorithm.AES_256_CBC, TransportAlgorithm.TRIPLE_DES_CBC)


class TransportKey:
    """Opens the values of one column."""

    def __init__(self, config: TransportKeyConfig, key: Secret, name: str = "transport key") -> None:
        self._padding = config.padding
        self._block = 8 if config.algorithm in _TRIPLE_DES else 16
        self._chained = config.algorithm in _CHAINED
        self._iv = self._fixed_iv(config, name)
        _check_length(config.algorithm, key, name)
        if len(key) == 16 and self._block == 8:
            # keying option 2 of NIST SP 800-67: the third key is the first
            key = Secret(key + key[:8])
        cipher: type[AES | TripleDES] = TripleDES if config.algorithm in _TRIPLE_DES else AES
        self._cipher: Callable[[], AES | TripleDES] = lambda: cipher(key)

    def open(self, value: bytes) -> Secret:
        """What `value` holds; RowRefused when its length or padding is none that this key has made."""
        iv = self._iv
        if iv is None and self._chained:
            iv, value = value[: self._block], value[self._block :]
        if not value or len(value) % self._block or (iv is not None and len(iv) != self._block):
            raise RowRefused(Cause.TRANSPORT, f"an enciphered value does not fill blocks of {self._block} octets")
        mode = CBC(iv) if iv is not None else ECB()  # noqa: S305 - what the vendor has chosen
        decryptor = Cipher(self._cipher(), mode).decryptor()
        return self._unpadded(decryptor.update(value))

    def _fixed_iv(self, config: TransportKeyConfig, name: str) -> bytes | None:
        if not self._chained or config.iv == IV_IN_FRONT:
            return None
        iv = bytes(self._block) if config.iv == IV_OF_ZEROS else bytes.fromhex(config.iv)
        if len(iv) != self._block:
            raise TransportRefused(f"{name}: its IV has {len(iv)} octets; {config.algorithm.value} takes {self._block}")
        return iv

    def _unpadded(self, value: bytes) -> Secret:
        if self._padding is Padding.NONE:
            return Secret(value)
        if self._padding is Padding.PKCS7:
            count = value[-1]
            whole = 0 < count <= self._block and value.endswith(bytes((count,)) * count)
            length = len(value) - count
        else:
            stripped = value.rstrip(b"\0")
            length = len(stripped) - 1
            whole = stripped.endswith(b"\x80") and len(value) - length <= self._block
        if not whole:
            raise RowRefused(Cause.TRANSPORT, "an enciphered value has no padding; the transport key may be another")
        return Secret(value[:length])


def _check_length(algorithm: TransportAlgorithm, key: Secret, name: str) -> None:
    allowed = (16, 24) if algorithm in _TRIPLE_DES else (32,) if algorithm is TransportAlgorithm.AES_256_CBC else (16,)
    if len(key) not in allowed:
        takes = " or ".join(map(str, allowed))
        raise TransportRefused(f"{name}: the key has {len(key)} octets; {algorithm.value} takes {takes}")
