"""`akadia aaa identity-keys` on a configuration of its own."""

import json
from pathlib import Path

import pytest

from akadia.cli import DONE, FAILED, main


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "akadia.toml"
    path.write_text('[aaa.identities]\nkeys = "identity.keys"\n')
    return str(path)


def run(config: str, *words: str) -> int:
    return main(["--config", config, "aaa", "identity-keys", *words])


def test_keys_are_made_rotated_retired_and_shown_without_a_key(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(config, "rotate") == DONE
    assert run(config, "rotate", "--delay", "0") == DONE
    assert run(config, "retire", "1") == DONE
    assert run(config, "revoke", "001010000000001") == DONE
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in said] == ["epoch", "epoch", "epoch", "001010000000001:"]
    assert run(config, "status") == DONE
    shown = capsys.readouterr().out
    assert "epoch 1: retired" in shown
    assert "epoch 2: seals and opens" in shown
    assert "revoked 001010000000001" in shown
    keys = Path(config).with_name("identity.keys").read_text()
    assert keys.split('key = "')[1][:64] not in shown


@pytest.mark.parametrize("keys", ['keys = "identity.keys"', 'transport_key = "transport.key"'])
def test_programs_read_json_wherever_the_keys_are(
    tmp_path: Path, keys: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "akadia.toml"
    path.write_text(f'[aaa]\norigin_host="a"\norigin_realm="b"\ndatabase="own.sqlite"\n[aaa.identities]\n{keys}\n')
    assert main(["--config", str(path), "aaa", "upgrade"]) == DONE
    capsys.readouterr()
    found = []
    for words in (("rotate",), ("rotate", "--delay", "0"), ("retire", "1"), ("revoke", "001010000000001"), ("status",)):
        assert run(str(path), *words, "--json") == DONE
        found.append(json.loads(capsys.readouterr().out))
    assert [found[0]["epoch"], found[1]["epoch"], found[2]["state"]] == [1, 2, "retired"]
    assert found[3]["imsi"] == "001010000000001"
    assert [(one["number"], one["state"]) for one in found[4]["epochs"]] == [(1, "retired"), (2, "seals")]
    assert [one["imsi"] for one in found[4]["revoked"]] == ["001010000000001"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("status",), "identity-keys rotate makes it"),
        (("retire", "7"), "epoch 7 is not there"),
        (("revoke", "12"), "an IMSI has 6 to 15 digits"),
    ],
)
def test_complaint_is_one_line(
    config: str, words: tuple[str, ...], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(config, *words) == FAILED
    complaint = capsys.readouterr().err
    assert (complaint.startswith("error: "), complaint.count("\n"), why in complaint) == (True, 1, True)


def test_configuration_without_identities_is_told_what_to_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "akadia.toml"
    path.touch()
    assert run(str(path), "rotate") == FAILED
    assert 'write [aaa.identities] with keys = "identity.keys"' in capsys.readouterr().err
