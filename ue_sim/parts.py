"""The machines that a UE is made of, before anything joins them."""

from ue_sim.finding import Finding
from ue_sim.host import Host
from ue_sim.links import Links
from ue_sim.roaming import Roaming
from ue_sim.settings import UeSettings
from ue_sim.usim import Usim
from wire.sansio import RandomBytes


class UeParts:
    """One of each; `random` makes every nonce, SPI, key and query id."""

    def __init__(self, *, settings: UeSettings, usim: Usim, random: RandomBytes) -> None:
        self._settings = settings
        self._random = random
        self.links = Links(settings=settings, usim=usim, random=random)
        self._node = Roaming(settings.mobility_policy, random=random)
        self._begin_anew()

    def _begin_anew(self) -> None:
        """Nothing is looked for, and nobody has a Home Address; what the network gave for the next time is kept."""
        self._finding = Finding(settings=self._settings, random=self._random)
        self.host = Host(device=self._settings.device)
        self.links.let_go()

    @property
    def deadline(self) -> float | None:
        """The nearest deadline of any part."""
        deadlines = [part.deadline for part in (self._finding, self.links, self._node, self.host)]
        return min((deadline for deadline in deadlines if deadline is not None), default=None)
