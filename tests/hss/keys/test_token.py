"""A token wraps data keys and K, shows neither, and each failure has its own line (SoftHSM2)."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import insert, select

from hss.algorithms import AlgorithmSettings
from hss.api import VectorRequest
from hss.auc import SubscriberKeys
from hss.keys.custody import Custodian, key_check
from hss.keys.data_keys import make_key, read_data_keys, unwrap
from hss.keys.token import (
    TokenFailed,
    TokenMasterKey,
    TokenSource,
    init_token,
    open_token,
    parse_token_source,
)
from hss.keys.vault import Altered, MasterKeyRefused, Misplaced, VaultError
from hss.keys.verification import Given, OpcVerdict, verify_by_functions
from hss.models import Algorithm, AlgorithmProfile, Custody, KeyPurpose, Subscriber
from hss.provisioning.change import changing
from hss.provisioning.rewrapping import rewrap
from hss.provisioning.subscribers import add
from hss.service import HssService
from hss.store.database import Database
from hss.store.engines import transaction
from tests.hss.conftest import FIRST_SET, now_ms
from tests.hss.provisioning.desk import ACTOR, IMSI, new, now
from tests.softhsm import new_source
from ue_sim.usim import Answer, SoftwareUsim
from wire.aka.milenage import MilenageConstants
from wire.secret import Secret

ROOT = Path(__file__).parents[3]
URI = "pkcs11:token=my%20token;object=master?module-path=/usr/lib/x.so&pin-source=file:pin"
K, OPC, OP = (Secret.fromhex(FIRST_SET[name]) for name in ("k", "opc", "op"))
KEPT = AlgorithmSettings("kept", custody=Custody.TOKEN)


def test_uri_names_token_object_module_and_pin() -> None:
    found = parse_token_source(URI, Path("/etc/akadia"))
    assert found == TokenSource("my token", "master", Path("/usr/lib/x.so"), Path("/etc/akadia/pin"))
    assert str(found) == "pkcs11:token=my token;object=master"


@pytest.mark.parametrize("without", ["token=my%20token;", "object=master", "module-path=/usr/lib/x.so", "file:pin"])
def test_uri_that_is_not_whole_says_the_form(without: str) -> None:
    with pytest.raises(ValueError, match="is no whole PKCS#11 URI; write pkcs11:token=LABEL;object=LABEL"):
        parse_token_source(URI.replace(without, ""), Path())


@pytest.fixture
def source(tmp_path: Path, foreign_peer: Callable[[str], str]) -> TokenSource:
    return new_source(tmp_path, foreign_peer)


@pytest.fixture
def token(source: TokenSource) -> TokenMasterKey:
    assert init_token(source) == [source.object, f"{source.object}-k"]
    assert init_token(source) == []
    return open_token(source, Random(1).randbytes)


@pytest.mark.interop
def test_data_key_is_wrapped_by_the_token(token: TokenMasterKey, source: TokenSource, database_path: Path) -> None:
    with transaction(database_path) as connection:
        make_key(connection, token, KeyPurpose.SUBSCRIBER, Random(2).randbytes)
        (key,) = read_data_keys(connection)
    assert unwrap(open_token(source, Random(3).randbytes), key) == Random(2).randbytes(32)
    assert key.master == token.fingerprint
    assert len(token.fingerprint) == 16


@pytest.mark.interop
def test_value_opens_at_its_own_place_alone(token: TokenMasterKey) -> None:
    octets = token.seal(b"secret", table="t", column="c", imsi="1")
    assert token.open(octets, table="t", column="c", imsi="1") == b"secret"
    with pytest.raises(Misplaced, match="was sealed for another row or column"):
        token.open(octets, table="t", column="c", imsi="2")
    for place in (9, 25, len(octets) - 1):
        damaged = bytearray(octets)
        damaged[place] ^= 1
        with pytest.raises(Altered, match="was changed after it was sealed"):
            token.open(bytes(damaged), table="t", column="c", imsi="1")
    with pytest.raises(Altered, match="was not sealed by a token, or was cut"):
        token.open(octets[:20], table="t", column="c", imsi="1")


@pytest.mark.interop
@pytest.mark.parametrize("constants", [None, MilenageConstants(c=(0, 1, 2, 4, 16))])
def test_vector_is_computed_inside_the_token(token: TokenMasterKey, constants: MilenageConstants | None) -> None:
    functions = token.functions(token.wrap_k(K), OPC, constants)
    rand, sqn, amf = (bytes.fromhex(FIRST_SET[name]) for name in ("rand", "sqn", "amf"))
    mac_a, xres, ck, ik, ak = functions.vector(rand, sqn, amf)
    published = tuple(FIRST_SET[name] for name in ("f1", "f2", "f3", "f4", "f5"))
    assert (mac_a.hex(), xres.hex(), ck.hex(), ik.hex(), ak.hex()) == published
    assert functions.f1star(rand, sqn, amf).hex() == FIRST_SET["f1star"]
    assert (functions.f5star(rand).hex() == FIRST_SET["f5star"]) is (constants is None)


@pytest.mark.interop
async def test_k_never_leaves_the_token(token: TokenMasterKey, database_path: Path) -> None:
    custodian = Custodian(token, Random(4).randbytes)
    with changing(database_path, custodian, ACTOR, now) as change:
        profile = {"name": "kept", "algorithm": Algorithm.MILENAGE, "custody": Custody.TOKEN}
        change.connection.execute(insert(AlgorithmProfile).values(**profile))
        account = add(change, replace(new(profile="kept"), keys=SubscriberKeys(K, OPC)))
    assert account.k_check == key_check(K)
    database = Database(database_path)
    await database.open()
    service = HssService(database, Custodian(token, Random(5).randbytes), Random(6).randbytes, now_ms)
    (vector,) = await service.vectors(VectorRequest(IMSI, "aaa"))
    assert isinstance(SoftwareUsim(K, OPC).authenticate(vector.rand, vector.autn), Answer)
    with transaction(database_path) as connection:
        make_key(connection, token, KeyPurpose.SUBSCRIBER, Random(7).randbytes)
    assert rewrap(database_path, Custodian(token, Random(8).randbytes), lambda _count: None)[0] == 1
    await service.vectors(VectorRequest(IMSI, "aaa"))
    await database.close()
    with transaction(database_path) as connection:
        custodian.keyring.load(connection)
        row = connection.execute(select(Subscriber.k, Subscriber.k_check)).one()
    assert row.k_check == key_check(K)
    assert K not in row.k
    assert K.hex() not in json.dumps(str(account))


@pytest.mark.interop
@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        (Given(K, opc=OPC), OpcVerdict.SAME),
        (Given(K, op=OP), OpcVerdict.OP),
        (Given(K, opc=OP), OpcVerdict.OPC_AS_OP),
        (Given(Secret(bytes(16)), opc=OPC), OpcVerdict.DIFFERENT),
    ],
)
def test_keys_are_verified_without_taking_k_out(token: TokenMasterKey, given: Given, verdict: OpcVerdict) -> None:
    functions = token.functions(token.wrap_k(K), OPC, None)
    found = verify_by_functions(given, functions, 0x8000, KEPT, bytes(range(16)))
    assert (found.opc, found.k) == (verdict, verdict is not OpcVerdict.DIFFERENT)


@pytest.mark.interop
def test_k_that_another_token_wrapped_does_not_open(token: TokenMasterKey) -> None:
    wrapped = bytearray(token.wrap_k(K))
    wrapped[3] ^= 1
    with pytest.raises(TokenFailed, match="the token did not open a wrapped K: "):
        token.functions(bytes(wrapped), OPC, None).f5star(bytes(16))


@pytest.mark.interop
def test_each_failure_has_its_own_line(source: TokenSource, tmp_path: Path) -> None:
    def refused(wrong: TokenSource) -> str:
        with pytest.raises(MasterKeyRefused) as caught:
            open_token(wrong, Random(1).randbytes)
        assert "567890" not in str(caught.value)
        return str(caught.value)

    assert f"the token has no key {source.object}; make both with: akadia keys init-token" in refused(source)
    assert "has no such token; name one that it has" in refused(replace(source, token="none"))
    assert "cannot open shared object" in refused(replace(source, module=tmp_path / "none.so"))
    assert "the PIN cannot be read" in refused(replace(source, pin_file=tmp_path / "none"))
    source.pin_file.chmod(0o644)
    assert "others can read the PIN; close it with: chmod 600" in refused(source)


@pytest.mark.interop
def test_wrong_pin_is_named(source: TokenSource) -> None:
    # in a process of its own, because a token lets a process that has given its PIN in again
    source.pin_file.write_text("999999")
    program = "from pathlib import Path; from hss.keys.token import *; "
    program += "open_session(TokenSource({!r}, {!r}, Path({!r}), Path({!r})))"
    words = (source.token, source.object, str(source.module), str(source.pin_file))
    command = [sys.executable, "-c", program.format(*words)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert f"MasterKeyRefused: {source}: the PIN is wrong; correct it in {source.pin_file}" in done.stderr


def test_profile_of_a_token_needs_one(database_path: Path, vault: object) -> None:
    custodian = Custodian(vault)  # type: ignore[arg-type]
    with transaction(database_path) as connection:
        custodian.keyring.prepare(connection)
    with pytest.raises(VaultError, match=r"hss\.master_key names none; write pkcs11:token=LABEL"):
        custodian.columns(str(IMSI), SubscriberKeys(K, OPC), KEPT)
