"""Keys of RFC 4186 Appendix A, RFC 9048 Appendix D, and of conversations that others held."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.captures import load_run, load_runs
from wire.eap.aka_keys import (
    Keys,
    derive_aka_keys,
    derive_aka_prime_keys,
    derive_keys,
    prf_prime,
    reauth_session_id,
    rederive_aka_keys,
    rederive_aka_prime_keys,
    rederive_keys,
    resumed_keys,
    resumption_secret,
    session_id,
)
from wire.eap.fips186 import fips186_prf
from wire.errors import DecodeError, EncodeError
from wire.identity import EapMethod
from wire.secret import Secret

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "eap_aka.json").read_text())
SIM = VECTORS["rfc4186_appendix_a_eap_sim"]
AKA_CASES = [*VECTORS["eap_aka_keys"], *VECTORS["eap_aka_full_runs"]]
NAMES = ("mk", "k_encr", "k_aut", "msk", "emsk")


def octets(case: dict[str, Any], name: str) -> bytes:
    return bytes.fromhex(case[name])


@pytest.mark.parametrize("case", AKA_CASES, ids=lambda case: str(case["identity_ascii"]))
def test_aka_keys_are_the_published_ones(case: dict[str, Any]) -> None:
    keys = derive_keys(EapMethod.AKA, case["identity_ascii"].encode(), octets(case, "ck"), octets(case, "ik"))
    assert [getattr(keys, name).hex() for name in NAMES if name in case] == [case[n] for n in NAMES if n in case]
    assert keys.k_re == b""


@pytest.mark.parametrize(
    "case", VECTORS["eap_aka_prime_rfc9048_appendix_d"]["cases"], ids=lambda case: f"case {case['case']}"
)
def test_prime_keys_are_those_of_rfc_9048(case: dict[str, Any]) -> None:
    identity = case["identity_ascii"].encode()
    keys = derive_keys(EapMethod.AKA_PRIME, identity, octets(case, "ck_prime"), octets(case, "ik_prime"))
    for name in (*NAMES, "k_re"):
        assert getattr(keys, name).hex() == case[name]


def test_expansion_of_rfc_4186_is_the_same() -> None:
    stream = fips186_prf(bytes.fromhex(SIM["keys"]["mk"]), 160).hex()
    assert stream == "".join(SIM["keys"][name] for name in ("k_encr", "k_aut", "msk", "emsk"))


def test_reauthentication_of_rfc_4186_is_the_same() -> None:
    case = SIM["reauth"]
    keys = rederive_aka_keys(
        Secret.fromhex(SIM["keys"]["mk"]), case["identity_ascii"].encode(), case["counter"], octets(case, "nonce_s")
    )
    assert (keys.msk.hex(), keys.emsk.hex()) == (case["msk"], case["emsk"])


def test_prime_reauthentication_is_the_published_one() -> None:
    case = VECTORS["eap_aka_prime_reauth"]
    keys = rederive_aka_prime_keys(
        Secret(octets(case, "k_re")), case["identity_ascii"].encode(), case["counter"], octets(case, "nonce_s")
    )
    assert (keys.msk.hex(), keys.emsk.hex()) == (case["msk"], case["emsk"])


def test_captured_keys_are_derived() -> None:
    seen = 0
    for run in load_runs():
        for one in (one for exchange in run.exchanges for one in exchange.rounds if one.kind == "full"):
            vector = one.vector()
            keys = derive_keys(run.method, one.identity, vector.ck, vector.ik)
            for name in NAMES:
                assert getattr(keys, name) == one.values[name]
            seen += 1
    assert seen == 7


@pytest.mark.parametrize("name", ["aka_full_resultind_then_reauth", "akaprime_full_resultind_then_reauth"])
def test_captured_reauthentication_keys_are_derived(name: str) -> None:
    run = load_run(name)
    full, again = run.exchanges[0].rounds[0], run.exchanges[1].rounds[0]
    keys = derive_keys(run.method, full.identity, full.vector().ck, full.vector().ik)
    fresh = rederive_keys(keys, again.identity, again.counter, again.values["nonce_s"])
    assert (fresh.msk, fresh.emsk) == (again.values["msk"], again.values["emsk"])


@pytest.mark.parametrize("name", ["aka_full_resultind_then_reauth", "akaprime_full_resultind_then_reauth"])
def test_captured_reauthentication_goes_on_from_a_short_secret(name: str) -> None:
    run = load_run(name)
    full, again = run.exchanges[0].rounds[0], run.exchanges[1].rounds[0]
    keys = derive_keys(run.method, full.identity, full.vector().ck, full.vector().ik)
    secret = resumption_secret(keys)
    assert len(secret) == (80 if run.method is EapMethod.AKA_PRIME else 20)
    resumed = resumed_keys(run.method, secret)
    assert (resumed.k_encr, resumed.k_aut) == (keys.k_encr, keys.k_aut)
    assert (len(resumed.msk), len(resumed.emsk)) == (0, 0)
    assert rederive_keys(resumed, again.identity, again.counter, again.values["nonce_s"]).msk == again.values["msk"]
    assert secret.hex() not in repr((secret, resumed))


@pytest.mark.parametrize(("method", "length"), [(EapMethod.AKA, 80), (EapMethod.AKA_PRIME, 20), (EapMethod.SIM, 80)])
def test_secret_of_a_wrong_length_holds_no_keys(method: EapMethod, length: int) -> None:
    with pytest.raises(DecodeError):
        resumed_keys(method, bytes(length))


def test_session_id_names_the_method_first() -> None:
    assert session_id(EapMethod.AKA, b"r" * 16, b"a" * 16) == b"\x17" + b"r" * 16 + b"a" * 16
    assert session_id(EapMethod.AKA_PRIME, b"r" * 16, b"a" * 16)[:1] == b"\x32"
    assert reauth_session_id(EapMethod.AKA_PRIME, b"n" * 16, b"m" * 16) == b"\x32" + b"n" * 16 + b"m" * 16


def test_keys_stay_hidden() -> None:
    keys: Keys = derive_aka_keys(b"0", bytes(16), bytes(16))
    prime = derive_aka_prime_keys(b"6", bytes(16), bytes(16))
    shown = repr(keys) + str(prime)
    assert shown.count("<secret of 64 octets>") == 4
    assert keys.msk.hex() not in shown
    assert "\\x" not in shown


def test_other_methods_and_endless_streams_are_refused() -> None:
    with pytest.raises(EncodeError):
        derive_keys(EapMethod.SIM, b"1", bytes(16), bytes(16))
    with pytest.raises(EncodeError):
        prf_prime(bytes(32), b"", 255 * 32 + 1)
    assert len(prf_prime(bytes(32), b"", 255 * 32)) == 8160
