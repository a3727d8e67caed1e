"""The commands of sessions and clients, as an operator types them."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aaa.radius.chargeable import Chargeable
from akadia.cli import main
from hss.session_api import ClientSeen
from hss.sessions.ledger import open_ledger
from tests.aaa.test_commands import config
from tests.hss.sessions.events import granted, interim, start, stop
from wire.identity import Imsi
from wire.secret import Secret

pytestmark = pytest.mark.stack

NOON = datetime(2027, 1, 2, 12, tzinfo=UTC)


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> str:
    file = str(config(tmp_path, "127.0.0.1:1").path)
    assert main(["--config", file, "aaa", "upgrade"]) == 0

    async def fill() -> None:
        async with open_ledger(tmp_path / "aaa.sqlite") as ledger:
            await ledger.grant(granted())
            unsaid = replace(stop(5, 7, session="0002"), end_cause=None)
            for record in (start(), interim(60, 4096), unsaid):
                await ledger.record(record)
            await ledger.seen((ClientSeen("lab", 5, 2, NOON, NOON),))

    asyncio.run(fill())
    return file


def said(capsys: pytest.CaptureFixture[str], file: str, *words: str) -> str:
    capsys.readouterr()
    assert main(["--config", file, "aaa", *words]) == 0
    return capsys.readouterr().out


def test_sessions_are_listed(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = said(capsys, file, "sessions").splitlines()
    assert "001010000000001 lab/ap1 0001 since 2027-01-02T12:00:00Z" in line
    assert "4096 octets in" in line
    (ended, _) = said(capsys, file, "sessions", "--ended").splitlines()
    assert "0002 since 2027-01-02T12:00:00Z ended 2027-01-02T12:00:05Z (no cause given)" in ended
    (one,) = json.loads(said(capsys, file, "sessions", "--json", "--imsi", "001010000000001"))
    assert (one["imsi"], one["usage"]["octets_in"], one["started"]) == (
        "001010000000001", 4096, "2027-01-02T12:00:00+00:00",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("more", "told"), [((), "no session is open; --ended shows the others\n"), (("--ended",), "no session is known\n")]
)
def test_none_is_said_beside_the_list(
    file: str, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], told: str
) -> None:
    capsys.readouterr()
    assert main(["--config", file, "aaa", "sessions", "--imsi", "001010000000009", *more]) == 0
    assert capsys.readouterr() == ("", told)


def test_what_a_nas_says_is_one_line(file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def say() -> None:
        async with open_ledger(tmp_path / "aaa.sqlite") as ledger:
            named = start(9, session="9\n7 somebody\x9b2J", radius_class=None)
            await ledger.record(replace(named, user_name="u\x1b[2J"))

    asyncio.run(say())
    line, _ = said(capsys, file, "sessions").split("\n")[:2]
    assert "u\\x1b[2J lab/ap1 9\\n7 somebody\\x9b2J since" in line


def test_clients_are_listed_with_a_verdict(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, file, "clients").splitlines()
    assert "NOT READY" in lines[0]
    assert "never heard" in lines[1]
    assert [one["client"] for one in json.loads(said(capsys, file, "clients", "--json"))] == ["lab", "new"]


def test_name_of_a_bill_is_somebody(file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = tmp_path / "cui.key"
    key.write_text("a key of the test\n")
    key.chmod(0o600)
    path = Path(file)
    path.write_text(path.read_text().replace("[aaa.radius]\n", '[aaa.radius]\ncui_key = "cui.key"\n'))
    cui = Chargeable(Secret(b"a key of the test")).name("lab", Imsi("001010000000001")).decode()
    assert said(capsys, file, "cui", cui) == "001010000000001 at lab\n"
    assert json.loads(said(capsys, file, "cui", cui, "--json")) == {"imsi": "001010000000001", "client": "lab"}
    assert main(["--config", file, "aaa", "cui", cui.lower()]) == 1
    assert "no client in" in capsys.readouterr().err
    newer = tmp_path / "new.key"
    newer.write_text("another key\n")
    newer.chmod(0o600)
    path.write_text(path.read_text().replace('cui_key = "cui.key"\n', 'cui_key = ["new.key", "cui.key"]\n'))
    assert said(capsys, file, "cui", cui) == "001010000000001 at lab\n"
    named_anew = Chargeable(Secret(b"another key")).name("lab", Imsi("001010000000001")).decode()
    assert said(capsys, file, "cui", named_anew) == "001010000000001 at lab\n"
    assert main(["--config", file, "aaa", "cui", cui.lower()]) == 1
    assert "under the keys in" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        (["cui", "x"], "there is no cui_key in [aaa.radius]"),
        (["disconnect", "99"], "there is no session 99"),
        (["coa", "1"], "nothing is to be changed"),
        (["coa", "1", "--session-timeout", "-5"], "a timeout has 0 to 4294967295 seconds"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    file: str, capsys: pytest.CaptureFixture[str], words: list[str], cause: str
) -> None:
    capsys.readouterr()
    assert main(["--config", file, "aaa", *words]) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert cause in told
    assert told.count("\n") == 1


def test_old_rows_are_deleted(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, file, "prune", "36500") == "0 rows deleted\n"
    assert main(["--config", file, "aaa", "prune", "0"]) == 2
