"""The TLS handshake of a connection that was accepted without TLS and is known already, and why it failed."""

import asyncio
import ssl

_CAUSES = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "it shows no certificate",
    "HTTP_REQUEST": "it speaks HTTP without TLS",
    "WRONG_VERSION_NUMBER": "what it sends is not TLS",
    "UNKNOWN_PROTOCOL": "what it sends is not TLS",
    "RECORD_LAYER_FAILURE": "what it sends is not TLS",
    "UNSUPPORTED_PROTOCOL": "its TLS is older than 1.2",
    "NO_SHARED_CIPHER": "it knows none of our ciphers",
}


class HandshakeFailed(Exception):
    """There is no TLS on this connection; the message is one line that says why."""


async def shake_hands(
    plain: asyncio.Transport, context: ssl.SSLContext, *, seconds: float, closing: float | None = None
) -> tuple[asyncio.Transport, bytes]:
    """Serve the handshake on `plain`, within `seconds`; `closing` are those for the end of the connection.

    The transport over TLS, whose protocol the caller has to set before anything else, and the octets that came with the
    end of the handshake. HandshakeFailed when there is none; the connection is closed then.
    """
    first = _FirstOctets()
    try:
        secured = await asyncio.get_running_loop().start_tls(
            plain,
            first,
            context,
            server_side=True,
            ssl_handshake_timeout=seconds,
            ssl_shutdown_timeout=closing,
        )
    except OSError as error:
        raise HandshakeFailed(f"TLS handshake failed: {_cause(error, seconds)}") from None
    if secured is None:
        # what asyncio answers where the connection has ended without an error
        raise HandshakeFailed("TLS handshake failed: the connection was closed")
    return secured, first.octets


class _FirstOctets(asyncio.Protocol):
    """asyncio hands over what came with the end of a handshake before it says that there is a connection."""

    octets = b""

    def data_received(self, data: bytes) -> None:
        """Keep it."""
        self.octets += data


def _cause(error: OSError, seconds: float) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        reason = error.reason or ""
        words = reason.lower().replace("_", " ")
        if "ALERT" in reason:
            return f"it refuses our certificate or terms: {words}"
        return _CAUSES.get(reason, words or "no TLS")
    if isinstance(error, ConnectionAbortedError):
        return f"it was not over within {seconds:g} s"
    return "the connection was lost"
