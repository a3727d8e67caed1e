"""What notices that UEs are silent, put together for the daemon."""

import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime

from aaa.explaining.failed import Failures
from aaa.explaining.silence import LOOK, Silence
from aaa.watch import watching
from hss.active_api import ContinuedRounds


def open_silence(
    stack: AsyncExitStack, failures: Failures, continued: ContinuedRounds | None, age: float, *, is_alone: bool
) -> Silence | None:
    """Who notices it, inside a running loop; nobody where other processes may go on, and have no SQL to say so in."""
    if continued is None and not is_alone:
        return None
    silence = Silence(failures, continued, age, clock=time.monotonic, moment=lambda: datetime.now(UTC))
    watching(stack, (silence.look,), LOOK)
    return silence
