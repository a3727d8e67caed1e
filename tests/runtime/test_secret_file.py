"""A secret file: read by its owner alone, or refused in one line."""

from pathlib import Path

import pytest

from runtime.config import ConfigError
from runtime.secret_file import read_secret
from wire.secret import Secret


def written(folder: Path, octets: bytes, mode: int = 0o600) -> Path:
    path = folder / "radius.secret"
    path.write_bytes(octets)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("octets", [b"testing123", b"testing123\n", b"testing123\r\n"])
def test_reader_takes_the_line_without_its_end(tmp_path: Path, octets: bytes) -> None:
    secret = read_secret(written(tmp_path, octets))
    assert secret == b"testing123"
    assert isinstance(secret, Secret)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o601])
def test_reader_refuses_a_file_that_others_can_open(tmp_path: Path, mode: int) -> None:
    with pytest.raises(ConfigError, match=r"others can read this secret .*chmod 600"):
        read_secret(written(tmp_path, b"testing123", mode))


@pytest.mark.parametrize("octets", [b"", b"\n", bytes(4097)])
def test_reader_refuses_a_secret_of_no_or_absurd_length(tmp_path: Path, octets: bytes) -> None:
    with pytest.raises(ConfigError, match="1 to 4096 octets"):
        read_secret(written(tmp_path, octets))


def test_reader_says_which_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"radius\.secret: cannot be read: No such file"):
        read_secret(tmp_path / "radius.secret")


def test_complaint_never_shows_the_secret(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read_secret(written(tmp_path, b"testing123", 0o644))
    assert "testing123" not in str(caught.value)
