"""What came of a storm: how many attached, in what time, and how many did not, by cause."""

import re
from collections import Counter
from dataclasses import dataclass, field

MOST_CAUSES = 32
"""So many causes are told apart; a gateway must not grow the list."""

_NUMBERS = re.compile(r"0x[0-9a-f]+|\d+(?:\.\d+)+(?::\d+)?|\b[0-9a-f]*:[0-9a-f:]+\b")
"""SPIs and addresses, which make one cause look like many."""


@dataclass(slots=True)
class Tally:
    """`times` are the seconds of each attach, `seconds` from the first one's start to the last one's end."""

    times: list[float] = field(default_factory=list)
    causes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def attached(self) -> int:
        """UEs that have had a tunnel."""
        return len(self.times)

    @property
    def failed(self) -> int:
        """UEs that have not."""
        return self.causes.total()

    def failure(self, cause: str) -> None:
        """One UE came to nothing."""
        cause = _NUMBERS.sub("…", cause)
        known = cause in self.causes or len(self.causes) < MOST_CAUSES
        self.causes[cause if known else "other causes"] += 1

    def fields(self) -> dict[str, object]:
        """For a program."""
        return {
            "attached": self.attached,
            "failed": self.failed,
            "p50_ms": self._milliseconds(0.5),
            "p99_ms": self._milliseconds(0.99),
            "per_s": round(self.attached / self.seconds, 1) if self.seconds else 0.0,
            "by_cause": dict(self.causes.most_common()),
        }

    def text(self) -> str:
        """For people."""
        said = self.fields()
        lines = [f"{self.attached:,} attached in {self.seconds:.1f} s: {said['per_s']} per second"]
        if self.times:
            lines.append(f"each in p50 {said['p50_ms']} ms, p99 {said['p99_ms']} ms")
        lines.append(f"failed: {self.failed:,}")
        return "\n".join([*lines, *(f"  {count:,} {cause}" for cause, count in self.causes.most_common())])

    def _milliseconds(self, share: float) -> float | None:
        """What `share` of all stay below or reach (nearest rank); None without any."""
        if not self.times:
            return None
        return round(sorted(self.times)[max(-int(-len(self.times) * share // 1), 1) - 1] * 1000, 1)
