"""TLS contexts with our own certification authority (RFC 6733 §13.1): TLS 1.2 or newer, never a public root."""

import ssl
import stat
from pathlib import Path

from runtime.config import ConfigError
from runtime.logs import get_logger

log = get_logger("runtime.tls")


def server_context(*, certificate: Path, key: Path, ca: Path | None = None, demand: bool = False) -> ssl.SSLContext:
    """A context for accepting. With `ca` a client's certificate is verified if it sends one, with `demand` it must.

    All files are PEM. Raises ConfigError naming the file.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load_chain(context, certificate, key)
    if ca is not None:
        _load_authority(context, ca)
        context.verify_mode = ssl.CERT_REQUIRED if demand else ssl.CERT_OPTIONAL
    elif demand:
        raise ConfigError("a client certificate is demanded but no ca is named to verify it; write ca")
    return context


def client_context(*, ca: Path, certificate: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    """A context for connecting: the server's chain must end in `ca` and its name be the one that is connected to.

    Raises ConfigError naming the file.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load_authority(context, ca)
    if certificate is not None and key is not None:
        _load_chain(context, certificate, key)
    elif certificate is not None or key is not None:
        raise ConfigError("a certificate and its key belong together; write both or neither")
    return context


def _load_chain(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    for path in (certificate, key):
        _require(path)
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (ssl.SSLError, ValueError) as error:
        raise ConfigError(f"{certificate} and {key} are not a certificate and its unencrypted key: {error}") from None
    _warn_of_readers(key)


def _warn_of_readers(key: Path) -> None:
    """A group may be that of whoever serves by the key, as Debian's ssl-cert is; everybody is nobody's."""
    if key.stat().st_mode & stat.S_IROTH:
        cause = f"everybody here can read it; close it with: chmod o-r {key}"
        log.warning("private key open", cause=cause, key=str(key))


def _load_authority(context: ssl.SSLContext, ca: Path) -> None:
    _require(ca)
    try:
        context.load_verify_locations(ca)
    except ssl.SSLError as error:
        raise ConfigError(f"{ca} holds no certificate in PEM: {error}") from None


def _require(path: Path) -> None:
    try:
        path.open("rb").close()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None


def _no_password() -> str:
    # Without this OpenSSL asks at the terminal, and a daemon would wait for ever.
    raise ValueError("the key is encrypted")
