"""The card in a file: what it refuses, and that its memory outlives the process."""

import json
from pathlib import Path

import pytest

from hss.auc import quintuplet
from runtime.config import ConfigError
from ue_sim.card import StoredUsim, read_card
from ue_sim.usim import Answer, OutOfSync
from wire.aka.functions import AkaFunctions
from wire.aka.tuak import Tuak
from wire.aka.xor import TestAlgorithm
from wire.identity import EapMethod, Imsi
from wire.secret import Secret

SET_1 = json.loads((Path(__file__).parents[1] / "vectors" / "milenage.json").read_text())["milenage_35_208"][0]
"""TS 35.208 §4.3.1, test set 1."""


def card(folder: Path, text: str | None = None, mode: int = 0o600) -> Path:
    path = folder / "usim.toml"
    path.write_text(text or f'imsi = "001010123456789"\nk = "{SET_1["k"]}"\nopc = "{SET_1["opc"]}"\n')
    path.chmod(mode)
    return path


def remember(path: Path, seq: int) -> None:
    path.with_suffix(".seq").write_text(json.dumps([seq] * 32))


def challenge() -> tuple[bytes, bytes]:
    return bytes.fromhex(SET_1["rand"]), bytes.fromhex(SET_1["derived"]["autn"])


def test_card_gives_its_keys(tmp_path: Path) -> None:
    keys = read_card(card(tmp_path))
    assert keys.imsi == Imsi("001010123456789")
    assert keys.k.hex() == SET_1["k"]
    assert SET_1["k"] not in repr(keys)


def test_card_answers_the_published_challenge_and_remembers_it(tmp_path: Path) -> None:
    path = card(tmp_path)
    sqn = int(SET_1["sqn"], 16)
    remember(path, (sqn >> 5) - 1)
    answer = StoredUsim(path).authenticate(*challenge())
    assert isinstance(answer, Answer)
    assert answer.res.hex() == SET_1["f2"]
    assert isinstance(StoredUsim(path).authenticate(*challenge()), OutOfSync)
    assert path.with_suffix(".seq").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("words", "functions"),
    [
        (
            f'algorithm = "tuak"\nk = "{"ab" * 32}"\nopc = "{"cd" * 32}"',
            Tuak(Secret(b"\xab" * 32), Secret(b"\xcd" * 32)),
        ),
        (f'algorithm = "test"\nk = "{"ab" * 16}"', TestAlgorithm(Secret(b"\xab" * 16))),
    ],
)
def test_card_has_the_algorithm_that_it_names(tmp_path: Path, words: str, functions: AkaFunctions) -> None:
    usim = StoredUsim(card(tmp_path, f'imsi = "001010123456789"\n{words}\n'))
    vector = quintuplet(functions, 32, bytes(16), 0x8000, EapMethod.AKA)
    answer = usim.authenticate(vector.rand, vector.autn)
    assert answer == Answer(vector.xres, vector.ck, vector.ik)


def test_card_open_to_others_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="chmod 600"):
        read_card(card(tmp_path, mode=0o644))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("imsi = ", "is not TOML"),
        ('k = "00"', "imsi is missing"),
        ('imsi = "12345678"\nk = "00"\nopc = "00"', "k is missing or not 32"),
        (f'imsi = "12345678"\nk = "{"0" * 32}"', "opc is missing or not 32"),
        (f'imsi = "12345678"\nalgorithm = "tuak"\nk = "{"0" * 48}"', "k is missing or not 32 or 64"),
        (f'imsi = "12345678"\nalgorithm = "tuak"\nk = "{"0" * 64}"\nopc = "{"0" * 32}"', "opc is missing or not 64"),
        ('imsi = "12345678"\nalgorithm = "comp128"', 'write "milenage", "tuak", "test", or leave it out'),
    ],
)
def test_card_says_what_it_lacks(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        read_card(card(tmp_path, text))


def test_missing_card_says_where_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\[ue\] usim"):
        read_card(tmp_path / "none.toml")


@pytest.mark.parametrize("memory", ["{", "[1, 2]", "7", '["x"]', f"[{', '.join(['-1'] * 32)}]"])
def test_broken_memory_says_what_to_do(tmp_path: Path, memory: str) -> None:
    path = card(tmp_path)
    path.with_suffix(".seq").write_text(memory)
    with pytest.raises(ConfigError, match="remove it"):
        StoredUsim(path)
