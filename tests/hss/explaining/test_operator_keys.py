"""OP and TOP from files that nobody else may read."""

from pathlib import Path

import pytest

from hss.explaining.operator_keys import read_operator_keys
from runtime.config import ConfigError
from tests.hss.explaining.cards import OP


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_op_and_top_are_read(tmp_path: Path) -> None:
    op, top = write(tmp_path / "op", f"{OP.hex()}\n"), write(tmp_path / "top", "00" * 32)
    assert read_operator_keys((op, top)) == (OP, bytes(32))


@pytest.mark.parametrize("text", ["", "cdc2", OP.hex() + "x", "zz" * 16])
def test_anything_else_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    path = write(tmp_path / "op", text)
    with pytest.raises(ConfigError, match="hexadecimal digits") as refused:
        read_operator_keys((path,))
    assert not text or text not in str(refused.value)


def test_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "op", OP.hex(), 0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        read_operator_keys((path,))
