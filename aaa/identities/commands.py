"""What `akadia aaa identity-keys` does, as text: no command ever shows a key."""

import secrets
import time
from datetime import UTC, datetime
from pathlib import Path

from aaa.identities.config import IdentitiesConfig
from aaa.identities.epochs import KEY_LENGTH, Epoch, Keyring
from aaa.identities.keyring_file import change_keyring, read_keyring
from runtime.config import ConfigError, read_config
from wire.identity import Imsi
from wire.secret import Secret

DELAY = 60
"""Seconds until a new epoch seals, for the file to reach every node."""


def keyring_path(config: Path) -> Path:
    """Where the configuration has the keyring; ConfigError when it has none."""
    identities = read_config(config).optional("aaa.identities", IdentitiesConfig)
    if identities is None or identities.keys is None:
        raise ConfigError(f'{config}: there are no identity keys; write [aaa.identities] with keys = "identity.keys"')
    return identities.keys


def rotate(path: Path, *, delay: int = DELAY, now: float | None = None) -> str:
    """Add an epoch with a new key; KeyringRefused when there are too many that open."""
    at = _now(now)
    key = Secret(secrets.token_bytes(KEY_LENGTH))
    keyring = change_keyring(path, lambda before: before.rotated(key, at, delay))
    newest = keyring.epochs[-1]
    return f"epoch {newest.number} seals from {_time(newest.not_before)} on"


def retire(path: Path, number: int, *, now: float | None = None) -> str:
    """Destroy the key of an epoch; KeyringRefused for the one that seals."""
    change_keyring(path, lambda before: before.retiring(number, _now(now)))
    return f"epoch {number} is retired: its key is gone, and its identities are unknown from now on"


def revoke(path: Path, imsi: Imsi, *, now: float | None = None) -> str:
    """Void what one subscriber has been given until now."""
    at = _now(now)
    change_keyring(path, lambda before: before.revoking(imsi, at))
    return f"{imsi}: what was given out until {_time(at)} is void"


def status(path: Path, *, now: float | None = None) -> str:
    """A line for each epoch and each revoked subscriber."""
    keyring, at = read_keyring(path), _now(now)
    lines = [f"epoch {epoch.number}: {_state(epoch, keyring, at)}" for epoch in keyring.epochs]
    lines += [f"revoked {imsi}: up to {_time(until)}" for imsi, until in keyring.revoked.items()]
    return "\n".join(lines) or "no epoch: no identity is sealed"


def _state(epoch: Epoch, keyring: Keyring, now: int) -> str:
    if epoch.retired:
        return "retired"
    if epoch == keyring.sealing(now):
        return f"seals and opens, since {_time(epoch.not_before)}"
    return f"opens; seals from {_time(epoch.not_before)} on" if epoch.not_before > now else "opens"


def _now(now: float | None) -> int:
    return int(time.time() if now is None else now)


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
