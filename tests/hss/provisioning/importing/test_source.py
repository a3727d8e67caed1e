"""The file: its digest, its head, its chunks."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hss.provisioning.importing.mapping import MappingRefused, load
from hss.provisioning.importing.source import LINE_LENGTH_MAX, Source, SourceRefused

OUTFILE = "****\n*HEADER DESCRIPTION\nCustomer: X\n\nvar_out:IMSI/KI/OPC\n1 2 3\n"


MakeSource = Callable[..., Source]


def test_digest_is_that_of_the_whole_file(source_of: MakeSource) -> None:
    octets = os.urandom(3 << 20)
    assert source_of(octets).digest() == hashlib.sha256(octets).digest()


def test_chunks_say_where_the_next_begins(source_of: MakeSource) -> None:
    source = source_of(b"a\nbb\n\nccc\nd")
    chunks = list(source.chunks(0, 0, 2))
    assert [chunk.lines for chunk in chunks] == [((1, b"a\n"), (2, b"bb\n")), ((3, b"\n"), (4, b"ccc\n")), ((5, b"d"),)]
    assert [(chunk.position, chunk.line) for chunk in chunks] == [(5, 2), (10, 4), (11, 5)]
    assert list(source.chunks(chunks[0].position, chunks[0].line, 2)) == chunks[1:]


def test_endless_line_comes_in_pieces(source_of: MakeSource) -> None:
    chunks = list(source_of(b"x" * (LINE_LENGTH_MAX + 1)).chunks(0, 0, 5))
    assert [len(line) for chunk in chunks for _, line in chunk.lines] == [LINE_LENGTH_MAX, 1]


def test_header_of_an_output_file_follows_its_mark(source_of: MakeSource) -> None:
    source = source_of(OUTFILE.encode())
    assert source.head(load("outfile")) == (b"var_out:IMSI/KI/OPC\n", OUTFILE.index("1 2 3"), 5)


def test_header_of_a_csv_is_its_first_line(source_of: MakeSource) -> None:
    assert source_of(b"\nIMSI,KI,OPC\nx\n").head(load("pysim")) == (b"IMSI,KI,OPC\n", 13, 2)


def test_file_without_a_header_begins_at_once(source_of: MakeSource) -> None:
    assert source_of(b"1 2 3\n").head(load("plain")) == (None, 0, 0)


def test_missing_mark_is_named(source_of: MakeSource) -> None:
    with pytest.raises(MappingRefused, match="has no line beginning with var_out:"):
        source_of(b"IMSI,KI\n").head(load("outfile"))


def test_change_while_it_is_read_is_noticed(source_of: MakeSource) -> None:
    source = source_of(b"a\n")
    source.require_unchanged()
    source.path.write_bytes(b"a\nb\n")
    with pytest.raises(SourceRefused, match="has changed while it was read"):
        source.require_unchanged()


def test_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceRefused, match="nothing: cannot be read: No such file"):
        Source.open(tmp_path / "nothing")


def test_pipe_is_refused() -> None:
    with pytest.raises(SourceRefused, match="is no file; store what comes through a pipe first"):
        Source.open(Path("/dev/null"))
