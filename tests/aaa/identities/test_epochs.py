"""Rotation, retirement and revocation, as data."""

from dataclasses import replace

import pytest

from aaa.identities.epochs import SKEW, Epoch, Keyring, KeyringRefused
from tests.aaa.eap.dialogue import IMSI
from tests.aaa.identities.keyrings import FIRST, KEYRING, NOW, SECOND
from wire.identity import Imsi
from wire.secret import Secret

KEY = Secret(bytes(32))


def test_newest_epoch_that_has_begun_seals() -> None:
    assert KEYRING.sealing(NOW) == SECOND
    assert KEYRING.sealing(SECOND.not_before) == SECOND
    assert KEYRING.sealing(SECOND.not_before - 1) == FIRST
    assert KEYRING.sealing(FIRST.not_before - 1) is None
    assert Keyring().sealing(NOW) is None


def test_epoch_that_was_to_begin_later_gives_way_to_a_newer_one_that_began_before() -> None:
    """A rotation in a hurry, while an earlier one waits: its key is never taken back for an older one."""
    hurried = KEYRING.rotated(KEY, NOW, 3600).rotated(Secret(bytes(31) + b"1"), NOW, 0)
    assert hurried.sealing(NOW) == hurried.epochs[3]
    assert hurried.sealing(NOW + 3600) == hurried.epochs[3]
    assert hurried.retiring(3, NOW + 3600).sealing(NOW + 3600) == hurried.epochs[3]


def test_every_epoch_that_is_not_retired_opens_also_before_it_begins() -> None:
    future = KEYRING.rotated(KEY, NOW, 60)
    assert (future.opening(1), future.opening(2), future.opening(4)) == (FIRST, SECOND, None)
    assert future.opening(3) == Epoch(3, NOW + 60, KEY)
    assert KEYRING.retiring(1, NOW).opening(1) is None


def test_first_epoch_seals_at_once() -> None:
    assert Keyring().rotated(KEY, NOW, 60).sealing(NOW) == Epoch(1, NOW, KEY)


def test_rotation_counts_on_after_retired_epochs() -> None:
    gone = KEYRING.retiring(1, NOW)
    assert [epoch.number for epoch in gone.rotated(KEY, NOW, 0).epochs] == [1, 2, 3]


def test_labels_that_open_are_distinct() -> None:
    keyring = Keyring()
    for _ in range(16):
        keyring = keyring.rotated(KEY, NOW, 0)
    with pytest.raises(KeyringRefused, match="epoch 1 still opens"):
        keyring.rotated(KEY, NOW, 0)
    keyring = keyring.retiring(1, NOW).rotated(KEY, NOW, 0)
    assert keyring.opening(17 % 16, 16) == Epoch(17, NOW, KEY)


def test_retired_epoch_has_no_key_left() -> None:
    gone = KEYRING.retiring(1, NOW).epochs[0]
    assert (gone.retired, gone.key, gone.number) == (True, b"", 1)


@pytest.mark.parametrize(("number", "why"), [(2, "epoch 2 seals"), (3, "epoch 3 is not there")])
def test_epoch_that_is_needed_or_unknown_is_not_retired(number: int, why: str) -> None:
    with pytest.raises(KeyringRefused, match=why):
        KEYRING.retiring(number, NOW)
    with pytest.raises(KeyringRefused, match="epoch 1 is retired already"):
        KEYRING.retiring(1, NOW).retiring(1, NOW)


def test_revocation_voids_what_was_issued_until_then() -> None:
    revoked = KEYRING.revoking(IMSI, NOW)
    # also what a node gave before whose clock is ahead; what others give in that minute costs a full authentication
    whens = (NOW - 1, NOW, NOW + SKEW, NOW + SKEW + 1)
    assert [revoked.is_revoked(IMSI, issued) for issued in whens] == [True, True, True, False]
    assert not revoked.is_revoked(Imsi("001010000000009"), NOW)
    assert revoked.revoking(IMSI, NOW + 5).is_revoked(IMSI, NOW + 5)


def test_keys_are_not_shown() -> None:
    assert bytes(FIRST.key).hex() not in repr(replace(KEYRING, revoked={IMSI: NOW}))
