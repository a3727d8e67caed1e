"""Where the key that opens a file is: a file for its owner alone, or the environment; never the mapping itself."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from runtime.config import OptionalPath, Section
from wire.secret import Secret

_ACCESS_BY_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeyMissing(ValueError):
    """There is no such key; one line that says where it is looked for, and shows nothing of it."""


class KeySource(Section):
    """One of the two places."""

    file: OptionalPath = Field(default=None, description="a file of mode 0600 with the key as hex, beside the mapping")
    environment: str = Field(default="", description="the environment variable that holds the key as hex")

    @model_validator(mode="after")
    def _in_one_place(self) -> Self:
        if (self.file is None) == (not self.environment):
            raise ValueError("a key is in a file or in the environment; write one of file and environment")
        return self

    def read(self, environment: Mapping[str, str]) -> Secret:
        """The key; KeyMissing when it is not there, open to others or not hex."""
        where = str(self.file) if self.file is not None else f"${self.environment}"
        text = _contents(self.file) if self.file is not None else environment.get(self.environment, "")
        if not text:
            raise KeyMissing(f"{where}: holds no key; put it there as hex")
        try:
            return Secret.fromhex(text)
        except ValueError:
            raise KeyMissing(f"{where}: is not hex; write the key as hexadecimal digits") from None


def _contents(path: Path) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise KeyMissing(f"{path}: cannot be read: {error.strerror}; name the file of the transport key") from None
    with os.fdopen(descriptor, "rb") as file:
        if os.fstat(descriptor).st_mode & _ACCESS_BY_OTHERS:
            raise KeyMissing(f"{path}: others can read the key; close it with: chmod 600 {path}")
        return file.read(1024).decode("ascii", "replace").strip()
