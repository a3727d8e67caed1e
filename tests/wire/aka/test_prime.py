"""CK' and IK' of RFC 9048 Appendix D, and of conversations that hostap held."""

import json
from pathlib import Path
from typing import Any

import pytest

from wire.aka.prime import derive_prime
from wire.errors import EncodeError

FOLDER = Path(__file__).parents[2] / "vectors"
APPENDIX_D = json.loads((FOLDER / "eap_aka.json").read_text())["eap_aka_prime_rfc9048_appendix_d"]["cases"]
CAPTURED = [
    one
    for run in json.loads((FOLDER / "eap_captures.json").read_text())["runs"]
    for one in run["rounds"]
    if "ck_prime" in one
]


def derived(case: dict[str, Any], name: bytes) -> tuple[str, str]:
    autn = bytes.fromhex(case["autn"])
    ck_prime, ik_prime = derive_prime(bytes.fromhex(case["ck"]), bytes.fromhex(case["ik"]), name, autn[:6])
    return ck_prime.hex(), ik_prime.hex()


@pytest.mark.parametrize("case", APPENDIX_D, ids=lambda case: f"case {case['case']}")
def test_primes_are_those_of_rfc_9048(case: dict[str, Any]) -> None:
    assert derived(case, case["network_name_ascii"].encode()) == (case["ck_prime"], case["ik_prime"])


def test_primes_are_those_of_captured_conversations() -> None:
    assert len(CAPTURED) == 3
    for case in CAPTURED:
        assert derived(case, b"WLAN") == (case["ck_prime"], case["ik_prime"])


@pytest.mark.parametrize(
    ("ck", "ik", "name", "sqn"), [(15, 16, 4, 6), (16, 17, 4, 6), (16, 16, 4, 5), (16, 16, 65536, 6)]
)
def test_wrong_lengths_are_refused(ck: int, ik: int, name: int, sqn: int) -> None:
    with pytest.raises(EncodeError):
        derive_prime(bytes(ck), bytes(ik), bytes(name), bytes(sqn))
