"""The log as [log] says it."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime import log_setup
from runtime.config import ConfigError, read_config
from runtime.log_setup import keep_looking, set_up
from runtime.log_watch import FILE_NAME, write_watched
from runtime.logs import debugging, get_logger, silence

log = get_logger("tests.log_setup")
IMSI, OTHER = "001010000000001", "001010000000002"


@pytest.fixture(autouse=True)
def _silent_afterwards(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(log_setup, "LOOK_EVERY", 0.01)
    yield
    silence()
    log_setup._watches.clear()


def configured(folder: Path, text: str) -> None:
    path = folder / "akadia.toml"
    path.write_text(f"[log]\n{text}\n")
    set_up(read_config(path))


async def until(wanted: bool) -> None:
    async with asyncio.timeout(5):
        while debugging() is not wanted:  # noqa: ASYNC110 - it is about a file and the time
            await asyncio.sleep(0.01)


def test_imsi_is_short_by_default(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configured(tmp_path, "")
    log.warning("access rejected", imsi=IMSI, detail=f"no subscriber {IMSI}", identity=f"0{IMSI}@realm")
    error = capsys.readouterr().err
    assert "imsi=00101*******001 " in error
    assert IMSI not in error


def test_hmac_needs_a_key_that_nobody_else_can_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"log\.imsi_key: is missing"):
        configured(tmp_path, 'imsi = "hmac"')
    (tmp_path / "log.key").write_text("secret")
    (tmp_path / "log.key").chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        configured(tmp_path, 'imsi = "hmac"\nimsi_key = "log.key"')


def test_hmac_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "log.key").touch(0o600)
    (tmp_path / "log.key").write_text("secret\n")
    configured(tmp_path, 'imsi = "hmac"\nimsi_key = "log.key"')
    log.info("access accepted", imsi=IMSI)
    # printf 001010000000001 | openssl dgst -sha256 -hmac secret
    assert "imsi=hmac:5e970da20f54f0e7\n" in capsys.readouterr().err


async def test_details_of_the_watched_are_written_while_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configured(tmp_path, "")
    looking = asyncio.create_task(keep_looking())
    write_watched(tmp_path / FILE_NAME, {IMSI: time.time() + 0.5})
    await until(wanted=True)
    log.debug("challenge sent", imsi=IMSI)
    log.debug("challenge sent", imsi=OTHER)
    log.info("access accepted", imsi=OTHER)
    await until(wanted=False)
    log.debug("challenge sent", imsi=IMSI)
    looking.cancel()
    lines = [line.split(" ", 2)[2] for line in capsys.readouterr().err.splitlines()]
    assert lines == [
        "runtime.log debug of subscribers watched=1",
        "tests.log_setup challenge sent imsi=00101*******001",
        "tests.log_setup access accepted imsi=00101*******002",
        "runtime.log debug of subscribers watched=0",
    ]


async def test_file_that_cannot_be_read_is_told_and_looked_at_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configured(tmp_path, "")
    (tmp_path / FILE_NAME).touch(0o600)
    looking = asyncio.create_task(keep_looking())
    await asyncio.sleep(0.1)
    write_watched(tmp_path / FILE_NAME, {IMSI: time.time() + 60})
    await until(wanted=True)
    looking.cancel()
    assert capsys.readouterr().err.count("nobody is watched") == 1


async def test_without_a_configuration_nobody_is_looked_for() -> None:
    await asyncio.wait_for(keep_looking(), 1)
