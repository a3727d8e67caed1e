"""The key schedule of IKE and Child SAs (RFC 7296 §2.13, §2.14, §2.17, §2.18)."""

from wire.ciphers import keymat_octets
from wire.frozen import dataclass
from wire.ikev2.algorithms import EspSuite, IkeSuite, Prf
from wire.secret import Secret


@dataclass(frozen=True, slots=True)
class IkeKeys:
    """The seven keys of an IKE SA; SK_ai and SK_ar are empty with an AEAD, whose SK_e* end in 4 octets of salt."""

    sk_d: Secret
    sk_ai: Secret
    sk_ar: Secret
    sk_ei: Secret
    sk_er: Secret
    sk_pi: Secret
    sk_pr: Secret


def initial_skeyseed(prf: Prf, *, ni: bytes, nr: bytes, g_ir: bytes) -> Secret:
    """SKEYSEED of a new IKE SA (RFC 7296 §2.14)."""
    return prf(ni + nr, g_ir)


def rekeyed_skeyseed(prf: Prf, sk_d: Secret, *, ni: bytes, nr: bytes, g_ir: bytes) -> Secret:
    """SKEYSEED of an IKE SA that replaces one with `sk_d` and `prf` (RFC 7296 §2.18)."""
    return prf(sk_d, g_ir + ni + nr)


def ike_keys(suite: IkeSuite, skeyseed: Secret, *, ni: bytes, nr: bytes, spi_i: bytes, spi_r: bytes) -> IkeKeys:
    """The keys of an IKE SA (RFC 7296 §2.14)."""
    integrity = suite.integrity.key_octets if suite.integrity else 0
    encryption = suite.encryption.key_octets + suite.encryption.salt_octets
    derived = suite.prf.octets
    lengths = (derived, integrity, integrity, encryption, encryption, derived, derived)
    stream = suite.prf.plus(skeyseed, ni + nr + spi_i + spi_r, sum(lengths))
    keys, at = [], 0
    for length in lengths:
        keys.append(Secret(stream[at : at + length]))
        at += length
    return IkeKeys(*keys)


@dataclass(frozen=True, slots=True)
class ChildKeys:
    """KEYMAT of a Child SA pair, one direction each: encryption key, salt, integrity key (wire.ciphers.Protector)."""

    initiator_to_responder: Secret
    responder_to_initiator: Secret


def child_keys(prf: Prf, sk_d: Secret, suite: EspSuite, *, ni: bytes, nr: bytes, g_ir: bytes = b"") -> ChildKeys:
    """KEYMAT of the exchange that makes the Child SA; its initiator comes first (RFC 7296 §2.17).

    `ni` and `nr` are that exchange's nonces, those of IKE_SA_INIT in IKE_AUTH; `g_ir` the fresh secret, if any.
    """
    octets = keymat_octets(suite.encryption, suite.integrity)
    stream = prf.plus(sk_d, g_ir + ni + nr, 2 * octets)
    return ChildKeys(Secret(stream[:octets]), Secret(stream[octets:]))
