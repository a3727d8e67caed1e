"""Commands for a UE that stays, as they are typed; tests/stack/test_ue_control.py has a real one."""

import io
import json
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest

from akadia.cli import DONE, FAILED, MISUSED, main
from runtime.control_socket import Answer
from ue_sim.control import client
from ue_sim.control.wishes import Detach, Move, Ping, Probe, Reattach, Reauthenticate, Rekey, Status, Wish

UE = """[ue]
address = "127.1.2.10"
dns = "127.1.2.53:5300"
ca = "pki/ca.pem"
gateway_id = "pgw.example"
usim = "ue/usim.toml"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "akadia.toml"
    path.write_text(UE)
    return path


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, Wish]]:
    """What was asked, of a UE that detaches and refuses to move."""
    heard: list[tuple[Path, Wish]] = []

    def ask(path: Path, wish: Wish) -> Answer:
        heard.append((path, wish))
        if isinstance(wish, Move):
            return Answer(ok=False, outcome="the UE stays at 127.1.2.10: no such address")
        return Answer(ok=True, outcome="done", facts={"home_agent": "2001:db8::1"})

    monkeypatch.setattr(client, "ask", ask)
    return heard


@pytest.mark.parametrize(
    "command", ["status", "ping", "move", "reattach", "reauthenticate", "rekey", "probe", "detach", "shell"]
)
def test_help_teaches_by_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ue", command, "--help"]) == DONE
    assert f"akadia --config lab/akadia.toml ue {command}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        (["status"], Status()),
        (["ping"], Ping()),
        (["ping", "2001:db8::1", "--count", "2"], Ping(to=IPv6Address("2001:db8::1"), count=2)),
        (["reattach"], Reattach()),
        (["reauthenticate"], Reauthenticate()),
        (["reauthenticate", "break-before-make"], Reauthenticate(way="break-before-make")),
        (["rekey", "ike"], Rekey(what="ike")),
        (["probe"], Probe()),
        (["detach"], Detach()),
    ],
)
def test_ue_beside_the_configuration_is_asked(
    words: list[str], wish: Wish, config: Path, asked: list[tuple[Path, Wish]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config", str(config), "ue", *words]) == DONE
    assert asked == [(config.parent / "ue.sock", wish)]
    assert capsys.readouterr().out == "done\n     home_agent  2001:db8::1\n"


def test_socket_is_where_the_configuration_says(config: Path, asked: list[tuple[Path, Wish]]) -> None:
    config.write_text(UE + 'control = "/run/akadia/first.sock"\n')
    main(["--config", str(config), "ue", "status"])
    assert asked == [(Path("/run/akadia/first.sock"), Status())]


def test_program_gets_json(config: Path, asked: list[tuple[Path, Wish]], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--config", str(config), "ue", "status", "--json"]) == DONE
    assert json.loads(capsys.readouterr().out) == {
        "ok": True,
        "outcome": "done",
        "facts": {"home_agent": "2001:db8::1"},
    }
    assert len(asked) == 1


def test_refusal_is_one_line_and_a_failure(
    config: Path, asked: list[tuple[Path, Wish]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config", str(config), "ue", "move", "127.1.2.11"]) == FAILED
    assert capsys.readouterr().err == "error: the UE stays at 127.1.2.10: no such address\n"
    assert asked[0][1] == Move(address=IPv4Address("127.1.2.11"))


@pytest.mark.stack
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["move"], MISUSED, "requires an argument"),
        (["move", "home"], FAILED, "'home' is no address; write one such as 192.0.2.1 or 2001:db8::1"),
        (["ping", "--count", "0"], MISUSED, "--count"),
        (["status"], FAILED, "ue.sock: no UE answers there; start one by akadia --config FILE ue attach --stay"),
    ],
)
def test_what_cannot_be_is_said(
    words: list[str], code: int, said: str, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config", str(config), "ue", *words]) == code
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "wishes", "code", "said"),
    [
        ("status\n\nping --count 1\n", [Status(), Ping(count=1)], DONE, ""),
        ("status\nquit\ndetach\n", [Status()], DONE, ""),
        ("dance\nstatus\n", [Status()], FAILED, 'Unknown command "dance"'),
        ("move 'x\n", [], FAILED, "No closing quotation (help shows the commands)"),
        ("move 127.1.2.11\nhelp\n", [Move(address=IPv4Address("127.1.2.11"))], FAILED, "the UE stays"),
        ("", [], DONE, ""),
    ],
)
def test_shell_takes_the_same_commands(
    typed: str,
    wishes: list[Wish],
    code: int,
    said: str,
    config: Path,
    asked: list[tuple[Path, Wish]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    assert main(["--config", str(config), "ue", "shell"]) == code
    assert [wish for _, wish in asked] == wishes
    assert said in capsys.readouterr().err
