"""AT_CHECKCODE: a digest of the AKA-Identity rounds, which no AT_MAC protects (RFC 4187 §10.13, RFC 9048 §3.4.3)."""

from collections.abc import Iterable
from hashlib import sha1, sha256

from wire.identity import EapMethod


def checkcode(method: EapMethod, packets: Iterable[bytes]) -> bytes:
    """The value of AT_CHECKCODE: empty without a round, else 20 octets for EAP-AKA and 32 for EAP-AKA'.

    `packets` are the whole EAP packets of the AKA-Identity rounds of this method in this exchange: request,
    response, request, response; each once however often it was sent.
    """
    covered = b"".join(packets)
    if not covered:
        return b""
    return sha256(covered).digest() if method is EapMethod.AKA_PRIME else sha1(covered).digest()
