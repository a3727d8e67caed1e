"""`akadia ue` as it is typed; tests/stack attaches UEs."""

import json
import tomllib
from pathlib import Path

import pytest

from akadia.cli import DONE, FAILED, MISUSED, main
from ue_sim import profile


@pytest.mark.parametrize("command", ["attach", "storm"])
def test_help_teaches_by_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ue", command, "--help"]) == DONE
    assert f"akadia --config lab/akadia.toml ue {command}" in capsys.readouterr().out


def test_profiles_are_listed_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ue", "profiles"]) == DONE
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed] == list(profile.names())
    assert main(["ue", "profiles", "apple-att-us"]) == DONE
    assert tomllib.loads(capsys.readouterr().out)["ike_lifetime"] == 80_000
    assert main(["ue", "profiles", "--json"]) == DONE
    assert json.loads(capsys.readouterr().out)["no-privacy"]["temporary_identities"] is False


def test_profile_that_there_is_not_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ue", "profiles", "nokia"]) == FAILED
    assert "there is no UE profile 'nokia'; there are aka-prime-first" in capsys.readouterr().err


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
