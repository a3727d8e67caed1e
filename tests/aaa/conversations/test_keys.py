"""Keys of conversations: by epochs, bound to what is said about them, and no key of anything else."""

from dataclasses import replace
from random import Random

import pytest

from aaa.conversations.keys import OVERHEAD, ConversationKeys
from aaa.identities.epochs import Epoch, Keyring
from aaa.identities.sealing import unseal
from aaa.sessions import Lost
from tests.aaa.identities.keyrings import FIRST, KEYRING, NOW, SECOND

PLAIN = bytes(range(50))
ABOUT = [b"radius/ap", b"realm"]
ALTERED = "it was altered, or is another client's; do all nodes have the same names of clients and realms?"


class Ring:
    """A keyring that can be changed under its user."""

    def __init__(self, keyring: Keyring = KEYRING, now: float = NOW) -> None:
        self.keyring, self.now = keyring, now
        self.keys = ConversationKeys(lambda: self.keyring, lambda: self.now)

    def seal(self) -> bytes:
        sealed = self.keys.seal(1, PLAIN, ABOUT)
        assert sealed is not None
        return sealed


def test_any_node_with_the_same_epochs_opens() -> None:
    sealed = Ring().seal()
    assert len(sealed) == len(PLAIN) + OVERHEAD
    assert Ring().keys.open(1, sealed, ABOUT) == PLAIN


def test_sealing_epoch_is_the_one_that_has_begun_and_older_ones_open() -> None:
    old, ring = Ring(now=NOW - 500), Ring()
    sealed = old.seal()
    assert (sealed[1], ring.seal()[1]) == (FIRST.number, SECOND.number)
    assert ring.keys.open(1, sealed, ABOUT) == PLAIN
    assert old.keys.open(1, ring.seal(), ABOUT) == PLAIN


def test_retired_epoch_opens_nothing_even_where_it_was_used() -> None:
    ring = Ring(now=NOW - 500)
    sealed = ring.seal()
    ring.keyring = KEYRING.retiring(FIRST.number, NOW)
    found = ring.keys.open(1, sealed, ABOUT)
    assert found == Lost("no key of epoch 1 is there; do all nodes have the same identity keys?")


def test_nothing_is_sealed_before_any_epoch_has_begun() -> None:
    assert Ring(Keyring()).keys.seal(1, PLAIN, ABOUT) is None
    assert Ring(now=NOW - 5000).keys.seal(1, PLAIN, ABOUT) is None


@pytest.mark.parametrize("about", [[b"radius/other", b"realm"], [b"radius/ap", b"other"], [b"radius/ap"], []])
def test_what_is_said_about_it_is_bound(about: list[bytes]) -> None:
    ring = Ring()
    assert ring.keys.open(1, ring.seal(), about) == Lost(ALTERED)


def test_every_altered_bit_is_noticed() -> None:
    ring = Ring()
    sealed = ring.seal()
    for at in range(len(sealed) * 8):
        altered = bytearray(sealed)
        altered[at // 8] ^= 1 << at % 8
        assert isinstance(ring.keys.open(1, bytes(altered), ABOUT), Lost)


@pytest.mark.parametrize("token", [b"", b"\1", b"\1\2", bytes(18), b"\2\2" + bytes(60)])
def test_what_is_no_token_says_so(token: bytes) -> None:
    assert Ring().keys.open(1, token, ABOUT) == Lost("its format is none that is sealed here")


def test_key_is_none_of_identities() -> None:
    sealed = Ring().seal()
    as_identity = "2" + sealed[1:].hex()
    assert unseal(KEYRING, as_identity) is None


def test_process_without_a_keyring_opens_only_its_own() -> None:
    ours, other = (ConversationKeys.of_process(Random(seed).randbytes, lambda: NOW) for seed in (1, 2))
    sealed = ours.seal(1, PLAIN, ABOUT)
    assert sealed is not None
    assert ours.open(1, sealed, ABOUT) == PLAIN
    assert isinstance(other.open(1, sealed, ABOUT), Lost)


def test_same_number_with_another_key_is_another_epoch() -> None:
    ring = Ring()
    sealed = ring.seal()
    ring.keyring = Keyring((FIRST, replace(SECOND, key=FIRST.key)))
    assert isinstance(ring.keys.open(1, sealed, ABOUT), Lost)
    assert Epoch(2, 0, FIRST.key) not in KEYRING.epochs
