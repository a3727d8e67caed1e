"""The APNs of a subscriber over the API."""

from tests.hss.rest.asking import Client
from tests.hss.rest.conftest import IMSI, SUBSCRIBER

PATH = f"/v1/subscribers/{IMSI}/apns"


async def test_apn_comes_changes_and_goes(provisioner: Client) -> None:
    await provisioner("PUT", f"/v1/subscribers/{IMSI}", SUBSCRIBER)
    added = await provisioner("PUT", f"{PATH}/ims", {"pdn_type": "ipv4v6"})
    assert (added.status, added.json["revision"]) == (200, 2)
    assert (await provisioner("PUT", f"{PATH}/IMS", {"pdn_type": "ipv4v6"})).json["revision"] == 2, "it is so already"
    changed = await provisioner("PUT", f"{PATH}/ims", {"pdn_type": "ipv6", "default": True})
    assert changed.json["revision"] == 4
    names = {apn["name"]: (apn["pdn_type"], apn["default"]) for apn in (await provisioner("GET", PATH)).json}
    assert names == {"internet": ("ipv6", False), "ims": ("ipv6", True)}
    assert (await provisioner("DELETE", f"{PATH}/ims")).problem[0] == 409, "it is the default"
    assert (await provisioner("DELETE", f"{PATH}/internet", headers={"If-Match": '"1-0"'})).problem[0] == 412
    assert (await provisioner("DELETE", f"{PATH}/internet")).status == 204
    assert (await provisioner("DELETE", f"{PATH}/internet")).problem[0] == 404


async def test_apn_of_several_labels_is_as_good_as_any(provisioner: Client) -> None:
    """TS 23.003 §9.1.1: an operator's own domain may be an APN Network Identifier."""
    name, long = "phones.operator.example", f"{'a' * 30}.{'b' * 31}"
    put = SUBSCRIBER | {"apns": [{"name": "internet"}, {"name": name}]}
    assert (await provisioner("PUT", f"/v1/subscribers/{IMSI}", put)).status == 201
    assert (await provisioner("PUT", f"{PATH}/{long}", {})).status == 200
    found = (await provisioner("GET", f"/v1/subscribers?apn={name}")).json
    assert [one["imsi"] for one in found["subscribers"]] == [IMSI]
    for apn in (name, long):
        assert (await provisioner("DELETE", f"{PATH}/{apn}")).status == 204
    for apn in ("a..b", ".a", "a.", f"{long}c", "a_b"):
        assert (await provisioner("PUT", f"{PATH}/{apn}", {})).status == 422


async def test_unknown_subscriber_has_no_apns(provisioner: Client) -> None:
    for method, path in (("GET", PATH), ("PUT", f"{PATH}/ims"), ("DELETE", f"{PATH}/ims")):
        assert (await provisioner(method, path, {} if method == "PUT" else None)).problem[0] == 404
