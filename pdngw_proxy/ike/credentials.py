"""The gateway's certificates and keys, and which of them a UE is shown (RFC 7296 §2.15, §3.6, §3.7, RFC 7427 §4)."""

from collections.abc import Iterable, Sequence
from ipaddress import ip_address

from cryptography import x509

from wire.frozen import dataclass
from wire.ikev2.certificates import authority_hash
from wire.ikev2.constants import CertEncoding, IdType
from wire.ikev2.message import Message
from wire.ikev2.payloads.certreq import CertificateRequest
from wire.ikev2.payloads.identification import IdResponder
from wire.ikev2.signatures import SigningKey, can_sign


@dataclass(frozen=True, slots=True)
class Credential:
    """`chain` are certificates, the end entity's first, and `key` is that one's key.

    The authority's own certificate may be the last one: it is matched against CERTREQ, and not sent.
    """

    chain: tuple[x509.Certificate, ...]
    key: SigningKey

    @property
    def sent(self) -> tuple[x509.Certificate, ...]:
        """What CERT payloads hold."""
        *before, last = self.chain
        return tuple(before) if before and last.issuer == last.subject else self.chain

    @property
    def authorities(self) -> frozenset[bytes]:
        """The hashes by which CERTREQ names whoever vouches for it, of 20 octets each."""
        return frozenset(authority_hash(certificate) for certificate in self.chain[1:])

    def proves(self, wanted: IdResponder) -> bool:
        """Whether the certificate holds the name or address that a UE calls for (RFC 4945 §3.1)."""
        if wanted.id_type == IdType.DER_ASN1_DN:
            return wanted.data == self.chain[0].subject.public_bytes()
        try:
            held = self.chain[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except x509.ExtensionNotFound:
            return False
        if wanted.id_type == IdType.FQDN:
            return wanted.text.lower() in {name.lower() for name in held.get_values_for_type(x509.DNSName)}
        if wanted.id_type in (IdType.IPV4_ADDR, IdType.IPV6_ADDR):
            addresses = map(str, held.get_values_for_type(x509.IPAddress))
            return wanted.data in {ip_address(address).packed for address in addresses}
        return False


def choose(
    credentials: Sequence[Credential], message: Message, wanted: IdResponder | None, hashes: frozenset[int] | None
) -> Credential:
    """The first of those that suit best: a key that the UE verifies, an authority of its CERTREQ, the name it wants.

    `hashes` as in `wire.ikev2.signatures.sign`. CERTREQ is a wish: a gateway that has nothing else sends what it has.
    """
    if len(credentials) == 1:
        return credentials[0]
    trusted = _trusted(message.every(CertificateRequest))

    def misfit(one: Credential) -> tuple[bool, bool, bool]:
        unknown = bool(trusted) and not trusted & one.authorities
        return not can_sign(one.key, hashes), unknown, wanted is not None and not one.proves(wanted)

    return min(credentials, key=misfit)


def _trusted(requests: Iterable[CertificateRequest]) -> frozenset[bytes]:
    """Other encodings, hash and URL among them, say nothing of what is had here (RFC 7296 §3.7)."""
    plain = (one for one in requests if one.encoding == CertEncoding.X509_SIGNATURE)
    return frozenset(authority for one in plain for authority in one.authorities)
