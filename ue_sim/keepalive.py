"""NAT-keepalives: the UE behind a NAT speaks often enough for the mapping to stay (RFC 3948 §4, RFC 7296 §2.23)."""

from dataclasses import dataclass

INTERVAL = 20.0
"""Seconds of silence after which one is sent, unless the configuration says otherwise (RFC 3948 §4)."""


@dataclass(slots=True)
class Keepalives:
    """Counts how long nothing was sent to the gateway; `interval` in seconds, 0 for none at all.

    `behind_nat` says whether there is a NAT at this end: only then are they sent.
    """

    interval: float = INTERVAL
    behind_nat: bool = False
    _sent_at: float = 0.0

    @property
    def deadline(self) -> float | None:
        """When the next one is due, if nothing is sent before."""
        return self._sent_at + self.interval if self.behind_nat and self.interval else None

    def sent(self, now: float) -> None:
        """Something has gone to the gateway, which does as well."""
        self._sent_at = now

    def is_due(self, now: float) -> bool:
        """Whether one is to be sent now; it counts as sent then."""
        deadline = self.deadline
        if deadline is None or now < deadline:
            return False
        self._sent_at = now
        return True
