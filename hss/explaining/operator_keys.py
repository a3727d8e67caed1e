"""The operator's OP and TOP, each in a file of its own: with them more can be said of a card that only refuses."""

from collections.abc import Iterable
from pathlib import Path

from runtime.config import ConfigError
from runtime.secret_file import read_private
from wire.secret import Secret

LENGTHS = (16, 32)
"""Octets of OP (TS 35.206 §2.3) and TOP (TS 35.231 §6.2)."""


def read_operator_keys(paths: Iterable[Path]) -> tuple[Secret, ...]:
    """What stands in each file, in hex; ConfigError in one line that never shows it."""
    return tuple(_read(path) for path in paths)


def _read(path: Path) -> Secret:
    text = read_private(path, "write OP or TOP into it, in hex").decode(errors="replace").strip()
    try:
        found = Secret.fromhex(text)
    except ValueError:
        found = Secret()
    if len(found) not in LENGTHS:
        raise ConfigError(f"{path}: OP is 32 and TOP 64 hexadecimal digits; write one of them into it")
    return found
