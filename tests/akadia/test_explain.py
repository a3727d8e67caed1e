"""`akadia explain` as an operator types it."""

import asyncio
import json
from pathlib import Path

import pytest

from akadia.cli import main
from hss.failure_api import FailureRecord, Retention
from hss.sessions.failures import SqlFailures
from hss.store.database import Database
from hss.store.schema import upgrade
from tests.aaa.test_commands import config
from tests.hss.sessions.test_failures import IMSI, NOW, failed

pytestmark = pytest.mark.stack


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> str:
    upgrade(tmp_path / "aaa.sqlite")

    async def fill() -> None:
        database = Database(tmp_path / "aaa.sqlite")
        await database.open()
        bare = failed("0bad", imsi=None, session="", verdict=None, apn=None, dialogue=(), method="", detail="")
        await SqlFailures(database, Retention()).keep((bare, failed("0001"), failed("0002")))
        secret = FailureRecord("5ec", NOW, "radius/lab", "a wrong secret")
        rude = failed(
            "0ab1", imsi=None, session="", apn="in\x1b[2J", detail="DEA 5003: no\nverdict   the keys (proven)"
        )
        await SqlFailures(database, Retention()).keep((rude,))
        await SqlFailures(database, Retention()).keep((secret,))
        await database.close()

    asyncio.run(fill())
    return str(config(tmp_path, "127.0.0.1:1").path)


def said(capsys: pytest.CaptureFixture[str], file: str, *words: str) -> str:
    capsys.readouterr()
    assert main(["--config", file, "explain", *words]) == 0
    return capsys.readouterr().out


def test_newest_failure_of_an_imsi_is_told_whole(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = said(capsys, file, str(IMSI)).splitlines()
    assert told[0].startswith("0002  ")
    assert told[0].endswith(f"{IMSI} at radius/lab, session gw;1;2")
    assert told[1] == "  failed    AKA after 12 ms: the UE rejects: d"
    assert told[2] == "  verdict   SQN out of step (proven)"
    assert told[3] == "  why       SEQ 5 is 5 steps behind"
    assert told[4] == "  access    WLAN, APN internet"
    assert told[5].split() == ["dialogue", "from", "the", "UE", "EAP-Response/Identity", "52", "octets"]
    assert told[6].endswith("68 octets  AT_RAND(16) AT_AUTN(16)")


def test_several_failures_and_a_bare_one_are_told(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, file, "gw;1;2", "--limit", "5").count("verdict") == 2
    assert "before a method" in said(capsys, file, "0bad")
    of_client = said(capsys, file, "lab").splitlines()
    assert [line.partition("  ")[0] for line in of_client] == ["5ec", ""]
    assert of_client[1] == "  failed    a wrong secret"


def test_what_others_say_obeys_no_terminal_and_begins_no_line(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = said(capsys, file, "0ab1")
    assert "DEA 5003: no\\nverdict   the keys (proven)\n" in told
    assert "APN in\\x1b[2J\n" in told


def test_failure_is_told_as_json(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    (one,) = json.loads(said(capsys, file, "0001", "--json"))
    assert (one["imsi"], one["reference"]) == (str(IMSI), "0001")
    assert one["verdict"] == {
        "hypothesis": "SQN out of step", "certainty": "proven", "cause": "SEQ 5 is 5 steps behind",
    }  # fmt: skip
    assert one["dialogue"][1]["attributes"] == {"AT_RAND": 16, "AT_AUTN": 16}
    assert json.loads(said(capsys, file, "0bad", "--json"))[0]["verdict"] is None


def test_unknown_name_is_one_line_with_a_hint(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["--config", file, "explain", "nobody"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: no failure of nobody is kept")
    assert told.count("\n") == 1
