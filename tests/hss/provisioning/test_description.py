"""A subscriber in words, and what differs between two states of it."""

import json
from dataclasses import replace

from hss.keys.vault import Vault
from hss.provisioning.description import described, differences
from hss.store.location import Location
from tests.hss.provisioning.desk import IMSI, account, put


def test_description_is_json_without_keys(location: Location, vault: Vault) -> None:
    put(location, vault)
    words = described(account(location))
    assert json.loads(json.dumps(words)) == words
    assert (words["imsi"], words["profile"], words["amf"], words["revision"]) == (str(IMSI), "milenage", "8000", 1)
    assert [apn["name"] for apn in words["apns"]] == ["internet", "*"]
    assert not {"k", "opc", "op", "keys"} & words.keys()


def test_differences_are_what_an_operator_changed(location: Location, vault: Vault) -> None:
    put(location, vault)
    before = account(location)
    after = replace(before, amf=1, seq=99, revision=2)
    assert differences(before, after) == ({"amf": "8000"}, {"amf": "0001"})
    assert differences(before, before) == ({}, {})
