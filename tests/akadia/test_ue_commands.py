"""`akadia ue` as it is typed; tests/stack attaches UEs."""

from pathlib import Path

import pytest

from akadia.cli import DONE, FAILED, MISUSED, main


@pytest.mark.parametrize("command", ["attach", "storm"])
def test_help_teaches_by_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ue", command, "--help"]) == DONE
    assert f"akadia --config lab/akadia.toml ue {command}" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["--count", "0"], ["--rate", "0"], ["--hold", "-1"]])
def test_impossible_numbers_are_misuse(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ue", "storm", *words]) == MISUSED
    assert "error: " in capsys.readouterr().err


def test_storm_without_a_store_names_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "akadia.toml"
    config.write_text('[network]\nmcc = "001"\nmnc = "01"\nrealm = "example"\napn = "internet"\n')
    assert main(["--config", str(config), "ue", "storm"]) == FAILED
    assert "hss" in capsys.readouterr().err


def test_file_of_cards_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "akadia.toml"
    config.write_text("")
    assert main(["--config", str(config), "ue", "storm", "--cards", str(tmp_path / "none.csv")]) == FAILED
    assert "none.csv: cannot be read" in capsys.readouterr().err
