"""After everything that an operator can do with keys, none is in the store, its files, a log, an answer or a backup."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from runtime.log_imsi import ImsiText
from tests.api_client import ApiClient
from tests.hss_daemon import HssDaemon, running_hss
from tests.leaks import forms
from tests.postgres import PostgresServer, running_server
from wire.aka.milenage import Milenage, derive_opc
from wire.secret import Secret

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

IMSI, IMPORTED = "001010000000007", "001010000000101"
K, OP = bytes.fromhex("8baf473f2f8fd09487cccbd7097c6862"), bytes.fromhex("dbc59adcb6f9a0ef735477b7fadf8374")
NEW_K, OTHER_K = bytes.fromhex("fec86ba6eb707ed08905757b1bb44b8f"), bytes.fromhex("9e5944aea94b81165c82fbf9f32db751")
OPC = bytes(derive_opc(K, OP))
SIM_K, SIM_OPC = bytes.fromhex("4ab1deb05ca6ceb051fc98e77d026a84"), bytes.fromhex("dcf07cbd51855290b92a07a9891e523e")
TRANSPORT = bytes.fromhex("6c38a116ac280c454f59332ee35c8c4f")
TRANSPORT_OPC = bytes.fromhex("ba05688178e398bedc100674071002cb")
SECRETS = {
    "K": K, "OP": OP, "OPc": OPC, "new K": NEW_K, "another K": OTHER_K, "K of a SIM": SIM_K, "OPc of a SIM": SIM_OPC,
    "transport key": TRANSPORT, "transport key of OPc": TRANSPORT_OPC,
}  # fmt: skip


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.interop)])
def seen(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    foreign_peer: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, bytes]:
    """What a daemon that logs everything, its store and every command leave behind."""
    monkeypatch.setenv("AKADIA_TRANSPORT_KEY_KI", TRANSPORT.hex())
    monkeypatch.setenv("AKADIA_TRANSPORT_KEY_OPC", TRANSPORT_OPC.hex())
    if request.param == "sqlite":
        with running_hss(tmp_path, level='"debug"') as daemon:
            found = everything(daemon, tmp_path)
            found |= files_of(daemon.laboratory.folder)
    else:
        with running_server(foreign_peer) as server:
            url = server.new_database()
            with running_hss(tmp_path, url, level='"debug"') as daemon:
                found = everything(daemon, tmp_path)
                found |= files_of(daemon.laboratory.folder)
            found["pg_dump"] = dump(server, str(url.database))
            found |= {f"PostgreSQL's {name}": octets for name, octets in files_of(server.folder / "data").items()}
    return found | {"the log": daemon.output.read_bytes()}


def everything(daemon: HssDaemon, folder: Path) -> dict[str, bytes]:
    """Do all that there is to be done; what was answered and printed."""
    with daemon.client() as api:
        subscribe(api)
        vectors = api.ask("POST", f"/v1/subscribers/{IMSI}/vectors", {"access": "eap-aka", "count": 3})["vectors"]
        # this answer alone holds what it is for
        api.answered.pop()
        bring(api)
        api.ask("GET", "/v1/audit")
        api.ask("POST", "/v1/audit/verify")
    (folder / "card.txt").write_text(f"k={NEW_K.hex()}\nop={OP.hex()}\n")
    commands = [
        ("subscriber", "verify", IMSI, "--keys", str(folder / "card.txt")),
        ("keys", "rotate"), ("keys", "rewrap"), ("keys", "status"), ("audit", "list", "--json"), ("audit", "verify"),
        ("subscriber", "show", IMSI), ("subscriber", "list", "--json"), ("export",), ("export", "--format", "csv"),
        ("backup", str(folder / "lab/all.backup")), ("import", "list"), ("token", "list"),
    ]  # fmt: skip
    printed = {f"output of {' '.join(words[:2])}": daemon.akadia(*words).encode() for words in commands}
    (folder / "card.txt").unlink()
    answers = {f"answer {number}": octets for number, octets in enumerate(api.answered)}
    return answers | printed | {"RAND": " ".join(vector["rand"] for vector in vectors).encode()}


def subscribe(api: ApiClient) -> None:
    """Add a subscriber, give it a new card, compare, and make every mistake with a key in it."""
    path = f"/v1/subscribers/{IMSI}"
    body = {"keys": {"k": K.hex(), "op": OP.hex()}, "apns": [{"name": "internet"}]}
    api.ask("PUT", path, body, status=201)
    api.ask("PUT", path, body | {"keys": {"k": K.hex(), "opc": OPC.hex()}})
    api.ask("PATCH", path, {"keys": {"k": NEW_K.hex(), "op": OP.hex()}})
    api.ask("POST", f"{path}/verify", {"keys": {"k": OTHER_K.hex(), "op": OP.hex()}})
    mistakes: list[object] = [
        {"k": K.hex()},
        {"k": K.hex(), "opc": OPC.hex(), "op": OP.hex()},
        {"k": K.hex() + "0", "op": OP.hex()},
        K.hex(),
    ]
    for keys in mistakes:
        api.ask("PUT", path, body | {"keys": keys}, status=422)
    api.ask("PUT", path, body | {K.hex(): OP.hex()}, status=422)
    api.ask("PUT", path, f'{{"keys": {{"k": "{K.hex()}"'.encode(), status=422)
    tuak = {"keys": {"k": K.hex() * 2, "op": OP.hex()}, "apns": [{"name": "internet"}]}
    api.ask("PUT", f"{path[:-1]}8", tuak, status=409)
    batch = {"subscribers": [body | {"imsi": IMSI}, body | {"imsi": f"{IMSI[:-1]}9"}]}
    api.ask("POST", "/v1/subscribers", batch, status=409)


def bring(api: ApiClient) -> None:
    """Import a SIM vendor's file with enciphered keys and rows that are none, and undo it."""
    good = f"{IMPORTED},{enciphered(TRANSPORT, SIM_K)},{enciphered(TRANSPORT_OPC, SIM_OPC)}\n"
    bad = f"{IMPORTED[:-1]}2,{SIM_K.hex()}00,{SIM_OPC.hex()}\nx,{SIM_K.hex()},{SIM_OPC.hex()}\n"
    cards = f"IMSI,KI,OPC\n{good}{bad}".encode()
    query = "name=cards.csv&mapping=pysim-encrypted"
    assert api.ask("POST", f"/v1/import-forecast?{query}", cards)["added"] == 1
    api.ask("POST", f"/v1/imports?{query}", cards, status=202)
    at_rest(api)
    assert api.ask("GET", "/v1/imports/1")["added"] == 1
    assert len(api.ask("GET", "/v1/imports/1/quarantine")["rows"]) == 2
    api.ask("GET", f"/v1/subscribers/{IMPORTED}")
    api.ask("POST", "/v1/imports/1/rollback", status=202)
    at_rest(api)


def at_rest(api: ApiClient) -> None:
    while api.ask("GET", "/v1/imports/1")["active"]:
        time.sleep(0.05)


def enciphered(key: bytes, value: bytes) -> str:
    return Cipher(AES(key), CBC(b"#" * 16)).encryptor().update(value).hex()


def dump(server: PostgresServer, database: str) -> bytes:
    """What pg_dump makes of a database."""
    words = [str(server.binaries / "pg_dump"), "-h", str(server.folder), "-U", "postgres", database]
    return subprocess.run(words, check=True, capture_output=True, timeout=60).stdout


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file below `folder`, but the card of the laboratory's own subscriber."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "usim.toml"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def session_keys(rands: list[str]) -> dict[str, bytes]:
    """CK, IK and XRES of every vector that was given."""
    found: dict[str, bytes] = {}
    for number, rand in enumerate(rands):
        xres, ck, ik, _ = Milenage(Secret(NEW_K), derive_opc(NEW_K, OP)).f2345(bytes.fromhex(rand))
        found |= {f"XRES {number}": bytes(xres), f"CK {number}": bytes(ck), f"IK {number}": bytes(ik)}
    return found


def test_no_key_is_anywhere(seen: dict[str, bytes]) -> None:
    assert sum(map(len, seen.values())) > 100_000
    assert len(seen) > 40
    rands = seen["RAND"].decode().split()
    assert len(rands) == 3
    secrets = SECRETS | session_keys(rands) | {"new OPc": bytes(derive_opc(NEW_K, OP))}
    found = [
        f"{name} in {where}"
        for name, secret in secrets.items()
        for form in forms(secret)
        for where, octets in seen.items()
        if form in octets
    ]
    assert found == []
    assert ImsiText().of(IMSI).encode() in seen["the log"], "the log is that of what was done"
