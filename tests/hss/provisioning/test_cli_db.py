"""The schema goes up and down, as an operator types it."""

import json
from pathlib import Path

from hss.provisioning.cli_db import db_app
from tests.hss.provisioning.conftest import IMSI, KEYS, Run


def test_schema_goes_down_and_up(run: Run, database_path: Path, laboratory: Path) -> None:
    code, _, err = run("db", "downgrade", "0001")
    assert (code, err) == (1, f"error: {database_path} would go back to 0001; say --yes to do it\n")
    assert json.loads(run("db", "downgrade", "0001", "--yes", "--json")[1])["revision"] == "0001"
    assert "has schema 0001, this program needs 0013" in run("db", "check")[2]
    assert run("db", "upgrade")[0] == 0
    assert run("db", "check")[0] == 0
    assert "there is no revision 7777; there are base, 0001, 0002" in run("db", "downgrade", "7777", "--yes")[2]
    assert db_app(lambda: laboratory).help


def test_schema_that_would_lose_keys_stays(run: Run) -> None:
    run("subscriber", "add", IMSI, "--keys", "-", stdin=KEYS)
    code, _, err = run("db", "downgrade", "0001", "--yes")
    assert code == 1
    assert "1 subscribers are sealed under data keys, which schema 0001 cannot hold; take a backup" in err
    assert json.loads(run("subscriber", "list", "--json")[1])[0]["imsi"] == IMSI
