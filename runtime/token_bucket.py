"""How often something may be done: a bucket that fills evenly and is emptied by what is done."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class TokenBucket:
    """`rate` tokens a second flow in, `most` find room; it is full at first. `now` is of any clock that only rises."""

    rate: float
    most: float
    tokens: float = field(init=False)
    filled: float = 0.0

    def __post_init__(self) -> None:
        self.tokens = self.most

    def take(self, now: float, cost: float = 1.0) -> bool:
        """Take `cost`; False when there is not enough, and then nothing is taken."""
        self.tokens = min(self.most, self.tokens + max(0.0, now - self.filled) * self.rate)
        self.filled = now
        if self.tokens < cost:
            return False
        self.tokens -= cost
        return True

    def wait(self, now: float, cost: float = 1.0) -> float:
        """Take `cost` and return 0, or take nothing and return after how many seconds there will be enough."""
        return 0.0 if self.take(now, cost) else (cost - self.tokens) / self.rate
