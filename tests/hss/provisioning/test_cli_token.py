"""Tokens, as an operator types them."""

import json
from pathlib import Path

from hss.provisioning.cli_token import token_app
from tests.hss.provisioning.conftest import Run


def test_token_is_shown_once_and_revoked(run: Run, laboratory: Path) -> None:
    code, out, _ = run("token", "add", "billing", "--role", "reader", "--role", "provisioner")
    assert (code, out.startswith("akadia_"), out.count("\n")) == (0, True, 1)
    made = json.loads(run("token", "add", "sims", "--role", "importer", "--days", "7", "--json")[1])
    assert (made["name"], made["token"][:7]) == ("sims", "akadia_")
    assert run("token", "revoke", "billing")[0] == 0
    code, listed, err = run("token", "list")
    assert (code, err) == (0, "2 tokens\n")
    assert "reader,provisioner" in listed
    assert out.strip() not in listed
    rows = json.loads(run("token", "list", "--json")[1])
    assert [(row["name"], row["roles"], row["revoked"] is None) for row in rows] == [
        ("billing", ["reader", "provisioner"], False),
        ("sims", ["importer"], True),
    ]
    assert "vectors" in token_app(lambda: laboratory).help


def test_mistake_is_one_line(run: Run) -> None:
    assert run("token", "add", "x", "--role", "reader", "--days", "0")[2].startswith("error: 0 days are none")
    assert run("token", "revoke", "x")[2].startswith("error: there is no token x to revoke")
