"""SIM vendors' files over the API."""

import asyncio

from hss.provisioning.tokens import Role
from tests.hss.rest.asking import Client, Reply
from tests.hss.rest.conftest import OPC, SUBSCRIBER, Api, K

QUERY = "name=cards.csv&mapping=pysim"


def rows(count: int, *, first: int = 1, bad: int = 0) -> list[bytes]:
    good = [f"00101{number:010},{K},{OPC}\n" for number in range(first, first + count)]
    return [b"IMSI,KI,OPC\n", "".join(good).encode(), b"x,1,2\n" * bad]


async def at_its_end(client: Client, number: int) -> Reply:
    """The import, once nothing works on it any more."""
    while (reply := await client("GET", f"/v1/imports/{number}")).json["active"]:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    return reply


async def test_file_is_imported_behind_the_answer_and_undone(api: Api) -> None:
    client = api.client(Role.IMPORTER)
    begun = await client("POST", f"/v1/imports?{QUERY}", pieces=rows(5, bad=2))
    assert (begun.status, begun.headers["location"], begun.json["state"]) == (202, "/v1/imports/1", "running")
    done = (await at_its_end(client, 1)).json
    assert (done["state"], done["added"], done["refused"], done["failure"]) == ("done", 5, 2, None)
    kept = (await client("GET", "/v1/imports/1/quarantine?limit=1")).json
    assert ([row["line"] for row in kept["rows"]], kept["next"]) == ([7], 7)
    rest = (await client("GET", "/v1/imports/1/quarantine?after=7")).json
    assert [(row["line"], row["cause"]) for row in rest["rows"]] == [(8, "imsi")]
    assert (await client("GET", "/v1/subscriber-count?batch=1")).json == {"subscribers": 5}
    assert list(api.desk.quarantine(1).parent.glob("upload-*")) == [], "nothing is left of what was sent"
    undone = await client("POST", "/v1/imports/1/rollback")
    assert undone.status == 202
    assert (await at_its_end(client, 1)).json["state"] == "rolled-back"
    assert (await client("GET", "/v1/subscriber-count")).json == {"subscribers": 0}
    assert [one["number"] for one in (await client("GET", "/v1/imports")).json["imports"]] == [1]


async def test_forecast_changes_nothing(api: Api) -> None:
    client = api.client(Role.IMPORTER)
    found = (await client("POST", f"/v1/import-forecast?{QUERY}", pieces=rows(3, bad=1))).json
    assert (found["added"], found["refused"], found["examples"][0]["line"]) == (3, {"imsi": 1}, 5)
    assert (await client("GET", "/v1/imports")).json == {"imports": []}


async def test_same_file_is_taken_once(api: Api) -> None:
    client = api.client(Role.IMPORTER)
    await client("POST", f"/v1/imports?{QUERY}", pieces=rows(1))
    await at_its_end(client, 1)
    status, detail = (await client("POST", f"/v1/imports?{QUERY}", pieces=rows(1))).problem
    assert (status, "was imported already, as 1" in detail) == (409, True)


async def test_what_was_changed_since_is_asked_about(api: Api, admin: Client) -> None:
    await admin("POST", f"/v1/imports?{QUERY}", pieces=rows(2))
    await at_its_end(admin, 1)
    await admin("PATCH", "/v1/subscribers/001010000000001", {"state": "barred"})
    status, detail = (await admin("POST", "/v1/imports/1/rollback")).problem
    assert (status, "were changed since" in detail) == (409, True)
    await admin("POST", "/v1/imports/1/rollback?keep_changed=true")
    await at_its_end(admin, 1)
    assert (await admin("GET", "/v1/subscriber-count")).json == {"subscribers": 1}


async def test_no_path_of_the_caller_is_opened(api: Api) -> None:
    client = api.client(Role.IMPORTER)
    for name, mapping in (("../x", "pysim"), (".x", "pysim"), ("x", "../pysim"), ("x", "a/b")):
        reply = await client("POST", f"/v1/imports?name={name}&mapping={mapping}", pieces=rows(1))
        assert reply.problem[0] == 422
    status, detail = (await client("POST", "/v1/imports?name=x&mapping=none", pieces=rows(1))).problem
    assert (status, detail.startswith("there is no mapping none; there are")) == (409, True)
    assert (await client("POST", f"/v1/imports?{QUERY}", pieces=[b"x" * 10_001])).problem[0] == 413
    assert list(api.desk.quarantine(1).parent.iterdir()) == []


async def test_row_that_is_being_written_is_left_for_the_next_time(api: Api) -> None:
    client = api.client(Role.IMPORTER)
    await client("POST", f"/v1/imports?{QUERY}", pieces=rows(1, bad=1))
    await at_its_end(client, 1)
    with api.desk.quarantine(1).open("a") as file:
        file.write("9,x")
    found = (await client("GET", "/v1/imports/1/quarantine")).json
    assert ([row["line"] for row in found["rows"]], found["next"]) == ([3], None)


async def test_unknown_import_is_told(api: Api) -> None:
    client = api.client(Role.IMPORTER)
    for method, path in (("GET", "9"), ("GET", "9/quarantine"), ("POST", "9/rollback")):
        assert (await client(method, f"/v1/imports/{path}")).problem[0] == 404


async def test_reader_imports_nothing(api: Api, provisioner: Client) -> None:
    await provisioner("PUT", "/v1/subscribers/001010000000001", SUBSCRIBER)
    for path in (f"/v1/imports?{QUERY}", f"/v1/import-forecast?{QUERY}"):
        assert (await provisioner("POST", path, pieces=rows(1))).problem[0] == 403
