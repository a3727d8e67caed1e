"""Details of single subscribers' conversations, for a while and without a restart: a file that every daemon reads.

The file is beside the configuration and names each IMSI with the second of Unix time at which it is forgotten.
"""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from runtime.config import ConfigError
from runtime.secret_file import read_private

FILE_NAME = "log-debug.json"
MOST = 50
"""How many subscribers may be watched at once."""
LONGEST = 24 * 3600
"""Seconds for which one may be watched."""


def read_watched(path: Path) -> dict[str, float]:
    """IMSI to the second at which it is forgotten; ConfigError when the file is not what `write_watched` wrote."""
    if not path.exists():
        return {}
    octets = read_private(path, "it is there no more")
    try:
        found = json.loads(octets)
        return {str(imsi): float(until) for imsi, until in found.items()}
    except (ValueError, TypeError, AttributeError):
        raise ConfigError(f"{path}: is not a file of akadia log debug; remove it") from None


def write_watched(path: Path, watched: Mapping[str, float]) -> None:
    """Let daemons see `watched` instead; ConfigError when there are too many, OSError when it cannot be written."""
    if len(watched) > MOST:
        raise ConfigError(f"{path}: {MOST} subscribers can be watched at once; stop with another: akadia log debug")
    if not watched:
        path.unlink(missing_ok=True)
        return
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(dict(watched), file)
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)


class Watch:
    """Says to `tell` whom to watch, whenever that has changed; `clock` is Unix time in seconds."""

    def __init__(self, path: Path, tell: Callable[[frozenset[str]], None], clock: Callable[[], float]) -> None:
        self._path = path
        self._tell = tell
        self._clock = clock
        self._seen: tuple[int, int] | None = None
        self._watched: dict[str, float] = {}
        self._told: frozenset[str] = frozenset()

    def look(self) -> None:
        """Look at the file and at the clock; ConfigError for a file that cannot be read, once for each change."""
        stamp = self._stamp()
        try:
            if stamp != self._seen:
                self._seen = stamp
                self._watched = {}
                self._watched = read_watched(self._path)
        finally:
            now = self._clock()
            watched = frozenset(imsi for imsi, until in self._watched.items() if now < until <= now + LONGEST)
            if watched != self._told:
                self._told = watched
                self._tell(watched)

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino
