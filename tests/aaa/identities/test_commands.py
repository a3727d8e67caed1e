"""What the operator sees of the keyring."""

from pathlib import Path

import pytest

from aaa.identities.commands import Said, retire, revoke, rotate, status
from aaa.identities.epochs import KeyringRefused
from aaa.identities.keyring_file import KeyringPath
from tests.aaa.eap.dialogue import IMSI
from tests.aaa.identities.keyrings import NOW

WHEN = "2027-01-15T08:00:00Z"


def test_epochs_come_seal_and_go(tmp_path: Path) -> None:
    door = KeyringPath(tmp_path / "identity.keys")
    assert rotate(door, now=NOW) == Said(f"epoch 1 seals from {WHEN} on", {"epoch": 1, "not_before": WHEN})
    assert rotate(door, now=NOW, delay=60).text == "epoch 2 seals from 2027-01-15T08:01:00Z on"
    assert status(door, now=NOW).text.splitlines() == [
        f"epoch 1: seals and opens, since {WHEN}",
        "epoch 2: opens; seals from 2027-01-15T08:01:00Z on",
    ]
    with pytest.raises(KeyringRefused):
        retire(door, 1, now=NOW)
    gone = retire(door, 1, now=NOW + 60)
    assert ("its key is gone" in gone.text, gone.fields) == (True, {"epoch": 1, "state": "retired"})
    rotate(door, now=NOW + 70, delay=0)
    revoked = revoke(door, IMSI, now=NOW)
    assert (
        revoked.text
        == f"{IMSI}: what was given out until {WHEN} is void, and in the minute after it, as clocks may differ"
    )
    assert revoked.fields == {"imsi": str(IMSI), "not_after": WHEN}
    shown = status(door, now=NOW + 80)
    assert shown.text.splitlines() == [
        "epoch 1: retired",
        "epoch 2: opens",
        "epoch 3: seals and opens, since 2027-01-15T08:01:10Z",
        f"revoked {IMSI}: up to {WHEN}",
    ]
    assert shown.fields == {
        "epochs": [
            {"number": 1, "state": "retired", "not_before": WHEN},
            {"number": 2, "state": "opens", "not_before": "2027-01-15T08:01:00Z"},
            {"number": 3, "state": "seals", "not_before": "2027-01-15T08:01:10Z"},
        ],
        "revoked": [{"imsi": str(IMSI), "not_after": WHEN}],
    }
    assert not any(epoch.key.hex() in str(status(door)) for epoch in door.read().epochs if epoch.key)


def test_epochs_have_keys_of_their_own(tmp_path: Path) -> None:
    door = KeyringPath(tmp_path / "identity.keys")
    for _ in range(2):
        rotate(door)
    one, other = door.read().epochs
    assert (len(one.key), len(other.key), one.key == other.key) == (32, 32, False)


def test_empty_keyring_says_so(tmp_path: Path) -> None:
    (tmp_path / "identity.keys").touch(0o600)
    assert status(KeyringPath(tmp_path / "identity.keys")).text == "no epoch: no identity is sealed"
