"""The keyring in a file of mode 0600, in TOML, which every worker that shares it reads anew when it changes."""

import os
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aaa.identities.epochs import KEY_LENGTH, Epoch, Keyring
from runtime.config import ConfigError
from runtime.logs import get_logger
from runtime.secret_file import read_private
from wire.identity import Imsi
from wire.secret import Secret

log = get_logger("aaa.identities")

LOOK_EVERY = 1.0
"""Seconds until a changed file is noticed."""

REMEDY = "akadia aaa identity-keys rotate makes it"

_HEAD = """\
# The keys of Akadia's pseudonyms and fast re-authentication identities. Who reads this file reads every identity that
# was sealed under a key in it, and the sessions that followed. Copy it to every node of one realm, with mode 0600.
# akadia aaa identity-keys rotate, retire, revoke and status work on it.
"""


def parse_keyring(text: str) -> Keyring:
    """The keyring that `text` describes; ValueError, without any of the text, when it describes none."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise ValueError("it is no TOML") from None
    try:
        epochs = tuple(_epoch(table) for table in tables.get("epoch", []))
        revoked = {Imsi(str(table["imsi"])): int(table["not_after"]) for table in tables.get("revoked", [])}
    except (KeyError, TypeError, AttributeError):
        raise ValueError("an [[epoch]] has number, not_before and key, a [[revoked]] imsi and not_after") from None
    numbers = [epoch.number for epoch in epochs]
    if sorted(set(numbers)) != numbers or min(numbers, default=1) < 1:
        raise ValueError("epochs are numbered from 1 on, lowest first, each number once")
    return Keyring(epochs, revoked)


def _epoch(table: dict[str, Any]) -> Epoch:
    number, not_before, text = table["number"], table["not_before"], table.get("key", "")
    if not isinstance(number, int) or not isinstance(not_before, int) or not isinstance(text, str):
        raise TypeError
    try:
        key = Secret.fromhex(text)
    except ValueError:
        raise ValueError(f"the key of epoch {number} is not hexadecimal") from None
    if len(key) != (0 if table.get("retired", False) else KEY_LENGTH):
        raise ValueError(f"epoch {number} needs a key of {KEY_LENGTH} octets, or retired = true and none")
    return Epoch(number, not_before, key)


def format_keyring(keyring: Keyring) -> str:
    """The text of the file, keys included."""
    parts = [_HEAD]
    for epoch in keyring.epochs:
        last = "retired = true" if epoch.retired else f'key = "{epoch.key.hex()}"'
        parts.append(f"[[epoch]]\nnumber = {epoch.number}\nnot_before = {epoch.not_before}\n{last}\n")
    parts += [f'[[revoked]]\nimsi = "{imsi}"\nnot_after = {until}\n' for imsi, until in keyring.revoked.items()]
    return "\n".join(parts)


def read_keyring(path: Path) -> Keyring:
    """The keyring in `path`; ConfigError in one line when there is none, or others can read it."""
    octets = read_private(path, REMEDY)
    try:
        return parse_keyring(octets.decode())
    except ValueError as error:
        raise ConfigError(f"{path}: {_without_octets(error)}; mend it, or restore it from another node") from None


def _without_octets(error: ValueError) -> str:
    return "it is no UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)


def change_keyring(path: Path, change: Callable[[Keyring], Keyring]) -> Keyring:
    """Write what `change` makes of the keyring in `path`, which may be missing; ConfigError or KeyringRefused.

    The file is replaced at once or not at all, and two that change it at the same time do not undo each other.
    """
    draft = path.with_name(f"{path.name}.new")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigError(f"{draft}: another command changes the keys; remove it if none does") from None
    try:
        changed = change(read_keyring(path) if path.exists() else Keyring())
        # buffered, because write(2) may take but a part where a disk is nearly full, and say no more than that
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            file.write(format_keyring(changed).encode())
        os.fsync(descriptor)
        draft.rename(path)
    except BaseException:
        # not once it is renamed: then a draft is that of the next command
        draft.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    return changed


class KeyringPath:
    """The keyring of a file, for a command."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Keyring:
        """As `read_keyring`."""
        return read_keyring(self._path)

    def change(self, change: Callable[[Keyring], Keyring]) -> Keyring:
        """As `change_keyring`."""
        return change_keyring(self._path, change)


class KeyringFile:
    """The keyring of a file as it is now; a file that has become unreadable leaves the keyring as it was.

    `clock` is any monotonic one in seconds: the file is looked at LOOK_EVERY seconds, not for every identity.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._looked = clock()
        # before it is read, so that what is written meanwhile is another file's
        self._seen = _stamp(path)
        self._keyring = read_keyring(path)

    def __call__(self) -> Keyring:
        """The keyring; the file is read again when it has been changed."""
        now = self._clock()
        if now - self._looked < LOOK_EVERY:
            return self._keyring
        self._looked = now
        stamp = _stamp(self._path)
        if stamp != self._seen:
            self._seen = stamp
            self._reload()
        return self._keyring

    def _reload(self) -> None:
        try:
            self._keyring = read_keyring(self._path)
        except ConfigError as error:
            log.error("identity keys not read again", cause=str(error))
        else:
            log.info("identity keys read again", epochs=len(self._keyring.epochs), revoked=len(self._keyring.revoked))


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
