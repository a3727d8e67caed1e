"""The command line: what it teaches, what it refuses, and that every complaint is one line."""

import errno
import json
import os
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import pytest

from akadia import laboratory
from akadia.cli import CONFIG_VARIABLE, DONE, FAILED, MENDABLE, MISUSED, main
from akadia.template import Block


@pytest.fixture(autouse=True)
def _no_probing(monkeypatch: pytest.MonkeyPatch) -> None:
    def free(_block: Block) -> bool:
        return True

    monkeypatch.setattr(laboratory, "_is_free", free)
    monkeypatch.delenv(CONFIG_VARIABLE, raising=False)


def error_of(capsys: pytest.CaptureFixture[str]) -> str:
    complaint = capsys.readouterr().err
    assert complaint.startswith("error: ")
    assert complaint.count("\n") == 1
    return complaint


@pytest.mark.parametrize("name", sorted(MENDABLE))
def test_name_of_what_can_be_mended_is_that_of_an_exception(name: str) -> None:
    module, _, kind = name.rpartition(".")
    assert issubclass(getattr(import_module(module), kind), Exception)


def test_help_teaches_by_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == DONE
    shown = capsys.readouterr().out
    for line in ("akadia demo", "akadia init lab", "akadia --config lab/akadia.toml up", "--config PATH"):
        assert line in shown
    for command in ("init", "up", "demo", "hss", "aaa", "pdngw", "dns", "ue", "subscriber", "db"):
        assert f"│ {command} " in shown


@pytest.mark.parametrize(
    "command",
    [
        "init",
        "up",
        "demo",
        "hss serve",
        "hss auc-socket",
        "aaa serve",
        "pdngw serve",
        "dns serve",
        "ue attach",
        "subscriber add",
        "db upgrade",
    ],
)
def test_every_command_has_its_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command.split(), "--help"]) == DONE
    assert f"Usage: akadia {command}" in capsys.readouterr().out


def test_command_alone_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == DONE
    assert "Usage: akadia" in capsys.readouterr().out


def test_version_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == DONE
    assert capsys.readouterr().out.startswith("akadia 0.")


@pytest.mark.parametrize(
    "tokens",
    [
        ["nonsense"],
        ["init"],
        ["init", "lab", "--hss", "cloud"],
        ["up", "--config"],
        ["demo", "--fast"],
        ["dns", "run"],
        ["aaa", "serve", "--workers", "0"],
        ["aaa", "serve", "--workers", "-3"],
        ["aaa", "serve", "--workers", "1000"],
    ],
)
def test_misuse_is_one_line_and_exit_code_2(tokens: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(tokens) == MISUSED
    assert "akadia --help" in error_of(capsys)


def test_command_without_configuration_says_what_to_write(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up"]) == FAILED
    assert "write akadia --config FILE" in error_of(capsys)


def test_missing_configuration_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--config", str(tmp_path / "none.toml"), "dns", "serve"]) == FAILED
    assert "none.toml: there is no such file; name one with --config" in error_of(capsys)


def test_environment_may_name_the_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CONFIG_VARIABLE, str(tmp_path / "from-environment.toml"))
    assert main(["up"]) == FAILED
    assert "from-environment.toml" in error_of(capsys)
    assert main(["--config", str(tmp_path / "from-option.toml"), "up"]) == FAILED
    assert "from-option.toml" in error_of(capsys)


@pytest.mark.parametrize("command", ["up", "dns serve", "hss serve", "hss auc-socket", "aaa serve", "pdngw serve"])
def test_unread_section_is_an_error_of_whoever_serves(
    tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "akadia.toml"
    path.write_text("[dnss]\n")
    assert main(["--config", str(path), *command.split()]) == FAILED
    assert "nothing reads section [dnss]; did you mean dns?" in error_of(capsys)


def test_init_prints_where_everything_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", str(tmp_path / "lab"), "--json"]) == DONE
    summary = json.loads(capsys.readouterr().out)
    assert list(summary) == ["config", "radius", "diameter", "swx", "api", "ike", "dns", "apn"]
    assert Path(summary["config"]).is_file()
    assert main(["init", str(tmp_path / "lab")]) == FAILED
    assert "holds a laboratory already" in error_of(capsys)


def test_init_for_people_names_the_next_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", str(tmp_path / "lab"), "--hss", "swx", "--aaa", "radius"]) == DONE
    assert "next: akadia --config" in capsys.readouterr().out
    text = (tmp_path / "lab" / "akadia.toml").read_text()
    assert 'hss = "swx"' in text
    assert 'aaa = "radius"' in text


def test_subscriber_is_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["init", str(tmp_path / "lab")])
    capsys.readouterr()
    assert main(["--config", str(tmp_path / "lab" / "akadia.toml"), "subscriber", "list", "--json"]) == DONE
    assert [row["imsi"] for row in json.loads(capsys.readouterr().out)] == ["001010000000001"]


def test_folder_that_cannot_be_made_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["init", str(tmp_path / "file" / "lab")]) == FAILED
    assert "Not a directory" in error_of(capsys)


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.EADDRINUSE, "see which program has it, or correct the address"),
        (errno.ENOSPC, "make room on that disk"),
        (errno.ENOENT, "correct the address or path"),
    ],
)
def test_fault_of_the_machine_says_what_to_do(
    number: int, remedy: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(laboratory, "create", fail)
    assert main(["init", str(tmp_path / "lab")]) == FAILED
    assert error_of(capsys) == f"error: {os.strerror(number)} ({remedy})\n"


def test_fault_of_the_program_is_not_hidden(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(laboratory, "create", fail)
    with pytest.raises(ZeroDivisionError):
        main(["init", str(tmp_path / "lab")])


def test_reader_who_has_read_enough_is_no_fault() -> None:
    shown = subprocess.Popen(
        [sys.executable, "-m", "akadia", "ue", "profiles"],
        cwd=Path(__file__).resolve().parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert shown.stdout is not None
    assert shown.stderr is not None
    shown.stdout.close()
    assert shown.wait(30) == 128 + 13
    assert shown.stderr.read() == b""
    shown.stderr.close()


def test_help_imports_little() -> None:
    heavy = ("pydantic", "sqlalchemy", "cryptography", "structlog", "asyncio", "dns")
    code = f"import sys; from akadia.cli import main; main(['--help']); print([m for m in {heavy} if m in sys.modules])"
    begin = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ})
    assert time.monotonic() - begin < 5
    assert done.stdout.splitlines()[-1] == "[]"
