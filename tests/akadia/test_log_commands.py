"""`akadia log` as an operator types it."""

from pathlib import Path

import pytest

from akadia.cli import main
from runtime.log_watch import FILE_NAME, read_watched

IMSI = "001010000000001"


@pytest.fixture(name="config")
def _config(tmp_path: Path) -> Path:
    path = tmp_path / "akadia.toml"
    path.write_text("[log]\n")
    return path


def typed(config: Path, *words: str) -> int:
    return main(["--config", str(config), "log", *words])


def test_imsi_is_printed_as_the_log_writes_it(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed(config, "imsi", IMSI) == 0
    config.write_text('[log]\nimsi = "hmac"\nimsi_key = "log.key"\n')
    (config.parent / "log.key").touch(0o600)
    (config.parent / "log.key").write_text("secret\n")
    assert typed(config, "imsi", IMSI) == 0
    assert capsys.readouterr().out.split() == ["00101*******001", "hmac:5e970da20f54f0e7"]


def test_watch_begins_is_shown_and_stops(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = config.parent / FILE_NAME
    assert typed(config, "debug", IMSI, "--minutes", "5") == 0
    assert typed(config, "debug", "001010000000002", "--minutes", "1") == 0
    assert set(read_watched(path)) == {IMSI, "001010000000002"}
    assert typed(config, "debug") == 0
    *_, second, first = capsys.readouterr().out.splitlines()
    assert second.startswith("001010000000002 until ")
    assert first.startswith(f"{IMSI} until ")
    assert typed(config, "debug", IMSI, "--stop") == 0
    assert set(read_watched(path)) == {"001010000000002"}
    assert typed(config, "debug", "001010000000002", "--stop") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "nobody is watched"
    assert not path.exists()


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        (("imsi", "1234"), "'1234': an IMSI has 6 to 15 digits; write those of the subscriber"),
        (("debug", IMSI, "--minutes", "0"), "--minutes 0: write 1 to 1440"),
        (("debug", IMSI, "--minutes", "1441"), "--minutes 1441: write 1 to 1440"),
    ],
)
def test_what_makes_no_sense_is_refused(
    config: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], cause: str
) -> None:
    assert typed(config, *words) == 1
    assert capsys.readouterr().err == f"error: {cause}\n"
