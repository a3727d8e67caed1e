"""proposed-policy.toml beside the configuration: what a HSS that learns would let each peer ask."""

import asyncio
import os
from contextlib import suppress
from pathlib import Path

from hss.policy.learning import Learning
from runtime.logs import get_logger

log = get_logger("hss.policy")

NAME = "proposed-policy.toml"
INTERVAL = 60.0
"""Seconds between two writings."""


class PolicyFile:
    """The proposal of `learning` as a file in `folder`, mode 0600."""

    def __init__(self, learning: Learning, folder: Path) -> None:
        self._learning = learning
        self._path = folder / NAME

    async def run(self) -> None:
        """Write every minute in which something was asked, until cancelled."""
        while True:
            await asyncio.sleep(INTERVAL)
            self.write()

    def write(self) -> None:
        """Write what is new, whole or not at all; a folder that does not take it is said in one line."""
        if not self._learning.changed:
            return
        beside = self._path.with_suffix(".new")
        try:
            with suppress(FileNotFoundError):
                beside.unlink()
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(self._learning.proposal())
            beside.replace(self._path)
        except OSError as error:
            self._learning.changed = True
            log.warning("policy not written", cause=error.strerror or str(error), path=str(self._path))
        else:
            log.info("policy proposed", path=str(self._path))
