"""Whole packets, sealed and ready to send: requests of a client, answers of a server (RFC 2865 §4, RFC 3579 §3)."""

from collections.abc import Sequence
from hashlib import md5

from wire.radius.codec import build_attributes, build_head, build_packet
from wire.radius.dictionary import key_of
from wire.radius.eap import UNSEALED, build_eap, seal_request, sealed_answer, split_eap
from wire.radius.packet import (
    HEADER_LENGTH,
    ZERO_AUTHENTICATOR,
    Code,
    Pair,
    RadiusPacket,
)

_PROXY_STATE = key_of("Proxy-State")


def access_request(
    *, identifier: int, authenticator: bytes, secret: bytes, attributes: Sequence[Pair] = (), eap: bytes | None
) -> bytes:
    """An Access-Request with its Message-Authenticator first; `authenticator` is 16 unpredictable octets.

    `eap` is one EAP packet, b"" for EAP-Start, None for a request without EAP.
    """
    carried = () if eap is None else split_eap(eap)
    packet = RadiusPacket(Code.ACCESS_REQUEST, identifier, authenticator, (UNSEALED, *attributes, *carried))
    return seal_request(build_packet(packet), secret)


def status_server(*, identifier: int, authenticator: bytes, secret: bytes, attributes: Sequence[Pair] = ()) -> bytes:
    """A Status-Server request (RFC 5997 §3)."""
    packet = RadiusPacket(Code.STATUS_SERVER, identifier, authenticator, (UNSEALED, *attributes))
    return seal_request(build_packet(packet), secret)


def signed_request(code: Code, *, identifier: int, secret: bytes, attributes: Sequence[Pair] = ()) -> bytes:
    """An Accounting-, CoA- or Disconnect-Request, Message-Authenticator first (RFC 2866 §3, RFC 5176 §2.3).

    RFC 5080 §2.2.2 lets every Accounting-Request carry one as well.
    """
    packet = RadiusPacket(code, identifier, ZERO_AUTHENTICATOR, (UNSEALED, *attributes))
    return seal_request(build_packet(packet), secret)


def reply(
    request: RadiusPacket, code: Code, *, secret: bytes, attributes: Sequence[Pair] = (), eap: bytes | None = None
) -> bytes:
    """The answer to `request`: Message-Authenticator first, every Proxy-State copied in order (RFC 2865 §5.33).

    An Accounting-Response has no Message-Authenticator: no specification says over which Authenticator it would be,
    and FreeRADIUS 3 refuses one that is computed as in every other answer. That to a Status-Server has (RFC 5997 §3).
    """
    body = b"" if eap is None else build_eap(eap)
    if attributes:
        body += build_attributes(attributes)
    if request.code != Code.ACCOUNTING_REQUEST:
        return reply_of(request, code, secret, body)
    if _PROXY_STATE in request.by_key:
        body += _proxy_states(request)
    head = build_head(code, request.identifier, HEADER_LENGTH + len(body))
    return head + md5(head + request.authenticator + body + secret).digest() + body


def reply_of(request: RadiusPacket, code: Code, secret: bytes, body: bytes) -> bytes:
    """The same to any request but those of accounting, with the octets of its EAP-Message and its attributes."""
    if _PROXY_STATE in request.by_key:
        body += _proxy_states(request)
    return sealed_answer(code, request.identifier, body, secret, request.authenticator)


def _proxy_states(request: RadiusPacket) -> bytes:
    return build_attributes([(_PROXY_STATE, value) for value in request.values("Proxy-State")])
