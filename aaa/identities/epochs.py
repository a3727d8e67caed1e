"""Epochs of the key under which identities are sealed, and which subscribers' older identities count no more.

A keyring is data: every node that has the same one opens what any of them has sealed. A new epoch seals from its
`not_before` on, so that it can be on every node before the first identity of it comes back; it opens until retired.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from runtime.config import ConfigError
from wire.identity import Imsi
from wire.secret import Secret

KEY_LENGTH = 32
LABELS = 256
"""An identity names its epoch by the number modulo this; epochs that open must differ in it."""

SKEW = 60
"""Seconds by which the clocks of two nodes may differ."""

SHORT_LABELS = 16
"""The same for pseudonyms in the format of the 3GPP, whose key indicator has 4 bits (TS 33.402 §14)."""


class KeyringRefused(ConfigError):
    """A change that the keyring does not allow; one line for the operator."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """One key of 32 octets; `not_before` in seconds of Unix time. Of a retired epoch only the number is left."""

    number: int
    not_before: int
    key: Secret = field(default_factory=Secret)

    @property
    def retired(self) -> bool:
        """Whether it opens nothing any more."""
        return not self.key


@dataclass(frozen=True, slots=True)
class Keyring:
    """All epochs, lowest number first, and for revoked subscribers the second up to which their identities are void."""

    epochs: tuple[Epoch, ...] = ()
    revoked: Mapping[Imsi, int] = field(default_factory=dict)

    def sealing(self, now: float) -> Epoch | None:
        """The epoch that seals at `now`: the newest that has begun."""
        if len(self.epochs) == 1:
            only = self.epochs[0]
            return only if only.key and only.not_before <= now else None
        begun = [epoch for epoch in self.epochs if not epoch.retired and epoch.not_before <= now]
        return begun[-1] if begun else None

    def opening(self, label: int, labels: int = LABELS) -> Epoch | None:
        """The newest epoch that an identity with `label` can be of; also one that has not begun by our own clock."""
        for epoch in reversed(self.epochs):
            if epoch.key and epoch.number % labels == label:
                return epoch
        return None

    def is_revoked(self, imsi: Imsi, issued: int) -> bool:
        """Whether what `imsi` was given at `issued`, by a clock that may be ahead by SKEW, counts no more."""
        until = self.revoked.get(imsi)
        return until is not None and issued <= until + SKEW

    def rotated(self, key: Secret, now: int, delay: int) -> "Keyring":
        """With one epoch more, which seals `delay` seconds from now, or at once when it is the first."""
        number = max((epoch.number for epoch in self.epochs), default=0) + 1
        clash = next((e for e in self.epochs if not e.retired and (number - e.number) % SHORT_LABELS == 0), None)
        if clash is not None:
            raise KeyringRefused(f"epoch {clash.number} still opens; retire it: there is room for {SHORT_LABELS}")
        begins = now + delay if self.sealing(now) else now
        return replace(self, epochs=(*self.epochs, Epoch(number, begins, key)))

    def retiring(self, number: int, now: int) -> "Keyring":
        """With epoch `number` retired; never the one that seals."""
        epoch = next((epoch for epoch in self.epochs if epoch.number == number), None)
        if epoch is None or epoch.retired:
            raise KeyringRefused(f"epoch {number} is {'retired already' if epoch else 'not there'}")
        if epoch == self.sealing(now):
            raise KeyringRefused(f"epoch {number} seals; rotate first, and retire it when its successor has begun")
        gone = replace(epoch, key=Secret())
        return replace(self, epochs=tuple(gone if epoch.number == number else epoch for epoch in self.epochs))

    def revoking(self, imsi: Imsi, now: int) -> "Keyring":
        """With all void that `imsi` was given until `now`."""
        return replace(self, revoked={**self.revoked, imsi: now})
