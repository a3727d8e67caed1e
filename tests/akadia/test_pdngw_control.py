"""Commands for a PDN GW that serves, as they are typed."""

import json
from pathlib import Path

import pytest
from pydantic import BaseModel

from akadia.cli import DONE, FAILED, main
from akadia.laboratory import create
from pdngw_proxy.control import Drain, Sessions, Status, Undrain, Wish
from runtime import control_socket
from runtime.control_socket import Answer


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return create(tmp_path / "lab", is_free=lambda _block: True).config


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, BaseModel]]:
    """What was asked, of a PDN GW that is not drained."""
    heard: list[tuple[Path, BaseModel]] = []

    def ask(path: Path, wish: BaseModel, **_who: object) -> Answer:
        heard.append((path, wish))
        if isinstance(wish, Drain) and wish.to is None:
            return Answer(ok=False, outcome="there is no gateway to send UEs to")
        if isinstance(wish, Sessions) and wish.limit == 1:
            return Answer(ok=True, outcome="1 of 3 sessions", rows=({"session": "one", "octets_in": "7"},))
        return Answer(ok=True, outcome="serving", facts={"sessions": "3"})

    monkeypatch.setattr(control_socket, "ask", ask)
    return heard


@pytest.mark.parametrize("command", ["status", "sessions", "drain", "undrain"])
def test_help_teaches_by_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pdngw", command, "--help"]) == DONE
    assert f"akadia --config lab/akadia.toml pdngw {command}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        (["status"], Status()),
        (["sessions", "--limit", "5"], Sessions(limit=5)),
        (["drain", "--to", "pgw2.example", "--per-second", "50"], Drain(to="pgw2.example", per_second=50.0)),
        (["undrain"], Undrain()),
    ],
)
def test_gateway_beside_the_configuration_is_asked(
    words: list[str], wish: Wish, config: Path, asked: list[tuple[Path, BaseModel]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config", str(config), "pdngw", *words]) == DONE
    assert asked == [(config.parent / "pdngw.sock", wish)]
    assert capsys.readouterr().out == "serving\n     sessions    3\n"


def test_session_is_a_line(
    config: Path, asked: list[tuple[Path, BaseModel]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config", str(config), "pdngw", "sessions", "--limit", "1"]) == DONE
    assert capsys.readouterr().out == "1 of 3 sessions\nsession=one octets_in=7\n"
    assert len(asked) == 1


def test_answer_is_json_for_a_program(
    config: Path, asked: list[tuple[Path, BaseModel]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config", str(config), "pdngw", "status", "--json"]) == DONE
    answer = json.loads(capsys.readouterr().out)
    assert answer == {"ok": True, "outcome": "serving", "facts": {"sessions": "3"}}
    assert len(asked) == 1


def test_refusal_is_said_and_is_no_success(
    config: Path, asked: list[tuple[Path, BaseModel]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config", str(config), "pdngw", "drain"]) == FAILED
    assert capsys.readouterr().err == "error: there is no gateway to send UEs to\n"
    assert len(asked) == 1


def test_nobody_is_asked_for_what_cannot_be(
    config: Path, asked: list[tuple[Path, BaseModel]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config", str(config), "pdngw", "drain", "--to", "no where"]) == FAILED
    assert "--to no where: is neither an address nor a name" in capsys.readouterr().err
    config.write_text(config.read_text().replace('control = "pdngw.sock"', 'control = ""'))
    assert main(["--config", str(config), "pdngw", "status"]) == FAILED
    assert "[pdngw] names no socket" in capsys.readouterr().err
    assert asked == []


@pytest.mark.stack
def test_gateway_that_is_not_there_is_said(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--config", str(config), "pdngw", "status"]) != DONE
    assert "no PDN GW answers there; start one by akadia" in capsys.readouterr().err
