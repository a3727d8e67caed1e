"""The keyring that all nodes share in SQL, as it is now: made, rotated, retired and revoked by any of them."""

from collections.abc import Callable
from dataclasses import dataclass

from aaa.identities.epochs import KEY_LENGTH, Epoch, Keyring, KeyringRefused
from hss.active_api import KeyEpochs, StoredEpoch, StoredEpochs
from hss.session_api import LedgerUnavailable
from runtime.logs import get_logger
from wire.sansio import RandomBytes
from wire.secret import Secret

log = get_logger("aaa.identities")

LOOK = 2.0
"""Seconds between two looks: how soon a running server knows what another has changed."""
DELAY = 60
"""Seconds until a new epoch seals: far more than the last process takes to know of it."""
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Upkeep:
    """A new epoch `every` so many seconds, 0 for never; an old one goes `age` seconds after its successor began."""

    every: int = 0
    age: int = 0


async def read_shared(epochs: KeyEpochs) -> Keyring:
    """The keyring that is there; LedgerUnavailable."""
    return _keyring(await epochs.read())


async def change_shared(epochs: KeyEpochs, change: Callable[[Keyring], Keyring]) -> Keyring:
    """Write what `change` makes of the keyring that is there; KeyringRefused, LedgerUnavailable.

    What another process changes at the same moment is not undone: then `change` is asked again.
    """
    for _ in range(_TRIES):
        before = await epochs.read()
        changed = change(_keyring(before))
        if await epochs.change(before, _stored(changed)):
            return changed
    raise LedgerUnavailable("other processes change the identity keys all the time; try again")


class SharedKeyring:
    """The keyring as `look` found it last. `now` is Unix time in seconds, `random` makes keys."""

    def __init__(
        self, epochs: KeyEpochs, *, now: Callable[[], float], random: RandomBytes, upkeep: Upkeep | None = None
    ) -> None:
        self._epochs = epochs
        self._now = now
        self._random = random
        self._upkeep = upkeep or Upkeep()
        self._keyring = Keyring()

    def __call__(self) -> Keyring:
        """The keyring."""
        return self._keyring

    async def look(self) -> None:
        """Read it again, make its first epoch, and do what the upkeep asks for; LedgerUnavailable."""
        found = await read_shared(self._epochs)
        if self._kept_up(found) != found:
            found = await change_shared(self._epochs, self._kept_up)
        if found != self._keyring:
            self._keyring = found
            log.info("identity keys read", epochs=len(found.epochs), revoked=len(found.revoked))

    def _kept_up(self, keyring: Keyring) -> Keyring:
        try:
            return self._maintained(keyring, int(self._now()))
        except KeyringRefused as refused:
            log.warning("identity keys not rotated", cause=str(refused))
            return keyring

    def _maintained(self, keyring: Keyring, now: int) -> Keyring:
        every, age = self._upkeep.every, self._upkeep.age
        if not keyring.epochs or (every and keyring.epochs[-1].not_before + every <= now):
            keyring = keyring.rotated(Secret(self._random(KEY_LENGTH)), now, DELAY)
        if every:
            for old, successor in zip(keyring.epochs, keyring.epochs[1:], strict=False):
                if not old.retired and successor.not_before + age <= now:
                    keyring = keyring.retiring(old.number, now)
        return keyring


def _keyring(stored: StoredEpochs) -> Keyring:
    epochs = tuple(Epoch(epoch.number, epoch.not_before, epoch.key) for epoch in stored.epochs)
    return Keyring(epochs, dict(stored.revoked))


def _stored(keyring: Keyring) -> StoredEpochs:
    epochs = tuple(StoredEpoch(epoch.number, epoch.not_before, epoch.key) for epoch in keyring.epochs)
    return StoredEpochs(epochs, tuple(sorted(keyring.revoked.items(), key=lambda item: str(item[0]))))
