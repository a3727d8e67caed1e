"""The forms that a UE may give its identities: another first digit, a way through a visited network, a public key.

TS 23.003 §14.4 and §14.5; wire.eap.encrypted_identity for the last.
"""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from wire.eap.encrypted_identity import EncryptedIdentity
from wire.identity import EapMethod, Imsi, Nai, Plmn, permanent_nai

_OAEP = OAEP(mgf=MGF1(SHA256()), algorithm=SHA256(), label=None)


@dataclass(frozen=True, slots=True)
class IdentityForm:
    """How a UE writes its identities.

    `lead` is the first character of the permanent identity, whatever the method says. With `visited_realm` the one in
    IDi and EAP-Response/Identity names that realm, and the home realm before its username; AT_IDENTITY must not
    (RFC 4187 §4.1.1.4). Under `privacy_key` nobody else reads the permanent one; OAEP's entropy is the library's own.
    """

    lead: str = ""
    visited_realm: str = ""
    privacy_key: RSAPublicKey | None = None

    def permanent(self, imsi: Imsi, plmn: Plmn, method: EapMethod) -> bytes:
        """The permanent identity in the clear: what keys are derived from."""
        nai = permanent_nai(imsi, plmn, method)
        return (self.lead + nai[1:] if self.lead else nai).encode()

    def sent(self, permanent: bytes) -> bytes:
        """The permanent identity as it is sent."""
        if self.privacy_key is None:
            return permanent
        return EncryptedIdentity(self.privacy_key.encrypt(permanent, _OAEP)).build()

    def decorated(self, identity: bytes) -> bytes:
        """An NAI with the way through the visited network in front of its username (TS 23.003 §14.4)."""
        nai = Nai.of(identity.decode())
        if not self.visited_realm or nai.realm is None:
            return identity
        return str(Nai(nai.username, self.visited_realm, (nai.realm,))).encode()
