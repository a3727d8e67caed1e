"""Algorithm profiles over the API."""

from hss.provisioning.tokens import Role
from tests.hss.rest.asking import Client
from tests.hss.rest.conftest import IMSI, SUBSCRIBER, Api


async def test_profile_comes_stays_and_goes(admin: Client) -> None:
    made = (await admin("PUT", "/v1/profiles/busy", {"reserve": 32})).json
    assert (made["name"], made["reserve"], made["algorithm"], made["subscribers"]) == ("busy", 32, "milenage", 0)
    assert (await admin("PUT", "/v1/profiles/busy", {"reserve": 32})).json == made
    assert (await admin("PUT", "/v1/profiles/busy", {"reserve": 64})).problem[0] == 409
    assert [one["name"] for one in (await admin("GET", "/v1/profiles")).json["profiles"]] == ["busy", "milenage"]
    await admin("PUT", f"/v1/subscribers/{IMSI}", SUBSCRIBER | {"profile": "busy"})
    assert (await admin("GET", "/v1/profiles/busy")).json["subscribers"] == 1
    assert (await admin("DELETE", "/v1/profiles/busy")).problem[0] == 409
    await admin("DELETE", f"/v1/subscribers/{IMSI}")
    assert (await admin("DELETE", "/v1/profiles/busy")).status == 204
    assert (await admin("GET", "/v1/profiles/busy")).problem[0] == 404


async def test_profile_that_nothing_computes_is_refused(admin: Client) -> None:
    status, detail = (await admin("PUT", "/v1/profiles/x", {"algorithm": "tuak", "custody": "token"})).problem
    assert (status, "a token computes no tuak" in detail) == (409, True)


async def test_provisioner_uses_profiles_and_makes_none(api: Api) -> None:
    client = api.client(Role.PROVISIONER)
    assert (await client("GET", "/v1/profiles")).status == 200
    assert (await client("PUT", "/v1/profiles/busy", {})).problem == (403, "token provisioner has not the role admin")
