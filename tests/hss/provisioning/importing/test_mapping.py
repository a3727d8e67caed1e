"""Mappings: those that come with Akadia, and what is said of one that cannot be."""

from pathlib import Path

import pytest

from hss.provisioning.importing.mapping import MappingRefused, built_in, load
from tests.hss.provisioning.importing.conftest import mapping_of

LEAST = """
[columns.imsi]
position = 1
[columns.k]
position = 2
[columns.opc]
position = 3
"""


@pytest.mark.parametrize("name", sorted(built_in()))
def test_built_in_mappings_are_whole(name: str) -> None:
    found = load(name)
    assert found.config.description
    assert found.identity.startswith(f"{name} sha256:")


def test_there_are_pysim_and_vendors() -> None:
    assert {"pysim", "pysim-encrypted", "outfile", "outfile-aes", "outfile-3des", "plain"} <= built_in().keys()


def test_no_mapping_holds_a_key() -> None:
    for name in built_in():
        assert all(key.file is None and key.environment for key in load(name).config.transport_keys.values())


def test_identity_follows_the_text(tmp_path: Path) -> None:
    first = mapping_of(tmp_path, LEAST).identity
    assert mapping_of(tmp_path, LEAST).identity == first
    assert mapping_of(tmp_path, LEAST + "# more\n").identity != first


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x =", "is no TOML"),
        ("", "columns: is missing; write it"),
        (LEAST.replace("opc", "iccid"), "columns.iccid: nothing reads this key; akadia import mappings"),
        (LEAST.replace("[columns.opc]\nposition = 3", ""), "nothing gives OPc"),
        ('header = "marked"\n' + LEAST, "header_mark goes with"),
        ('format = "fixed"\n' + LEAST, "columns.imsi: a fixed column has start and length"),
        (LEAST.replace("position = 2", 'names = ["KI"]'), "columns.k: write position, or names when"),
        (LEAST.replace("position = 2", 'position = 2\ntransport_key = "a4"'), "there is no .transport_keys.a4."),
        (LEAST.replace("position = 1", 'position = 1\ntransport_key = "a4"'), "only k, op, opc are enciphered"),
        (LEAST.replace("position = 2", "position = 2\nnibble_swapped = true"), "only an IMSI has its nibbles"),
        (LEAST + '[constants]\napn = ["no apn"]', "constants.apn: 'no apn' is no APN"),
        (LEAST + '[transport_keys.a4]\nalgorithm = "rot13"\nenvironment = "A"', "transport_keys.a4.algorithm"),
        (LEAST + '[transport_keys.a4]\nalgorithm = "3des-ecb"', "write one of file and environment"),
        (
            LEAST + '[transport_keys.a4]\nalgorithm = "3des-ecb"\nkey = "00"',
            "a4.key: nothing reads this key",
        ),
    ],
)
def test_what_cannot_be_is_told_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(MappingRefused, match=message) as refused:
        mapping_of(tmp_path, text)
    assert "\n" not in str(refused.value).strip()


def test_unknown_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(MappingRefused, match=r"there is no mapping gemalto; write a file's path, or one of .*pysim"):
        load("gemalto")


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "binary"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(MappingRefused, match="cannot be read as text"):
        load(str(path))
