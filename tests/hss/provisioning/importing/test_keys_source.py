"""Keys that open a file come from a file of mode 0600 or the environment."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from hss.provisioning.importing.keys_source import KeyMissing, KeySource

KEY = "2b7e151628aed2a6abf7158809cf4f3c"


def key_file(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "a4.key"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_key_of_a_file_beside_the_mapping(tmp_path: Path) -> None:
    key_file(tmp_path, f"{KEY}\n")
    source = KeySource.model_validate({"file": "a4.key"}, context={"folder": tmp_path})
    found = source.read({})
    assert found == bytes.fromhex(KEY)
    assert KEY not in repr(found)


def test_key_of_the_environment() -> None:
    assert KeySource(environment="A4").read({"A4": KEY}).hex() == KEY


def test_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = key_file(tmp_path, KEY, 0o640)
    with pytest.raises(KeyMissing, match=f"others can read the key; close it with: chmod 600 {path}"):
        KeySource(file=path).read({})


@pytest.mark.parametrize(("text", "message"), [("", "holds no key"), (f"{KEY}xy", "is not hex")])
def test_what_is_no_key_is_not_repeated(text: str, message: str) -> None:
    with pytest.raises(KeyMissing, match=message) as refused:
        KeySource(environment="A4").read({"A4": text})
    assert KEY not in str(refused.value)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyMissing, match="nothing: cannot be read: No such file"):
        KeySource(file=tmp_path / "nothing").read({})


@pytest.mark.parametrize("places", [{}, {"file": "a", "environment": "B"}])
def test_key_is_in_one_place(places: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="write one of file and environment"):
        KeySource.model_validate(places)
