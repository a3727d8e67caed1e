"""Payloads of a type that this project does not know (RFC 7296 §2.5)."""

from wire.frozen import dataclass


@dataclass(frozen=True, slots=True)
class UnknownPayload:
    """Kept as it came; one with the critical bit never gets this far."""

    payload_type: int
    body: bytes

    def build(self) -> bytes:
        """The payload's body."""
        return self.body
