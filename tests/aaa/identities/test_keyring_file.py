"""The file of the keyring: read, written whole, read anew, refused where others can read it."""

import os
import resource
from itertools import count
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from aaa.identities import keyring_file
from aaa.identities.epochs import Keyring, KeyringRefused
from aaa.identities.keyring_file import (
    LOOK_EVERY,
    KeyringFile,
    KeyringPath,
    change_keyring,
    format_keyring,
    parse_keyring,
    read_keyring,
)
from runtime.config import ConfigError
from tests.aaa.eap.dialogue import IMSI
from tests.aaa.identities.keyrings import FIRST, KEYRING, NOW
from wire.secret import Secret

FULL = KEYRING.rotated(Secret(bytes(32)), NOW, 60).retiring(1, NOW).revoking(IMSI, NOW)
KEY = bytes(FIRST.key).hex()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "identity.keys"
    change_keyring(file, lambda _: KEYRING)
    return file


def test_keyring_is_written_and_read_again(path: Path) -> None:
    assert parse_keyring(format_keyring(FULL)) == FULL
    assert change_keyring(path, lambda before: before.revoking(IMSI, 7)) == KEYRING.revoking(IMSI, 7)
    assert read_keyring(path).revoked == {IMSI: 7}
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_missing_file_is_made_by_the_first_change(tmp_path: Path) -> None:
    change_keyring(tmp_path / "new.keys", lambda before: before.rotated(Secret(bytes(32)), NOW, 0))
    assert len(read_keyring(tmp_path / "new.keys").epochs) == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("epoch = 3", "an .*epoch.* has number"),
        ("[[epoch]]\nnumber = 1\n", "has number, not_before and key"),
        (f'[[epoch]]\nnumber = "1"\nnot_before = 0\nkey = "{KEY}"\n', "has number, not_before and key"),
        ('[[epoch]]\nnumber = 1\nnot_before = 0\nkey = "xyz"\n', "the key of epoch 1 is not hexadecimal"),
        (f'[[epoch]]\nnumber = 1\nnot_before = 0\nkey = "{KEY[2:]}"\n', "epoch 1 needs a key of 32 octets"),
        (f'[[epoch]]\nnumber = 1\nnot_before = 0\nretired = true\nkey = "{KEY}"\n', "epoch 1 needs a key"),
        (f'[[epoch]]\nnumber = 0\nnot_before = 0\nkey = "{KEY}"\n', "numbered from 1 on"),
        (f'[[epoch]]\nnumber = 1\nnot_before = 0\nkey = "{KEY}"\n' * 2, "each number once"),
        ('[[revoked]]\nimsi = "12"\nnot_after = 0\n', "an IMSI has 6 to 15 digits"),
        ("key = ", "it is no TOML"),
    ],
)
def test_file_that_is_no_keyring_is_refused_without_its_keys(path: Path, text: str, why: str) -> None:
    path.write_text(text)
    with pytest.raises(ConfigError, match=why) as refusal:
        read_keyring(path)
    assert KEY[2:12] not in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_file_that_others_can_read_or_that_is_missing_is_refused(path: Path) -> None:
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        read_keyring(path)
    with pytest.raises(ConfigError, match="akadia aaa identity-keys rotate makes it"):
        read_keyring(path.with_name("none.keys"))
    path.chmod(0o600)
    path.write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="it is no UTF-8"):
        read_keyring(path)


def test_change_that_is_refused_changes_nothing(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(KeyringRefused):
        change_keyring(path, lambda keyring: keyring.retiring(9, NOW))
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_change_that_the_disk_has_no_room_for_changes_nothing(path: Path) -> None:
    before, (_, hard) = path.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    # as on a disk that is full: the first octets are taken, the others are not
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) - 8, hard))
    try:
        with pytest.raises(OSError, match="large"):
            change_keyring(path, lambda keyring: keyring)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_two_do_not_change_it_at_once(path: Path) -> None:
    path.with_name("identity.keys.new").touch()
    with pytest.raises(ConfigError, match="another command changes the keys"):
        change_keyring(path, lambda keyring: keyring)
    assert path.with_name("identity.keys.new").exists()


def test_change_that_is_done_leaves_alone_who_changes_it_next(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draft, close = path.with_name("identity.keys.new"), os.close

    def next_one(descriptor: int) -> None:
        close(descriptor)
        if parse_keyring(path.read_text()) == FULL:
            draft.touch()

    with monkeypatch.context() as patched:
        patched.setattr(os, "close", next_one)
        change_keyring(path, lambda _: FULL)
    assert draft.exists()


def test_running_server_sees_a_change(path: Path) -> None:
    now = [0.0]
    keyring = KeyringFile(path, lambda: now[0])
    assert keyring() == KEYRING
    change_keyring(path, lambda before: before.revoking(IMSI, NOW))
    assert keyring() == KEYRING
    now[0] = LOOK_EVERY
    with capture_logs() as lines:
        assert keyring().is_revoked(IMSI, NOW)
        assert keyring() == KEYRING.revoking(IMSI, NOW)
    assert [line["event"] for line in lines] == ["identity keys read again"]


def test_server_sees_a_change_that_was_made_while_it_read_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def overtaken(file: Path) -> Keyring:
        before = read_keyring(file)
        file.write_text(format_keyring(before.revoking(IMSI, NOW)))
        return before

    with monkeypatch.context() as patched:
        patched.setattr(keyring_file, "read_keyring", overtaken)
        keyring = KeyringFile(path, count(0, LOOK_EVERY).__next__)
    assert keyring().is_revoked(IMSI, NOW)


def test_running_server_keeps_what_it_had_when_the_file_breaks(path: Path) -> None:
    keyring = KeyringFile(path, count(0, LOOK_EVERY).__next__)
    path.write_text("broken")
    os.utime(path, ns=(1, 1))
    with capture_logs() as lines:
        assert keyring() == KEYRING
        path.unlink()
        assert keyring() == KEYRING
        assert keyring() == KEYRING
    assert [line["log_level"] for line in lines] == ["error", "error"]
    change_keyring(path, lambda _: Keyring())
    assert keyring() == Keyring()


def test_command_reads_and_changes_the_file(tmp_path: Path) -> None:
    door = KeyringPath(tmp_path / "identity.keys")
    assert door.change(lambda _: KEYRING) == door.read() == KEYRING
