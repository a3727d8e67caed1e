"""Lines about what a face refuses: whoever tries IMSIs decides how often, and not how long the log becomes."""

import time
from collections.abc import Callable

from hss.api import ServiceRefused
from runtime.log_limit import LogLimit
from runtime.logs import debugging, get_logger


class RefusalLines:
    """Of each event and refusal ten lines at once and one a second then, with how many were withheld; all in debug.

    `name` is whose lines they are; `clock` rises in seconds.
    """

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = get_logger(name)
        self._clock = clock
        self._limit = LogLimit()

    def say(self, event: str, refused: ServiceRefused, **about: str | None) -> None:
        """A line about `refused`, unless there were too many."""
        withheld = self._limit.allow(f"{event} {refused.refusal.name}", self._clock())
        if withheld is None and not debugging():
            return
        more = {"withheld": withheld} if withheld else {}
        self._log.warning(event, cause=str(refused), **about, **more)
