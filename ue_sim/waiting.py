"""What somebody waits for who told a UE to do something."""

import asyncio
from dataclasses import dataclass, field

from ue_sim.ue_events import Detached, UeEffect


@dataclass(slots=True)
class Wait:
    """An effect of one of the `kinds` for the `times`th time, or that nothing is left; made inside a running loop."""

    kinds: tuple[type[UeEffect], ...]
    times: int = 1
    future: "asyncio.Future[UeEffect]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def hear(self, told: UeEffect) -> None:
        """One effect more."""
        self.times -= isinstance(told, self.kinds)
        if not self.future.done() and (self.times <= 0 or isinstance(told, Detached)):
            self.future.set_result(told)
