"""A backup's chunks: whole, in order, and to the end, or refused with what is wrong."""

import io
from collections.abc import Callable
from random import Random

import pytest

from hss.keys.vault import Vault
from hss.provisioning.backups import container
from hss.provisioning.backups.container import BackupRefused, BackupWriter, read_backup
from hss.provisioning.backups.wrapping import MasterWrapper
from wire.secret import Secret

PARTS = [bytes([number]) * 100 for number in range(5)]


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "CHUNK", 100)


@pytest.fixture
def wrapper(vault: Vault) -> MasterWrapper:
    return MasterWrapper(vault)


def written(wrapper: MasterWrapper, seed: int = 3) -> bytes:
    file = io.BytesIO()
    writer = BackupWriter(file, wrapper, Random(seed).randbytes)
    for part in PARTS:
        writer.write(part)
    writer.finish()
    return file.getvalue()


def read(octets: bytes, wrapper: MasterWrapper) -> bytes:
    return b"".join(read_backup(io.BytesIO(octets), wrapper))


def split(octets: bytes) -> tuple[bytes, list[bytes]]:
    """The header, and each chunk with its length and flag."""
    at = 25 + 2 + int.from_bytes(octets[25:27], "big")
    header, chunks = octets[:at], []
    while at < len(octets):
        end = at + 5 + int.from_bytes(octets[at : at + 4], "big")
        chunks.append(octets[at:end])
        at = end
    return header, chunks


def test_what_was_written_is_read(wrapper: MasterWrapper) -> None:
    assert read(written(wrapper), wrapper) == b"".join(PARTS)


def test_nothing_of_it_is_in_the_clear(wrapper: MasterWrapper) -> None:
    octets = written(wrapper)
    assert not any(part[:16] in octets for part in PARTS)
    assert len(split(octets)[1]) == 6


def test_two_backups_of_the_same_share_no_octet_of_a_chunk(wrapper: MasterWrapper) -> None:
    assert split(written(wrapper, 3))[1][0][5:] != split(written(wrapper, 4))[1][0][5:]


def _altered(header: bytes, chunks: list[bytes]) -> bytes:
    return header + chunks[0] + chunks[1][:-1] + bytes([chunks[1][-1] ^ 1]) + b"".join(chunks[2:])


CHANGES: dict[str, tuple[Callable[[bytes, list[bytes]], bytes], str]] = {
    "altered": (_altered, "chunk 1 of the backup was altered"),
    "reordered": (
        lambda header, chunks: header + b"".join([chunks[1], chunks[0], *chunks[2:]]),
        "chunk 1 of the backup stands where chunk 0 should",
    ),
    "repeated": (
        lambda header, chunks: header + b"".join([chunks[0], chunks[0], *chunks[1:]]),
        "chunk 0 of the backup stands where chunk 1 should",
    ),
    "dropped": (
        lambda header, chunks: header + b"".join([chunks[0], *chunks[2:]]),
        "chunk 2 of the backup stands where chunk 1 should",
    ),
    "without its end": (lambda header, chunks: header + b"".join(chunks[:-1]), "ends too early"),
    "cut in a chunk": (lambda header, chunks: (header + b"".join(chunks))[:-3], "ends too early"),
    "cut in the header": (lambda header, _: header[:20], "ends too early"),
    "with a false end": (
        lambda header, chunks: header + chunks[0][:4] + b"\1" + chunks[0][5:],
        "chunk 0 of the backup was altered",
    ),
    "with a false flag": (lambda header, chunks: header + chunks[0][:4] + b"\2", "chunk 0 of the backup was altered"),
    "with a false length": (lambda header, _: header + bytes(5), "chunk 0 of the backup was altered"),
    "with more": (lambda header, chunks: header + b"".join(chunks) + b"x", "something follows the backup's end"),
    "of nothing": (lambda *_: b"", "is no backup of Akadia"),
    "of a database": (lambda *_: b"SQLite format 3\0" + bytes(100), "is no backup of Akadia"),
    "of another version": (lambda header, _: header[:8] + b"\2" + header[9:], "has another version"),
    "with another salt": (lambda header, _: header[:9] + bytes(16) + header[25:], "header was altered"),
    "with another wrapped key": (
        lambda header, chunks: header[:-1] + bytes([header[-1] ^ 1]) + b"".join(chunks),
        "header was altered",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_each_change_has_its_own_message(wrapper: MasterWrapper, change: str) -> None:
    make, message = CHANGES[change]
    with pytest.raises(BackupRefused, match=message):
        read(make(*split(written(wrapper))), wrapper)


def test_wrong_master_key_is_told(wrapper: MasterWrapper) -> None:
    other = MasterWrapper(Vault({1: Secret(bytes(32))}, random=Random(1).randbytes))
    with pytest.raises(BackupRefused, match=r"made under another master key; name that one in hss.master_key"):
        read(written(wrapper), other)


def test_chunk_of_another_backup_does_not_open(wrapper: MasterWrapper) -> None:
    header, _ = split(written(wrapper, 3))
    _, chunks = split(written(wrapper, 4))
    with pytest.raises(BackupRefused, match="chunk 0 of the backup was altered"):
        read(header + b"".join(chunks), wrapper)
