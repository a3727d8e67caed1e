"""When the next UE begins: as soon as one has ended, or at a rate; until a count or a time is reached."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """`at_once` UEs at most; `rate` of them begin in a second (None: as many as there is room for).

    Nothing is counted in the first `warm_up` seconds; after `count` authentications or `seconds` none begins.
    """

    at_once: int
    rate: float | None = None
    count: int | None = None
    seconds: float | None = None
    warm_up: float = 0.0

    def share(self, part: int, parts: int) -> "Pace":
        """What one of `parts` processes does of it."""
        return Pace(
            at_once=_share(self.at_once, part, parts),
            rate=None if self.rate is None else self.rate / parts,
            count=None if self.count is None else _share(self.count, part, parts),
            seconds=self.seconds,
            warm_up=self.warm_up,
        )

    def is_over(self, elapsed: float, begun: int) -> bool:
        """Whether no more may begin, `elapsed` seconds after the start and after `begun` of them."""
        return (self.count is not None and begun >= self.count) or (
            self.seconds is not None and elapsed >= self.warm_up + self.seconds
        )

    def due(self, elapsed: float, begun: int, under_way: int) -> int:
        """How many may begin now."""
        room = self.at_once - under_way
        if self.count is not None:
            room = min(room, self.count - begun)
        if self.rate is not None:
            room = min(room, int(elapsed * self.rate) + 1 - begun)
        return room

    def next_in(self, elapsed: float, begun: int) -> float | None:
        """In how many seconds the next is due by the rate; None when only room decides."""
        return None if self.rate is None else max(begun / self.rate - elapsed, 0.0)


def _share(whole: int, part: int, parts: int) -> int:
    return whole // parts + (part < whole % parts)
