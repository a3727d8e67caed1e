"""The trail is listed and verified, as an operator types it."""

import json
from pathlib import Path

from sqlalchemy import update

from hss.models import AuditEntry
from hss.provisioning.cli_audit import audit_app
from hss.store.engines import transaction
from tests.hss.provisioning.conftest import IMSI, KEYS, K, Run


def test_trail_is_listed_and_verified(run: Run, database_path: Path, laboratory: Path) -> None:
    run("subscriber", "add", IMSI, "--keys", "-", stdin=KEYS)
    run("subscriber", "disable", IMSI)
    run("profile", "add", "busy", "--reserve", "32")
    rows = json.loads(run("audit", "list", "--json")[1])
    assert [(row["number"], row["action"], row["subject"]) for row in rows] == [
        (1, "subscriber.add", IMSI),
        (2, "subscriber.disable", IMSI),
        (3, "profile.add", "busy"),
    ]
    assert (rows[1]["before"], rows[1]["after"]) == ({"state": "enabled"}, {"state": "barred"})
    assert len(json.loads(run("audit", "list", "--subject", IMSI, "--limit", "1", "--after", "1", "--json")[1])) == 1
    text = run("audit", "list", "--action", "subscriber.dis")[1]
    assert f'subscriber.disable {IMSI} before={{"state": "enabled"}} after={{"state": "barred"}}' in text
    assert K.hex() not in json.dumps(rows) + text
    assert run("audit", "verify") == (0, "the audit trail is whole\n", "")
    assert json.loads(run("audit", "verify", "--json")[1]) == {"whole": True, "faults": []}
    with transaction(database_path) as connection:
        connection.execute(update(AuditEntry).where(AuditEntry.number == 2).values(actor="nobody"))
    code, out, err = run("audit", "verify")
    assert (code, out) == (1, "")
    assert err.splitlines()[0] == "error: entry 2 was altered, or does not follow entry 1"
    assert "audit verify" in audit_app(lambda: laboratory).help
