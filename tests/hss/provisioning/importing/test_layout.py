"""Lines taken apart: by names, by numbers, by place."""

from pathlib import Path

import pytest

from hss.provisioning.importing.causes import Cause, RowRefused
from hss.provisioning.importing.layout import Layout
from hss.provisioning.importing.mapping import MappingRefused, load
from hss.provisioning.importing.source import LINE_LENGTH_MAX
from tests.hss.provisioning.importing.conftest import K, mapping_of

FIXED = """
format = "fixed"
[columns.imsi]
start = 1
length = 15
[columns.k]
start = 16
length = 4
[columns.opc]
start = 21
length = 4
"""


def pysim(header: bytes) -> Layout:
    return Layout(load("pysim"), header)


def test_names_are_found_in_any_case_and_order() -> None:
    layout = pysim(b'\xef\xbb\xbf"iccid",opc,Ki,"imsi"\r\n')
    assert layout.columns(b'8988,aa,bb,"001"\r\n') == {"imsi": "001", "k": "bb", "opc": "aa"}


def test_columns_that_no_mapping_names_are_not_read() -> None:
    assert pysim(b"IMSI,ADM1,KI,OPC\n").columns(b"1,2,3,4\n") == {"imsi": "1", "k": "3", "opc": "4"}


def test_outfile_has_its_names_behind_the_mark() -> None:
    layout = Layout(load("outfile"), b"var_out:ICCID/IMSI/KI/OPC\n")
    assert layout.columns(b"8988 001  aa\tbb\n") == {"imsi": "001", "k": "aa", "opc": "bb"}


def test_columns_by_place(tmp_path: Path) -> None:
    layout = Layout(mapping_of(tmp_path, FIXED), None)
    assert layout.columns(b"001010000000001aaaa bbbb\n") == {"imsi": "001010000000001", "k": "aaaa", "opc": "bbbb"}


@pytest.mark.parametrize("line", [b"\n", b"  \r\n", b"* end of file\n"])
def test_empty_lines_and_comments_are_no_rows(line: bytes) -> None:
    assert Layout(load("outfile"), b"var_out:IMSI/KI/OPC\n").columns(line) is None


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"001,aa\n", "the line has 2 columns, and the mapping needs 3"),
        (b'001,"aa,bb\n', "a quotation mark has no partner"),
        (b"001,\xff,bb\n", "the line is not utf-8"),
        (b"0" * LINE_LENGTH_MAX, "the line is longer than"),
    ],
)
def test_broken_lines_are_refused(line: bytes, message: str) -> None:
    with pytest.raises(RowRefused, match=message) as refused:
        pysim(b"IMSI,KI,OPC\n").columns(line)
    assert refused.value.cause is Cause.FORM


def test_short_fixed_line_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RowRefused, match="the line has 20 characters, and the mapping needs 24"):
        Layout(mapping_of(tmp_path, FIXED), None).columns(b"001010000000001aaaa \n")


@pytest.mark.parametrize(
    ("header", "missing"), [(b"KI,OPC\n", "imsi"), (b"IMSI,OPC\n", "k"), (b"IMSI,KI\n", "opc"), (b"", "imsi")]
)
def test_header_without_a_column_is_refused(header: bytes, missing: str) -> None:
    with pytest.raises(MappingRefused, match=f"names no column for {missing}; correct its names"):
        pysim(header)


def test_row_in_the_headers_place_is_not_repeated() -> None:
    with pytest.raises(MappingRefused) as refused:
        pysim(f"001010000000001,{K},{K}\n".encode())
    assert K not in str(refused.value)
    assert "00101" not in str(refused.value)


@pytest.mark.parametrize(("header", "message"), [(b"\xffIMSI\n", "not utf-8"), (b'IMSI,"KI\n', "cannot be read")])
def test_unreadable_header_is_refused(header: bytes, message: str) -> None:
    with pytest.raises(MappingRefused, match=message):
        pysim(header)
