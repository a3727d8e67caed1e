"""KASME, the key of EPS that an MME gets in place of CK and IK (TS 33.401 Annex A.2)."""

import hmac

from wire.errors import EncodeError
from wire.secret import Secret

SERVING_NETWORK_LENGTH = 3
"""Octets of a serving network's identity: MCC and MNC in BCD (TS 33.401 Annex A.2, TS 24.301 §9.9.3.32)."""

_FC = b"\x10"


def derive_kasme(ck: bytes, ik: bytes, serving_network: bytes, concealed_sqn: bytes) -> Secret:
    """KASME, 32 octets, from `ck` and `ik` of 16 octets each.

    `serving_network` is the Visited-PLMN-Id, 3 octets; `concealed_sqn` SQN⊕AK, the first 6 octets of AUTN. EncodeError
    when a length is wrong.
    """
    if len(ck) != 16 or len(ik) != 16 or len(concealed_sqn) != 6:
        raise EncodeError("CK and IK have 16 octets, SQN⊕AK has 6")
    if len(serving_network) != SERVING_NETWORK_LENGTH:
        raise EncodeError(f"a serving network's identity has {SERVING_NETWORK_LENGTH} octets")
    return Secret(hmac.digest(ck + ik, _FC + serving_network + b"\x00\x03" + concealed_sqn + b"\x00\x06", "sha256"))
