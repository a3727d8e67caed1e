"""`akadia subscriber` and `akadia db` as an operator types them."""

import base64
import io
import json
import traceback
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import update

from hss.api import Resynchronisation, ServiceRefused, VectorRequest
from hss.keys.custody import Custodian, key_check
from hss.keys.vault import open_vault
from hss.models import Subscriber
from hss.service import HssService
from hss.store.database import Database
from hss.store.engines import transaction
from runtime import logs
from tests.hss.conftest import now_ms
from tests.hss.provisioning.conftest import IMSI, KEYS, OP, K, Run
from wire.aka.milenage import derive_opc
from wire.identity import EapMethod, Imsi
from wire.secret import Secret


def add(run: Run, *more: str, stdin: str = KEYS) -> dict[str, Any]:
    code, out, err = run("subscriber", "add", IMSI, "--keys", "-", "--json", *more, stdin=stdin)
    assert (code, err) == (0, "")
    shown: dict[str, Any] = json.loads(out)
    return shown


def refused(run: Run, *words: str, stdin: str = KEYS) -> str:
    code, out, err = run(*words, stdin=stdin)
    assert (code, out) == (1, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    return err.removeprefix("error: ").rstrip()


def test_added_subscriber_is_shown(run: Run) -> None:
    added = add(run)
    assert added | {"created": "", "updated": ""} == {
        "imsi": IMSI,
        "state": "enabled",
        "msisdn": None,
        "profile": "milenage",
        "k_check": key_check(K).hex(),
        "opc_check": key_check(derive_opc(K, OP)).hex(),
        "amf": "b9b9",
        "seq": 0,
        "serving_aaa": None,
        "apns": [
            {
                "name": "internet",
                "context_id": 1,
                "default": True,
                "pdn_type": "ipv6",
                "home_address": None,
                "home_address_v4": None,
                "ambr_up": None,
                "ambr_down": None,
            }
        ],
        "batch": None,
        "revision": 1,
        "created": "",
        "updated": "",
    }
    assert json.loads(run("subscriber", "show", IMSI, "--json")[1]) == added


def test_every_option_is_kept(run: Run) -> None:
    words = "--apn ims --apn * --pdn-type ipv4v6 --home-address 2001:db8::7 --home-address 10.9.9.9"
    shown = add(run, *words.split(), "--ambr-up", "1000", "--ambr-down", "2000", "--msisdn", "+4917012345")
    assert [(apn["name"], apn["default"], apn["pdn_type"]) for apn in shown["apns"]] == [
        ("ims", True, "ipv4v6"),
        ("*", False, "ipv4v6"),
    ]
    first = shown["apns"][0]
    assert (first["home_address"], first["home_address_v4"]) == ("2001:db8::7", "10.9.9.9")
    assert (first["ambr_up"], first["ambr_down"], shown["msisdn"]) == (1000, 2000, "4917012345")
    text = run("subscriber", "show", IMSI)[1]
    assert "apns         name=ims context_id=1 default=True pdn_type=ipv4v6 home_address=2001:db8::7" in text
    assert "serving aaa  -\n" in text


def test_keys_may_come_from_a_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "card").write_text(f"k={K.hex()}\nopc={derive_opc(K, OP).hex()}\n")
    code, out, _ = run("subscriber", "add", IMSI, "--keys", str(tmp_path / "card"), "--amf", "0001")
    assert code == 0
    assert "amf          0001" in out


def test_amf_has_the_separation_bit_unless_told(run: Run) -> None:
    assert add(run, stdin=KEYS.replace("amf=b9b9\n", ""))["amf"] == "8000"


def test_subscribers_are_listed(run: Run) -> None:
    assert run("subscriber", "list") == (0, "", "0 subscribers\n")
    add(run, "--msisdn", "4917012345")
    assert run("subscriber", "list") == (0, f"{IMSI} enabled  4917012345\n", "1 subscriber\n")
    assert json.loads(run("subscriber", "list", "--json")[1]) == [
        {"imsi": IMSI, "state": "enabled", "msisdn": "4917012345", "profile": "milenage", "seq": 0}
    ]


def test_subscriber_is_barred_let_in_and_removed(run: Run) -> None:
    add(run)
    assert json.loads(run("subscriber", "disable", IMSI, "--json")[1])["state"] == "barred"
    assert json.loads(run("subscriber", "enable", IMSI, "--json")[1])["state"] == "enabled"
    assert json.loads(run("subscriber", "remove", IMSI, "--json")[1]) == {"imsi": IMSI, "removed": True}
    assert "there is no subscriber" in refused(run, "subscriber", "show", IMSI)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("add 12ab --keys -", "'12ab': an IMSI has 6 to 15 digits; write its digits alone"),
        (f"add {IMSI} --keys /nowhere", "/nowhere: cannot be read: No such file or directory; name a file, or -"),
        (f"add {IMSI} --keys - --apn a_b", "'a_b' is no APN"),
        (f"add {IMSI} --keys - --home-address 10.0.0.1", "has no place in PDN type IPV6"),
        (f"add {IMSI} --keys - --ambr-up 5", "give both --ambr-up and --ambr-down"),
        (f"add {IMSI} --keys - --amf 8", "'8' is no AMF; write 4 hex digits such as 8000"),
        (f"add {IMSI} --keys - --amf 8000", "the keys and --amf name different AMFs"),
        (f"add {IMSI} --keys - --msisdn 12", "'12' is no MSISDN"),
        (f"show {IMSI}", "there is no subscriber"),
        (f"enable {IMSI}", "see them with: akadia subscriber list"),
        (f"disable {IMSI}", "there is no subscriber"),
        (f"remove {IMSI}", "there is no subscriber"),
    ],
)
def test_mistake_is_one_line_and_nothing_is_added(run: Run, words: str, said: str) -> None:
    assert said in refused(run, "subscriber", *words.split())
    assert run("subscriber", "list")[2] == "0 subscribers\n"


def test_keys_that_are_none_are_refused(run: Run, tmp_path: Path) -> None:
    assert refused(run, "subscriber", "add", IMSI, "--keys", "-", stdin=f"k={K.hex()}") == (
        "keys: opc is missing; add a line opc=HEX of 16 octets, or op=HEX"
    )
    (tmp_path / "card").write_bytes(b"\xff\xfe")
    assert "is not text" in refused(run, "subscriber", "add", IMSI, "--keys", str(tmp_path / "card"))


def test_waiting_for_keys_holds_no_database(run: Run, database_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(io.StringIO):
        def read(self, size: int | None = -1) -> str:
            with transaction(database_path):
                return super().read(size)

    monkeypatch.setattr("hss.store.engines.BUSY_TIMEOUT", 0.01)
    monkeypatch.setattr("io.StringIO", Slow)
    add(run)


def test_open_master_key_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "master.key").chmod(0o644)
    assert "chmod 600" in refused(run, "subscriber", "add", IMSI, "--keys", "-")


def test_old_database_is_named_with_its_cure(run: Run, laboratory: Path, database_path: Path) -> None:
    database_path.unlink()
    cure = f"akadia --config {laboratory} db upgrade"
    assert refused(run, "subscriber", "list").endswith(cure)
    assert refused(run, "db", "check").endswith(cure)
    assert "there is no database" in refused(run, "db", "current")
    assert run("db", "upgrade", "--json")[0] == 0
    assert run("db", "check")[0] == 0
    assert json.loads(run("db", "current", "--json")[1]) == {
        "database": str(database_path),
        "revision": "0013",
        "head": "0013",
    }
    assert run("subscriber", "list")[0] == 0


def test_missing_configuration_is_named(run: Run, laboratory: Path) -> None:
    laboratory.unlink()
    assert "there is no such file" in refused(run, "subscriber", "list")


def spellings(key: bytes) -> list[bytes]:
    coded = base64.b64encode(key)
    return [key, key.hex().encode(), key.hex().upper().encode(), coded, base64.urlsafe_b64encode(key), key[::-1]]


def stored(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.glob("akadia.sqlite*")]


async def test_no_key_is_found_anywhere(
    run: Run, tmp_path: Path, database_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logged = io.StringIO()
    logs.configure("debug", stream=logged)
    written = [json.dumps(add(run)), *run("subscriber", "show", IMSI), *run("subscriber", "list", "--json")]
    written += [*run("subscriber", "add", IMSI, "--keys", "-", stdin=KEYS)]
    database = Database(database_path)
    await database.open()
    service = HssService(
        database, Custodian(open_vault(tmp_path / "master.key", Random(4).randbytes)), Random(5).randbytes, now_ms
    )
    vectors = [
        *await service.vectors(VectorRequest(Imsi(IMSI), "aaa", count=3)),
        *await service.vectors(VectorRequest(Imsi(IMSI), "aaa", EapMethod.AKA_PRIME, network_name="WLAN")),
    ]
    logs.get_logger("hss.test").debug("vectors", vectors=vectors, first=vectors[0])
    for damage in (bytes(57), b"short"):
        with transaction(database_path) as connection:
            connection.execute(update(Subscriber).values(opc=damage))
        for request in (
            VectorRequest(Imsi(IMSI), "aaa"),
            VectorRequest(Imsi(IMSI), "aaa", resynchronisation=Resynchronisation(bytes(16), bytes(14))),
        ):
            with pytest.raises(ServiceRefused) as caught:
                await service.vectors(request)
            written += traceback.format_exception(caught.value)
            logs.get_logger("hss.test").warning("refused", cause=str(caught.value), exc_info=caught.value)
    files = stored(tmp_path)
    assert len(files) == 4, "database, write-ahead log, its index, and the file by which writers take turns"
    await database.close()
    logs.silence()
    secrets: list[bytes] = [K, OP, derive_opc(K, OP)]
    for vector in vectors:
        secrets += [vector.ck, vector.ik, vector.xres]
    told = [str(part).encode() for part in written] + [logged.getvalue().encode(), capsys.readouterr().err.encode()]
    assert sum(map(len, files)) > 20_000
    assert sum(map(len, told)) > 3_000
    found = [
        bytes(spelt)
        for secret in secrets
        for spelt in spellings(Secret(secret))
        for text in files + told
        if spelt in text
    ]
    assert found == []
