"""`akadia load` as it is typed: what it teaches and refuses; tests/stack runs it."""

from pathlib import Path

import pytest

from akadia.cli import DONE, FAILED, MISUSED, main
from runtime.secret_file import read_secret

K, OPC = "465b5ce8b199b49faa5f0a2ee238a6bc", "cd63cb71954a9f4e48a5994e37a02baf"


@pytest.fixture
def secret(tmp_path: Path) -> str:
    path = tmp_path / "secret"
    path.write_text("testing123\n")
    path.chmod(0o600)
    assert read_secret(path) == b"testing123"
    return str(path)


def test_help_teaches_by_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["load", "radius", "--help"]) == DONE
    shown = capsys.readouterr().out
    assert "load radius --accounting --interims 2" in shown
    for words in ("load radius --count 1000", "--at-once INT", "--fast INT", "--cpu-of INT", "--limit FLOAT"):
        assert words in shown
    assert "--interims INT" in shown
    assert "--accounting-server" in shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--server", "nowhere"], "--server: 'nowhere' is not an address"),
        (["--server", "127.0.0.1:9", "--subscribers", "/none"], "/none: cannot be read"),
        (["--server", "127.0.0.1:9", "--first-imsi", "001010000000001"], "--first-imsi goes with --keys"),
        (["--server", "127.0.0.1:9", "--first-imsi", "x", "--keys", "/none"], "an IMSI has 6 to 15 digits"),
        (["--server", "127.0.0.1:9", "--first-imsi", "001010000000001", "--keys", "/none"], "/none: cannot be read"),
        (["--server", "127.0.0.1:9"], "no configuration file is named"),
        (["--server", "127.0.0.1:9", "--interims", "2"], "--interims and --accounting-server go with --accounting"),
        (["--accounting", "--accounting-server", "nowhere"], "--accounting-server: 'nowhere' is not an address"),
    ],
)
def test_refusals_are_one_line(
    words: list[str], said: str, secret: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AKADIA_CONFIG", raising=False)
    assert main(["load", "radius", "--realm", "realm", "--secret-file", secret, *words]) == FAILED
    complaint = capsys.readouterr().err
    assert complaint.startswith("error: ")
    assert complaint.count("\n") == 1
    assert said in complaint


def test_range_needs_opc(tmp_path: Path, secret: str, capsys: pytest.CaptureFixture[str]) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f"k={K}\nop={OPC}\n")
    words = ["--server", "127.0.0.1:9", "--realm", "realm", "--first-imsi", "001010000000001", "--keys", str(keys)]
    assert main(["load", "radius", "--secret-file", secret, *words]) == FAILED
    assert "opc is missing" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["--at-once", "0"], ["--rate", "0"], ["--count", "-1"], ["--method", "sim"], ["--interims", "-1"]]
)
def test_impossible_numbers_are_misuse(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["load", "radius", *words]) == MISUSED
    assert capsys.readouterr().err.startswith("error: ")
