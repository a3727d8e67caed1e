"""CK' and IK', which bind an authentication to the access network's name (TS 33.402 Annex A.2, RFC 9048 §3.3)."""

from hashlib import sha256

from wire.errors import EncodeError
from wire.keyed_digest import keyed_digest
from wire.secret import Secret

_FC = b"\x20"


def derive_prime(ck: bytes, ik: bytes, network_name: bytes, concealed_sqn: bytes) -> tuple[Secret, Secret]:
    """(CK', IK'), 16 octets each, from `ck` and `ik` of 16 octets.

    `network_name` is the access network identity as AT_KDF_INPUT carries it, `concealed_sqn` SQN⊕AK, the first 6
    octets of AUTN. EncodeError when a length is wrong.
    """
    if len(ck) != 16 or len(ik) != 16 or len(concealed_sqn) != 6:
        raise EncodeError("CK and IK have 16 octets, SQN⊕AK has 6")
    if len(network_name) > 0xFFFF:
        raise EncodeError("a network name has at most 65535 octets")
    length = len(network_name).to_bytes(2, "big")
    both = keyed_digest(sha256, ck + ik, _FC + network_name + length + concealed_sqn + b"\x00\x06")
    return Secret(both[:16]), Secret(both[16:])
