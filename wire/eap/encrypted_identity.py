"""A permanent identity under the operator's RSA key, so that no access network reads the IMSI.

The form is that of the Wireless Broadband Alliance's IMSI Privacy Protection, as handsets and hostap send it: NUL, the
base64 of the ciphertext, and perhaps "@" and a realm or "," and an attribute that names the key. The ciphertext is
RSAES-OAEP with SHA-256 (RFC 8017 §7.1) of the whole permanent identity, and that identity, not this form, is what the
keys are derived from.
"""

import binascii
import re
from base64 import b64decode, b64encode

from wire.errors import DecodeError, EncodeError
from wire.frozen import dataclass

LEAD = b"\0"
LONGEST_ATTRIBUTE = 253
_FORM = re.compile(rb"\0(?P<base64>[A-Za-z0-9+/]+={0,2})(?:@(?P<realm>[A-Za-z0-9.-]*))?(?:,(?P<attribute>[!-~]*))?")


@dataclass(frozen=True, slots=True)
class EncryptedIdentity:
    """`ciphertext` has as many octets as the key's modulus; `attribute` is for example the serial of a certificate."""

    ciphertext: bytes
    attribute: str = ""

    @classmethod
    def parse(cls, octets: bytes) -> "EncryptedIdentity":
        """Read AT_IDENTITY or EAP-Response/Identity; DecodeError when it is no encrypted identity."""
        form = _FORM.fullmatch(octets)
        if form is None:
            raise DecodeError(0, "not the form of an encrypted identity")
        try:
            ciphertext = b64decode(form["base64"], validate=True)
        except binascii.Error:
            raise DecodeError(1, "the ciphertext is not base64") from None
        return cls(ciphertext, (form["attribute"] or b"").decode())

    def build(self) -> bytes:
        """The octets that AT_IDENTITY carries; EncodeError for an attribute of other than printable characters."""
        attribute = f",{self.attribute}".encode() if self.attribute else b""
        octets = LEAD + b64encode(self.ciphertext) + attribute
        if len(self.attribute) > LONGEST_ATTRIBUTE or not _FORM.fullmatch(octets):
            raise EncodeError("an attribute of printable characters, and a ciphertext")
        return octets
