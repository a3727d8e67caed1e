"""The audit trail and the tokens over the API."""

from sqlalchemy import update

from hss.models import AuditEntry
from hss.provisioning.tokens import Role
from hss.store.engines import transaction
from tests.hss.rest.asking import Client
from tests.hss.rest.conftest import IMSI, SUBSCRIBER, Api


async def test_trail_is_read_page_by_page_and_verified(api: Api, admin: Client) -> None:
    for end in "123":
        await admin("PUT", f"/v1/subscribers/{IMSI[:-1]}{end}", SUBSCRIBER)
    first = (await admin("GET", "/v1/audit?action=subscriber&limit=2")).json
    assert [one["subject"][-1] for one in first["entries"]] == ["1", "2"]
    rest = (await admin("GET", f"/v1/audit?action=subscriber&after={first['next']}")).json
    assert ([one["subject"][-1] for one in rest["entries"]], rest["next"]) == (["3"], None)
    one = (await admin("GET", f"/v1/audit?subject={IMSI}")).json["entries"][0]
    assert (one["actor"], one["after"]["imsi"], one["before"]) == ("token admin", IMSI, None)
    assert (await admin("POST", "/v1/audit/verify")).json == {"whole": True, "faults": []}
    with transaction(api.location) as connection:
        connection.execute(update(AuditEntry).where(AuditEntry.number == 2).values(actor="nobody"))
    assert (await admin("POST", "/v1/audit/verify")).json == {
        "whole": False,
        "faults": ["entry 2 was altered, or does not follow entry 1"],
    }


async def test_only_an_admin_sees_the_trail_and_the_tokens(api: Api) -> None:
    client = api.client(Role.PROVISIONER, Role.IMPORTER)
    for method, path in (("GET", "/v1/audit"), ("POST", "/v1/audit/verify"), ("GET", "/v1/tokens")):
        assert (await client(method, path)).problem[0] == 403


async def test_tokens_are_listed_without_what_opens(api: Api, admin: Client) -> None:
    api.client(Role.READER, name="auditor")
    reply = await admin("GET", "/v1/tokens")
    rows = {one["name"]: (one["roles"], one["revoked"]) for one in reply.json["tokens"]}
    assert rows == {"admin": (["admin"], None), "auditor": (["reader"], None)}
    assert admin.token.encode() not in reply.body
    assert (await admin("DELETE", "/v1/tokens/auditor")).status == 204
    assert (await admin("DELETE", "/v1/tokens/auditor")).problem[0] == 404
