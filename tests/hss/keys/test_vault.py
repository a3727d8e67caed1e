"""Keys at rest open where they were sealed and nowhere else."""

import base64
import errno
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hss.keys.vault import (
    KEY_VERSION,
    Altered,
    MasterKeyRefused,
    Misplaced,
    UnknownKeyVersion,
    Vault,
    VaultError,
    WrongMasterKey,
    open_vault,
    read_master_key,
    write_master_key,
)
from wire.secret import Secret

IMSI = "001010000000001"
K = Secret(bytes.fromhex("465b5ce8b199b49faa5f0a2ee238a6bc"))


def vault(key: bytes = bytes(32), version: int = KEY_VERSION) -> Vault:
    return Vault({version: Secret(key)}, random=Random(0).randbytes, current=version)


def sealed(value: bytes = K) -> bytes:
    return vault().seal(value, table="subscriber", column="k", imsi=IMSI)


def opened(octets: bytes, *, by: Vault | None = None, column: str = "k", imsi: str = IMSI, version: int = 1) -> Secret:
    return (by or vault()).open(octets, table="subscriber", column=column, imsi=imsi, version=version)


@given(value=st.binary(min_size=1, max_size=64), imsi=st.from_regex(r"[0-9]{6,15}", fullmatch=True), key=st.binary())
def test_vault_opens_what_it_sealed(value: bytes, imsi: str, key: bytes) -> None:
    one = vault(key.ljust(32, b"\0")[:32])
    octets = one.seal(value, table="subscriber", column="opc", imsi=imsi)
    assert one.open(octets, table="subscriber", column="opc", imsi=imsi, version=1) == value
    assert value not in octets or len(value) < 4


def test_opened_value_is_a_secret() -> None:
    assert repr(opened(sealed())) == "<secret of 16 octets>"


def test_vault_never_seals_alike_twice() -> None:
    one = vault()
    assert len({one.seal(K, table="subscriber", column="k", imsi=IMSI) for _ in range(100)}) == 100


@given(bit=st.integers(min_value=0, max_value=57 * 8 - 1))
def test_vault_refuses_every_flipped_bit(bit: int) -> None:
    octets = bytearray(sealed())
    assert len(octets) == 57
    octets[bit // 8] ^= 0x80 >> bit % 8
    with pytest.raises(Altered, match=r"subscriber\.k of 001010000000001: was changed after it was sealed"):
        opened(bytes(octets))


@pytest.mark.parametrize(("column", "imsi"), [("k", "001010000000002"), ("opc", IMSI)])
def test_vault_refuses_a_row_copied_onto_another(column: str, imsi: str) -> None:
    with pytest.raises(Misplaced, match="was sealed for another subscriber or column"):
        opened(sealed(), column=column, imsi=imsi)


def test_vault_refuses_under_another_master_key() -> None:
    with pytest.raises(WrongMasterKey, match=r"another master key; name the right file in hss\.master_key"):
        opened(sealed(), by=vault(b"\x01" * 32))


def test_vault_refuses_a_key_version_it_lacks() -> None:
    with pytest.raises(UnknownKeyVersion, match="key version 2, which the master key file lacks"):
        opened(sealed(), version=2)


def test_key_version_is_bound() -> None:
    both = Vault({1: Secret(bytes(32)), 2: Secret(bytes(32))}, random=Random(0).randbytes, current=2)
    with pytest.raises(Misplaced):
        opened(both.seal(K, table="subscriber", column="k", imsi=IMSI), by=both, version=1)


@given(octets=st.binary(max_size=80))
def test_vault_refuses_what_nobody_sealed(octets: bytes) -> None:
    with pytest.raises(VaultError) as caught:
        opened(octets)
    assert "\n" not in str(caught.value)


def test_vault_needs_whole_keys() -> None:
    with pytest.raises(MasterKeyRefused):
        vault(bytes(31))
    with pytest.raises(MasterKeyRefused):
        Vault({2: Secret(bytes(32))}, random=bytes)


def test_written_master_key_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    write_master_key(path, Random(5).randbytes)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_master_key(path) == Random(5).randbytes(32)
    octets = open_vault(path, Random(6).randbytes).seal(K, table="subscriber", column="k", imsi=IMSI)
    assert opened(octets, by=open_vault(path, Random(7).randbytes)) == K


def test_master_key_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    write_master_key(path, Random(5).randbytes)
    with pytest.raises(MasterKeyRefused, match="it is not replaced"):
        write_master_key(path, Random(6).randbytes)
    assert read_master_key(path) == Random(5).randbytes(32)


def test_disk_that_is_full_leaves_no_half_of_a_master_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "master.key"
    with monkeypatch.context() as patch:
        patch.setattr("hss.keys.vault.os.fsync", full)
        with pytest.raises(OSError, match="No space left"):
            write_master_key(path, Random(5).randbytes)
    write_master_key(path, Random(6).randbytes)
    assert read_master_key(path) == Random(6).randbytes(32)


@pytest.mark.parametrize("text", [bytes(range(32)).hex(), bytes(range(32)).hex().upper() + "\n"])
def test_master_key_may_be_hex(tmp_path: Path, text: str) -> None:
    assert read_master_key(key_file(tmp_path, text)) == bytes(range(32))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_master_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = key_file(tmp_path, bytes(32).hex())
    path.chmod(mode)
    with pytest.raises(MasterKeyRefused, match=f"chmod 600 {path}"):
        read_master_key(path)


@pytest.mark.parametrize(
    "text", ["", "zz" * 32, bytes(31).hex(), base64.b64encode(bytes(33)).decode(), "not base64!", "schlüssel"]
)
def test_file_without_a_key_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(MasterKeyRefused, match="holds no master key; it takes 32 octets as hex or base64") as caught:
        read_master_key(key_file(tmp_path, text))
    assert not text or text not in str(caught.value)


def test_missing_master_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(MasterKeyRefused, match="there is no master key"):
        read_master_key(tmp_path / "master.key")
    with pytest.raises(MasterKeyRefused, match="cannot be read"):
        read_master_key(tmp_path)


def key_file(folder: Path, text: str) -> Path:
    path = folder / "master.key"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path
