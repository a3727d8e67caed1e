"""The file itself: its digest, its header, and its lines in chunks that do not grow with it."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

from hss.provisioning.change import ProvisioningRefused
from hss.provisioning.importing.mapping import Mapping, MappingConfig, MappingRefused

LINE_LENGTH_MAX = 16384
"""Octets of one line; a longer one is taken in pieces, none of which is a row."""
HEAD_LINES_MAX = 1000

_BLOCK = 1 << 20


class SourceRefused(ProvisioningRefused):
    """The file cannot be read, or has become another one; one line that says what to do."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Lines that follow each other, by number; `position` is where the next one begins, `line` the last number."""

    lines: tuple[tuple[int, bytes], ...]
    position: int
    line: int


class Source:
    """A file that is read from beginning to end; it must stay as it is meanwhile."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.name = path.name
        self.path = path
        self._file = file
        self._state = _state(file)
        self.size = self._state[0]

    @classmethod
    def open(cls, path: Path) -> Self:
        """The file at `path`; SourceRefused when it is none that can be read twice."""
        try:
            file = path.open("rb")
        except OSError as error:
            raise SourceRefused(f"{path}: cannot be read: {error.strerror}; name the vendor's file") from None
        if not path.is_file():
            file.close()
            raise SourceRefused(f"{path}: is no file; store what comes through a pipe first, so that it can go on")
        return cls(path, file)

    def close(self) -> None:
        """Be done with it."""
        self._file.close()

    def digest(self) -> bytes:
        """SHA-256 of the whole file, 32 octets."""
        found = hashlib.sha256()
        self._file.seek(0)
        while block := self._file.read(_BLOCK):
            found.update(block)
        return found.digest()

    def require_unchanged(self) -> None:
        """SourceRefused when somebody has written to the file since it was opened."""
        if _state(self._file) != self._state:
            raise SourceRefused(f"{self.path}: has changed while it was read; import it again as it is now")

    def head(self, mapping: Mapping) -> tuple[bytes | None, int, int]:
        """The line with the names, the position behind the head and its last line's number.

        MappingRefused when the header that the mapping speaks of is not there.
        """
        self._file.seek(0)
        config = mapping.config
        for _ in range(config.skip):
            self._file.readline(LINE_LENGTH_MAX)
        if config.header == "none":
            return None, self._file.tell(), config.skip
        for number in range(config.skip + 1, HEAD_LINES_MAX + 1):
            line = self._file.readline(LINE_LENGTH_MAX)
            if line and _is_header(line, config):
                return line, self._file.tell(), number
        what = f"beginning with {config.header_mark}" if config.header_mark else "with the columns' names"
        raise MappingRefused(f"mapping {mapping.name}: {self.path} has no line {what}; choose another mapping")

    def chunks(self, position: int, line: int, count: int) -> Iterator[Chunk]:
        """The lines behind `position`, of which `line` is the number of the last before; `count` at a time."""
        self._file.seek(position)
        while True:
            lines: list[tuple[int, bytes]] = []
            while len(lines) < count and (read := self._file.readline(LINE_LENGTH_MAX)):
                line += 1
                position += len(read)
                lines.append((line, read))
            if not lines:
                return
            yield Chunk(tuple(lines), position, line)


def _state(file: BinaryIO) -> tuple[int, int]:
    found = os.fstat(file.fileno())
    return found.st_size, found.st_mtime_ns


def _is_header(line: bytes, config: MappingConfig) -> bool:
    if config.header == "marked":
        return line.lstrip().lower().startswith(config.header_mark.lower().encode())
    return bool(line.strip()) and not (config.comment and line.lstrip().startswith(config.comment.encode()))
