"""A shared secret in a file of its own, refused when anybody but its owner can read it."""

import stat
from pathlib import Path

from runtime.config import ConfigError
from wire.secret import Secret

MAX_LENGTH = 4096


def read_secret(path: Path) -> Secret:
    """The text of the file without the line end; ConfigError when it is missing, empty or open to others."""
    secret = read_private(path, "write the shared secret into it").strip(b"\r\n")
    if not 0 < len(secret) <= MAX_LENGTH:
        raise ConfigError(f"{path}: a secret has 1 to {MAX_LENGTH} octets on one line; write one into it")
    return Secret(secret)


def read_private(path: Path, remedy: str) -> bytes:
    """All octets of a file that only its owner may read; ConfigError otherwise, which ends in `remedy` if missing."""
    try:
        mode = path.stat().st_mode
        octets = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}; {remedy}") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(f"{path}: others can read this secret (mode {stat.S_IMODE(mode):04o}); chmod 600 {path}")
    return octets
