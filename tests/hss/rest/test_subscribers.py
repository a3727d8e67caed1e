"""Subscribers over the API: seen, put, changed, removed, counted, compared."""

import pytest

from hss.provisioning.tokens import Role
from tests.hss.provisioning.desk import entries
from tests.hss.rest.asking import Client
from tests.hss.rest.conftest import IMSI, KEYS, OP, OPC, SUBSCRIBER, Api, K

PATH = f"/v1/subscribers/{IMSI}"


def batch(count: int, *, first: int = 0, **more: object) -> dict[str, object]:
    rows = [SUBSCRIBER | {"imsi": f"00101{number:010}"} for number in range(first, first + count)]
    return {"subscribers": rows, **more}


async def test_put_adds_and_putting_again_changes_nothing(api: Api, provisioner: Client) -> None:
    first = await provisioner("PUT", PATH, SUBSCRIBER)
    assert (first.status, first.json["imsi"], first.json["revision"]) == (201, IMSI, 1)
    assert first.json["apns"][0]["name"] == "internet"
    again = await provisioner("PUT", PATH, SUBSCRIBER)
    assert (again.status, again.json) == (200, first.json)
    assert again.headers["etag"] == first.headers["etag"]
    by_opc = await provisioner("PUT", PATH, SUBSCRIBER | {"keys": {"k": K.upper(), "opc": OPC}})
    assert by_opc.json["revision"] == 1
    (entry,) = [one for one in entries(api.location) if one.action.startswith("subscriber")]
    assert (entry.actor, entry.origin, entry.subject) == ("token provisioner", "api 192.0.2.7", IMSI)
    assert api.changes


async def test_put_makes_a_subscriber_what_the_body_says(provisioner: Client) -> None:
    await provisioner("PUT", PATH, SUBSCRIBER)
    wanted = {
        "amf": "b9b9",
        "state": "barred",
        "msisdn": "15551234567",
        "apns": [
            {"name": "ims", "pdn_type": "ipv4v6", "home_address": "2001:DB8::0:5", "ambr_up": 5, "ambr_down": 6},
            {"name": "internet"},
        ],
    }
    found = (await provisioner("PUT", PATH, wanted)).json
    assert (found["amf"], found["state"], found["msisdn"], found["revision"]) == ("b9b9", "barred", "15551234567", 2)
    shown = {apn["name"]: apn for apn in found["apns"]}
    assert (shown["ims"]["default"], shown["internet"]["default"]) == (True, False)
    assert (shown["ims"]["home_address"], shown["ims"]["ambr_up"], shown["ims"]["ambr_down"]) == ("2001:db8::5", 5, 6)
    assert shown["internet"]["context_id"] == 1, "an APN that stays keeps its Context-Identifier"
    back = (await provisioner("PUT", PATH, SUBSCRIBER)).json
    assert (back["state"], back["msisdn"], [apn["name"] for apn in back["apns"]]) == ("enabled", None, ["internet"])


async def test_new_subscriber_needs_keys_and_an_old_one_keeps_its_own(provisioner: Client) -> None:
    without = {"apns": [{"name": "internet"}]}
    assert (await provisioner("PUT", PATH, without)).problem == (409, f"subscriber {IMSI} is new; give its keys")
    first = (await provisioner("PUT", PATH, SUBSCRIBER)).json
    kept = (await provisioner("PUT", PATH, without)).json
    assert kept == first
    other = (await provisioner("PUT", PATH, SUBSCRIBER | {"keys": {"k": OP, "opc": K}})).json
    assert other["k_check"] != first["k_check"]
    assert other["revision"] == 2


async def test_only_its_own_revision_is_changed(provisioner: Client) -> None:
    tag = (await provisioner("PUT", PATH, SUBSCRIBER)).headers["etag"]
    barred = await provisioner("PATCH", PATH, {"state": "barred"}, headers={"If-Match": f'"9-0", {tag}'})
    assert barred.json["state"] == "barred"
    for method, body in (("PATCH", {"state": "enabled"}), ("PUT", SUBSCRIBER), ("DELETE", None)):
        status, detail = (await provisioner(method, PATH, body, headers={"If-Match": tag})).problem
        assert (status, detail.split(";")[0]) == (412, f"If-Match does not hold: the ETag is {barred.headers['etag']}")
    assert (await provisioner("PUT", PATH, SUBSCRIBER, headers={"If-None-Match": "*"})).status == 412
    assert (await provisioner("PUT", PATH[:-1] + "7", SUBSCRIBER, headers={"If-Match": "*"})).status == 412
    assert (await provisioner("DELETE", PATH, headers={"If-Match": "*"})).status == 204
    assert (await provisioner("DELETE", PATH)).problem[0] == 404


async def test_patch_changes_what_it_names(provisioner: Client) -> None:
    await provisioner("PUT", PATH, SUBSCRIBER | {"msisdn": "15551234567"})
    assert (await provisioner("PATCH", PATH, {"amf": "0000"})).json["msisdn"] == "15551234567"
    found = (await provisioner("PATCH", PATH, {"msisdn": "", "keys": {"k": K, "opc": OPC}})).json
    assert (found["msisdn"], found["amf"], found["revision"]) == (None, "0000", 3)
    assert (await provisioner("PATCH", PATH, {})).json["revision"] == 3
    assert (await provisioner("PATCH", PATH, {"profile": "none"})).problem[0] == 404


async def test_status_is_apart_from_what_the_etag_stands_for(api: Api, provisioner: Client) -> None:
    tag = (await provisioner("PUT", PATH, SUBSCRIBER)).headers["etag"]
    await api.client(Role.VECTORS)("POST", f"{PATH}/vectors", {"access": "eap-aka"})
    assert (await provisioner("GET", f"{PATH}/status")).json == {"imsi": IMSI, "seq": 1, "serving_aaa": None}
    shown = await provisioner("GET", PATH)
    assert shown.headers["etag"] == tag
    assert "seq" not in shown.json


async def test_batch_is_all_or_nothing_and_may_be_sent_again(provisioner: Client) -> None:
    assert len((await provisioner("POST", "/v1/subscribers", batch(3))).json["added"]) == 3
    status, detail = (await provisioner("POST", "/v1/subscribers", batch(3, first=2))).problem
    assert (status, detail[:40]) == (409, "subscribers.0: subscriber 00101000000000")
    assert detail.endswith("none of the batch was added")
    assert (await provisioner("GET", "/v1/subscriber-count")).json == {"subscribers": 3}
    kept = (await provisioner("POST", "/v1/subscribers", batch(4, if_present="keep"))).json
    assert (len(kept["kept"]), kept["added"]) == (3, ["001010000000003"])
    assert (await provisioner("POST", "/v1/subscribers", batch(201))).problem[0] == 422
    twice = {"subscribers": [SUBSCRIBER | {"imsi": "001010000000009"}] * 2, "if_present": "keep"}
    assert (await provisioner("POST", "/v1/subscribers", twice)).problem[0] == 409


async def test_pages_follow_each_other(provisioner: Client) -> None:
    await provisioner("POST", "/v1/subscribers", batch(5))
    seen: list[str] = []
    path: str | None = "/v1/subscribers?limit=2&state=enabled"
    while path:
        reply = await provisioner("GET", path)
        seen += [one["imsi"] for one in reply.json["subscribers"]]
        link = reply.headers.get("link")
        assert (link is None) == (reply.json["next"] is None)
        path = link and link.split(">")[0].removeprefix("<")
    assert seen == [f"00101{number:010}" for number in range(5)]
    assert (await provisioner("GET", "/v1/subscribers?state=barred")).json == {"subscribers": [], "next": None}
    assert (await provisioner("GET", "/v1/subscriber-count?imsi_prefix=001010000000004")).json == {"subscribers": 1}


async def test_verdict_shows_no_key(provisioner: Client) -> None:
    await provisioner("PUT", PATH, SUBSCRIBER)
    right = (await provisioner("POST", f"{PATH}/verify", {"keys": KEYS, "amf": "8000"})).json
    assert (right["matches"], right["opc"]) == (True, "it is OP: the stored OPc is derived from it")
    wrong = (await provisioner("POST", f"{PATH}/verify", {"keys": {"k": K, "opc": OP}, "amf": "0000"})).json
    assert (wrong["matches"], wrong["k"]) == (False, "it is the stored K")
    assert "separation bit" in wrong["amf"]
    assert (await provisioner("POST", f"{PATH[:-1]}9/verify", {"keys": KEYS})).problem[0] == 404


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"apns": [{"name": "internet"}], "keys": {"k": K[:-1] + "x", "op": OP}}, "body.keys.op.k"),
        ({"apns": [{"name": "internet"}], "keys": {"k": K, "op": OP, "opc": OPC}}, "body.keys.op.opc"),
        ({"apns": [{"name": "internet"}], "keys": {"k": K}}, "body.keys.opc.opc"),
        ({"apns": []}, "body.apns"),
        ({"apns": [{"name": "internet"}], K: 1}, "body.?"),
        ({"apns": [{"name": "-"}]}, "body.apns.0.name"),
        ({"apns": [{"name": "internet", "home_address": "1.2.3.4"}]}, "body.apns.0.home_address"),
    ],
)
async def test_malformed_body_is_told_by_place_and_never_by_value(
    provisioner: Client, body: dict[str, object], where: str
) -> None:
    reply = await provisioner("PUT", PATH, body)
    assert reply.status == 422
    assert where in {fault["where"] for fault in reply.json["faults"]}
    assert K[:-1].encode() not in reply.body


async def test_what_cannot_be_an_apn_is_told(provisioner: Client) -> None:
    for apns, said in (
        ([{"name": "a"}, {"name": "A"}], "APN a is there twice; name it once"),
        ([{"name": "a", "ambr_up": 5}], "an AMBR has two directions; give both ambr_up and ambr_down, or neither"),
        ([{"name": "a", "home_address_v4": "192.0.2.1"}], "Home Address 192.0.2.1 has no place in PDN type IPV6"),
    ):
        status, detail = (await provisioner("PUT", PATH, {"keys": KEYS, "apns": apns})).problem
        assert (status, detail.startswith(said)) == (409, True), detail


async def test_home_address_of_another_is_refused_and_leaves_nothing(provisioner: Client) -> None:
    apns = [{"name": "internet", "home_address": "2001:db8::5"}]
    await provisioner("PUT", PATH, {"keys": KEYS, "apns": apns})
    status, detail = (await provisioner("PUT", PATH[:-1] + "2", {"keys": KEYS, "apns": apns})).problem
    assert (status, "belongs to another subscriber" in detail) == (409, True)
    assert (await provisioner("GET", PATH[:-1] + "2")).problem[0] == 404
