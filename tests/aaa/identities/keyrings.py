"""Keyrings for tests, and identities that are sealed under them."""

from dataclasses import dataclass, field
from random import Random

from aaa.identities.epochs import Epoch, Keyring
from aaa.identities.sealed import Limits, SealedIdentities
from wire.secret import Secret

NOW = 1_800_000_000
FIRST = Epoch(1, NOW - 1000, Secret(bytes(range(32))))
SECOND = Epoch(2, NOW - 10, Secret(bytes(range(1, 33))))
KEYRING = Keyring((FIRST, SECOND))


@dataclass
class Node:
    """One AAA server: its keyring and its clock can be changed under it."""

    keyring: Keyring = KEYRING
    now: float = NOW
    limits: Limits = field(default_factory=Limits)
    seed: int = 1

    def __post_init__(self) -> None:
        self.identities = SealedIdentities(
            keyring=lambda: self.keyring,
            clock=lambda: self.now,
            random=Random(self.seed).randbytes,
            limits=self.limits,
        )
