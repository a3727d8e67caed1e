"""The export has everything but keys."""

import csv
import io
import json

import pytest

from hss.models import SubscriberState
from hss.provisioning import exporting
from hss.store.engines import transaction
from hss.store.location import Location
from tests.hss.conftest import FIRST_SET, Registry
from tests.leaks import forms

FIRST = "001010000000001"


def exported(location: Location) -> list[dict[str, object]]:
    with transaction(location, read_only=True) as connection:
        return [each for portion in exporting.exported(connection) for each in portion]


def test_subscriber_is_told_with_apns_and_state(registry: Registry, location: Location) -> None:
    known = registry.add(FIRST, amf=0xB9B9, seq=5, state=SubscriberState.BARRED, apns=("internet", "ims"))
    registry.set(known.imsi, k_check=bytes.fromhex("7d2ed9"), msisdn="491234567")
    [one] = exported(location)
    apns = one.pop("apns")
    moments = {one.pop("created"), one.pop("updated")}
    assert all(str(moment).endswith("+00:00") for moment in moments)
    assert one == {
        "imsi": FIRST,
        "msisdn": "491234567",
        "state": "barred",
        "profile": "milenage",
        "amf": "b9b9",
        "seq": 5,
        "time_offset": 0,
        "k_check": "7d2ed9",
        "opc_check": None,
        "revision": 1,
        "batch_id": None,
    }
    assert isinstance(apns, list)
    assert [(apn["name"], apn["is_default"]) for apn in apns] == [("internet", True), ("ims", False)]


def test_portions_follow_each_other(registry: Registry, location: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "ROWS", 2)
    imsis = [f"00101{number:010d}" for number in range(5)]
    for imsi in reversed(imsis):
        registry.add(imsi)
    found = exported(location)
    assert [one["imsi"] for one in found] == imsis
    assert all(len(one["apns"]) == 1 for one in found if isinstance(one["apns"], list))
    with transaction(location, read_only=True) as connection:
        assert exporting.count(connection) == 5


def test_json_lines_and_csv_say_the_same(registry: Registry, location: Location) -> None:
    registry.add(FIRST)
    found = exported(location)
    assert json.loads(exporting.as_json_lines(found)) == found[0]
    write = exporting.csv_writer()
    [row] = csv.DictReader(io.StringIO(write([]) + write(found)))
    assert row["imsi"] == FIRST
    assert json.loads(row["apns"]) == found[0]["apns"]


def test_no_key_comes_out_sealed_or_not(registry: Registry, location: Location) -> None:
    registry.add(FIRST)
    found = exported(location)
    text = exporting.as_json_lines(found).encode()
    for name in ("k", "op", "opc"):
        assert not any(form in text for form in forms(bytes.fromhex(FIRST_SET[name])))
    assert {"k", "opc"}.isdisjoint(found[0])
