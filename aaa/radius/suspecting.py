"""With which other secret a Message-Authenticator was made: how one is usually entered wrong (RFC 3579 §3.2).

Accounting is proved by its Request Authenticator (RFC 2866 §3).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from aaa.radius.clients import ClientTable, RadiusClient
from hss.failure_api import Certainty, Hypothesis, Verdict
from wire.errors import DecodeError
from wire.radius.codec import parse_packet
from wire.radius.eap import authenticity
from wire.radius.packet import HEADER_LENGTH, Code, is_genuine_request
from wire.secret import Secret

OTHERS_MAX = 64
"""So many other clients' secrets are tried: it is done for few packets, and may still take no time."""
_ACCOUNTING = bytes([Code.ACCOUNTING_REQUEST])
_CUTS = (16, 31, 32, 48, 63, 64)
"""Octets that clients have been known to cut a secret to."""


class Kept(Protocol):
    """Keeps what was found of a client's secret; a `aaa.explaining.inquiry.Inquiry.unproven`."""

    def __call__(self, client: str, cause: str, verdict: Verdict) -> str:
        """The reference of the record, "" where there is none."""


class Suspicion:
    """Says of packets that their clients' secrets do not prove what is wrong, and has it kept by `keep`."""

    def __init__(self, clients: ClientTable, keep: Kept | None = None) -> None:
        self._clients = clients
        self._keep = keep

    def of(self, octets: bytes, host: str, client: RadiusClient | None, cause: str) -> Mapping[str, str]:
        """What the line of such a packet from `host` has beside its `cause`."""
        client = client or self._clients.find(host)
        if client is None:
            return {}
        verdict = suspect(octets, client, self._clients)
        reference = "" if self._keep is None else self._keep(f"radius/{client.name}", cause, verdict)
        kept = {"explain": reference} if reference else {}
        return {"why": verdict.cause, "certainty": verdict.certainty.value, **kept}


def suspect(octets: bytes, client: RadiusClient, others: Iterable[RadiusClient]) -> Verdict:
    """What an operator is told of a packet from `client` that its secret does not prove; no secret is in it."""
    for said, secret in _assumptions(client, others):
        if _is_proved(octets, secret):
            cause = f"the client has {said}; give both sides the same octets (secret_file of {client.name})"
            return Verdict(Hypothesis.SHARED_SECRET, Certainty.PROVEN, cause)
    cause = f"neither a usual slip nor another client's secret: compare the client's with secret_file of {client.name}"
    return Verdict(Hypothesis.SHARED_SECRET, Certainty.INDICATED, cause)


def _assumptions(client: RadiusClient, others: Iterable[RadiusClient]) -> Iterator[tuple[str, Secret]]:
    own = bytes(client.secret)
    for said, changed in _slips(own):
        if changed and changed != own:
            yield said, Secret(changed)
    for _, other in zip(range(OTHERS_MAX), others, strict=False):
        if other.secret != client.secret:
            yield f"the secret of client {other.name}", other.secret


def _slips(own: bytes) -> Iterator[tuple[str, bytes]]:
    yield "its secret and a line end", own + b"\n"
    yield "its secret and a line end of DOS", own + b"\r\n"
    yield "its secret and a NUL", own + b"\0"
    yield "its secret and a space", own + b" "
    yield "its secret without the spaces around it", own.strip()
    yield "its secret in double quotes", b'"' + own + b'"'
    yield "its secret in single quotes", b"'" + own + b"'"
    yield "its secret without the quotes around it", own.strip(b"\"'")
    yield "its secret in hex, taken for text", own.hex().encode()
    yield "the octets that its secret spells in hex", _of_hex(own.removeprefix(b"0x"))
    yield "its secret in small letters", own.lower()
    yield "its secret in capital letters", own.upper()
    yield from ((f"the first {cut} octets of its secret", own[:cut]) for cut in _CUTS if cut < len(own))


def _of_hex(text: bytes) -> bytes:
    try:
        return bytes.fromhex(text.decode("ascii"))
    except ValueError:
        return b""


def _is_proved(octets: bytes, secret: Secret) -> bool:
    if octets[:1] == _ACCOUNTING:
        return len(octets) >= HEADER_LENGTH and is_genuine_request(octets, secret)
    try:
        return authenticity(parse_packet(octets), secret) is True
    except DecodeError:
        return False
