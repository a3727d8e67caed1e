"""The master key comes from where the configuration says, and a variable is not left behind."""

from pathlib import Path
from random import Random

import pytest

from hss.keys.master_key import Variable, open_master, parse_source, read_variable
from hss.keys.vault import MasterKeyRefused, write_master_key
from wire.secret import Secret

KEY = bytes(range(32))
FOLDER = Path("/etc/akadia")


@pytest.mark.parametrize(
    ("text", "source"),
    [("master.key", FOLDER / "master.key"), ("/run/k", Path("/run/k")), ("env:AKADIA_KEY", Variable("AKADIA_KEY"))],
)
def test_source_is_a_file_or_a_variable(text: str, source: object) -> None:
    assert parse_source(text, FOLDER) == source


@pytest.mark.parametrize("text", ["env:", "env:A B", "env:1"])
def test_variable_has_a_name(text: str) -> None:
    with pytest.raises(ValueError, match="names no environment variable; write env:NAME, or a file's path"):
        parse_source(text, FOLDER)


def test_file_and_variable_open_alike(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    write_master_key(path, Random(1).randbytes)
    by_file = open_master(path, Random(2).randbytes)
    environment = {"A": path.read_text(), "B": Random(1).randbytes(32).hex()}
    by_variables = [open_master(Variable(name), Random(3).randbytes, environment) for name in ("A", "B")]
    assert environment == {}
    octets = by_file.seal(b"secret", table="t", column="c", imsi="1")
    assert [one.open(octets, table="t", column="c", imsi="1") for one in by_variables] == [b"secret"] * 2
    assert {one.fingerprint for one in (by_file, *by_variables)} == {by_file.fingerprint}
    assert len(by_file.fingerprint) == 16


def test_variable_is_read_once() -> None:
    environment = {"A": KEY.hex()}
    found = read_variable(Variable("A"), environment)
    assert (found, type(found)) == (KEY, Secret)
    with pytest.raises(MasterKeyRefused, match="env:A: there is no such variable; set A, or name a file"):
        read_variable(Variable("A"), environment)


@pytest.mark.parametrize("text", ["", "zz", KEY[:31].hex()])
def test_variable_without_a_key_is_refused(text: str) -> None:
    with pytest.raises(MasterKeyRefused, match="env:A: holds no master key; it takes 32 octets") as caught:
        read_variable(Variable("A"), {"A": text})
    assert not text or text not in str(caught.value)
