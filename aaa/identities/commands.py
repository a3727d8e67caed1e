"""What `akadia aaa identity-keys` does, as text: no command ever shows a key."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from aaa.identities.epochs import KEY_LENGTH, Epoch, Keyring
from wire.identity import Imsi
from wire.secret import Secret

DELAY = 60
"""Seconds until a new epoch seals, for the file to reach every node."""


class KeyringDoor(Protocol):
    """Where the keyring is: a file, or the database that all nodes share."""

    def read(self) -> Keyring:
        """The keyring; ConfigError or LedgerUnavailable in one line when it cannot be had."""

    def change(self, change: Callable[[Keyring], Keyring]) -> Keyring:
        """Write what `change` makes of it; KeyringRefused when that allows nothing."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a command has done or found: a text for people, and the same as names and values for programs."""

    text: str
    fields: dict[str, object]


def rotate(door: KeyringDoor, *, delay: int = DELAY, now: float | None = None) -> Said:
    """Add an epoch with a new key; KeyringRefused when there are too many that open."""
    at = _now(now)
    key = Secret(secrets.token_bytes(KEY_LENGTH))
    newest = door.change(lambda before: before.rotated(key, at, delay)).epochs[-1]
    begins = _time(newest.not_before)
    return Said(f"epoch {newest.number} seals from {begins} on", {"epoch": newest.number, "not_before": begins})


def retire(door: KeyringDoor, number: int, *, now: float | None = None) -> Said:
    """Destroy the key of an epoch; KeyringRefused for the one that seals."""
    door.change(lambda before: before.retiring(number, _now(now)))
    text = f"epoch {number} is retired: its key is gone, and its identities are unknown from now on"
    return Said(text, {"epoch": number, "state": "retired"})


def revoke(door: KeyringDoor, imsi: Imsi, *, now: float | None = None) -> Said:
    """Void what one subscriber has been given until now."""
    at = _now(now)
    door.change(lambda before: before.revoking(imsi, at))
    text = f"{imsi}: what was given out until {_time(at)} is void, and in the minute after it, as clocks may differ"
    return Said(text, {"imsi": str(imsi), "not_after": _time(at)})


def status(door: KeyringDoor, *, now: float | None = None) -> Said:
    """A line for each epoch and each revoked subscriber."""
    keyring, at = door.read(), _now(now)
    lines = [f"epoch {epoch.number}: {_state(epoch, keyring, at)}" for epoch in keyring.epochs]
    lines += [f"revoked {imsi}: up to {_time(until)}" for imsi, until in keyring.revoked.items()]
    fields: dict[str, object] = {
        "epochs": [_fields(epoch, keyring, at) for epoch in keyring.epochs],
        "revoked": [{"imsi": str(imsi), "not_after": _time(until)} for imsi, until in keyring.revoked.items()],
    }
    return Said("\n".join(lines) or "no epoch: no identity is sealed", fields)


def _state(epoch: Epoch, keyring: Keyring, now: int) -> str:
    if epoch.retired:
        return "retired"
    if epoch == keyring.sealing(now):
        return f"seals and opens, since {_time(epoch.not_before)}"
    return f"opens; seals from {_time(epoch.not_before)} on" if epoch.not_before > now else "opens"


def _fields(epoch: Epoch, keyring: Keyring, now: int) -> dict[str, object]:
    seals = epoch == keyring.sealing(now)
    state = "retired" if epoch.retired else "seals" if seals else "waits" if epoch.not_before > now else "opens"
    return {"number": epoch.number, "state": state, "not_before": _time(epoch.not_before)}


def _now(now: float | None) -> int:
    return int(time.time() if now is None else now)


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
