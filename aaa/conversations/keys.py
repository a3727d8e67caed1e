"""The keys under which conversations are sealed: one for each epoch of the nodes' keyring (RFC 5297, RFC 5869)."""

from collections.abc import Callable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from aaa.identities.epochs import KEY_LENGTH, LABELS, Epoch, Keyring
from aaa.identities.sealing import derived_key
from aaa.sessions import Lost
from wire.sansio import RandomBytes
from wire.secret import Secret

HEAD_LENGTH = 2
OVERHEAD = HEAD_LENGTH + 16
"""Octets that sealing adds: format, label of the epoch, synthetic IV."""

_SIV_KEY_LENGTH = 64
_PURPOSE = b"akadia sealed conversation"


class ConversationKeys:
    """Seals and opens under the epochs of `keyring`, which may change at any time; `wall_clock` is Unix time."""

    def __init__(self, keyring: Callable[[], Keyring], wall_clock: Callable[[], float]) -> None:
        self._keyring = keyring
        self._wall_clock = wall_clock
        self._ciphers: dict[Epoch, AESSIV] = {}
        self._sealing: tuple[Epoch, AESSIV] | tuple[None, None] = None, None

    @classmethod
    def of_process(cls, random: RandomBytes, wall_clock: Callable[[], float]) -> "ConversationKeys":
        """One key that no other process has."""
        keyring = Keyring((Epoch(1, 0, Secret(random(KEY_LENGTH))),))
        return cls(lambda: keyring, wall_clock)

    def seal(self, version: int, plain: bytes, about: Sequence[bytes]) -> bytes | None:
        """`plain` with what `about` says bound to it; None when no epoch seals at this time."""
        epoch = self._keyring().sealing(self._wall_clock())
        if epoch is None:
            return None
        sealing = self._sealing
        if epoch is not sealing[0]:
            sealing = self._sealing = epoch, self._cipher(epoch)
        head = bytes((version, epoch.number % LABELS))
        return head + sealing[1].encrypt(plain, [head, *about])

    def open(self, version: int, token: bytes, about: Sequence[bytes]) -> bytes | Lost:
        """What was sealed with the same `about`, or why that cannot be had; the client is told no difference."""
        head = token[:HEAD_LENGTH]
        if len(token) <= OVERHEAD or head[0] != version:
            return Lost("its format is none that is sealed here")
        epoch = self._keyring().opening(head[1])
        if epoch is None:
            return Lost(f"no key of epoch {head[1]} is there; do all nodes have the same identity keys?")
        try:
            return self._cipher(epoch).decrypt(token[HEAD_LENGTH:], [head, *about])
        except InvalidTag:
            return Lost(
                "it was altered, or is another client's; do all nodes have the same names of clients and realms?"
            )

    def _cipher(self, epoch: Epoch) -> AESSIV:
        cipher = self._ciphers.get(epoch)
        if cipher is None:
            self._ciphers = {old: kept for old, kept in self._ciphers.items() if old in self._keyring().epochs}
            cipher = self._ciphers[epoch] = AESSIV(bytes(derived_key(epoch, _PURPOSE, _SIV_KEY_LENGTH)))
        return cipher
