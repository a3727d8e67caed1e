"""Diffie-Hellman groups (RFC 3526, RFC 5903, RFC 8031), with the checks of RFC 6989.

The private values come from the caller's entropy, so that a whole exchange can be repeated in a test. In a MODP group
their length is the longest that RFC 3526 §8 estimates, and none is used twice.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from wire.frozen import dataclass
from wire.ikev2.constants import DhGroup
from wire.ikev2.exponentiation import power
from wire.sansio import RandomBytes
from wire.secret import Secret

_GENERATOR = b"\x02"
_NOT_ZERO = b"\x01"
_SURPLUS_OCTETS = 8


class InvalidPublicValue(ValueError):
    """The peer's public value is no element of the group, or one that gives the secret away (RFC 6989 §2)."""


class PrivateKey(Protocol):
    """One end's half of an exchange; used once."""

    @property
    def public(self) -> bytes:
        """The data of the KE payload."""

    def shared(self, public: bytes) -> Secret:
        """g^ir with the peer's KE data; InvalidPublicValue when that is not to be used."""


@dataclass(frozen=True, slots=True)
class Group:
    """A transform of type 4: `public_octets` of KE data, `private_octets` of entropy for `load`."""

    transform_id: int
    name: str
    public_octets: int
    private_octets: int
    load: Callable[[bytes], PrivateKey]

    def generate(self, random: RandomBytes) -> PrivateKey:
        """A fresh private key from `private_octets` of `random`."""
        return self.load(random(self.private_octets))


class _Curve25519Key:
    def __init__(self, entropy: bytes) -> None:
        self._private = X25519PrivateKey.from_private_bytes(entropy)
        self.public = self._private.public_key().public_bytes_raw()

    def shared(self, public: bytes) -> Secret:
        if len(public) != 32:
            raise InvalidPublicValue("a curve25519 public value has 32 octets")
        try:
            return Secret(self._private.exchange(X25519PublicKey.from_public_bytes(public)))
        except ValueError:
            # The shared secret is all zero, as small subgroups make it (RFC 8031 §3.2).
            raise InvalidPublicValue("a curve25519 public value of low order") from None


class _EcpKey:
    def __init__(self, curve: ec.EllipticCurve, private: int) -> None:
        self._curve = curve
        self._private = ec.derive_private_key(private, curve)
        numbers = self._private.public_key().public_numbers()
        octets = (curve.key_size + 7) // 8
        self.public = numbers.x.to_bytes(octets, "big") + numbers.y.to_bytes(octets, "big")

    def shared(self, public: bytes) -> Secret:
        try:
            peer = ec.EllipticCurvePublicKey.from_encoded_point(self._curve, b"\x04" + public)
        except ValueError:
            raise InvalidPublicValue(f"not a point of {self._curve.name}") from None
        return Secret(self._private.exchange(ec.ECDH(), peer))


class _ModpKey:
    def __init__(self, prime: bytes, private: Secret) -> None:
        self._prime = prime
        self._private = private
        self.public = power(_GENERATOR, private, prime)

    def shared(self, public: bytes) -> Secret:
        if len(public) != len(self._prime) or not 1 < int.from_bytes(public) < int.from_bytes(self._prime) - 1:
            raise InvalidPublicValue(f"not a public value of MODP_{len(self._prime) * 8}")
        return Secret(power(public, self._private, self._prime))


def _ecp(transform_id: int, name: str, curve: ec.EllipticCurve) -> Group:
    octets = (curve.key_size + 7) // 8

    def load(entropy: bytes) -> PrivateKey:
        # 8 octets more than the order has leave no bias worth the name (FIPS 186-5 A.2.1).
        return _EcpKey(curve, int.from_bytes(entropy, "big") % (curve.group_order - 1) + 1)

    return Group(transform_id, name, 2 * octets, octets + _SURPLUS_OCTETS, load)


def _modp(transform_id: int, name: str, prime_hex: str, private_octets: int) -> Group:
    prime = bytes.fromhex(prime_hex)

    def load(entropy: bytes) -> PrivateKey:
        return _ModpKey(prime, Secret(entropy if any(entropy) else _NOT_ZERO))

    return Group(transform_id, name, len(prime), private_octets, load)


_PRIME_2048 = (
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
    "15728E5A8AACAA68FFFFFFFFFFFFFFFF"
)
_PRIME_3072 = (
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
    "15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7"
    "ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C"
    "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF"
)
_PRIME_4096 = (
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
    "15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7"
    "ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C"
    "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A92108011A723C12A787E6D7"
    "88719A10BDBA5B2699C327186AF4E23C1A946834B6150BDA2583E9CA2AD44CE8DBBBC2DB04DE8EF92E8EFC141FBECAA6"
    "287C59474E6BC05D99B2964FA090C3A2233BA186515BE7ED1F612970CEE2D7AFB81BDD762170481CD0069127D5B05AA9"
    "93B4EA988D8FDDC186FFB7DC90A6C08F4DF435C934063199FFFFFFFFFFFFFFFF"
)

MODP_2048 = _modp(DhGroup.MODP_2048, "MODP_2048", _PRIME_2048, 40)
MODP_3072 = _modp(DhGroup.MODP_3072, "MODP_3072", _PRIME_3072, 53)
MODP_4096 = _modp(DhGroup.MODP_4096, "MODP_4096", _PRIME_4096, 60)
ECP_256 = _ecp(DhGroup.ECP_256, "ECP_256", ec.SECP256R1())
ECP_384 = _ecp(DhGroup.ECP_384, "ECP_384", ec.SECP384R1())
ECP_521 = _ecp(DhGroup.ECP_521, "ECP_521", ec.SECP521R1())
CURVE25519 = Group(DhGroup.CURVE25519, "CURVE25519", 32, 32, _Curve25519Key)

GROUPS: Mapping[int, Group] = MappingProxyType(
    {known.transform_id: known for known in (MODP_2048, MODP_3072, MODP_4096, ECP_256, ECP_384, ECP_521, CURVE25519)}
)
"""By transform id."""
