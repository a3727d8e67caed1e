"""The outputs that another implementation prints, and K of TS 34.108 §8.2."""

import pytest

from wire.aka.sqn import conceal
from wire.aka.xor import TestAlgorithm
from wire.errors import EncodeError
from wire.secret import Secret

K, RAND, SQN, AMF = bytes(range(16)), b"\x34" * 16, b"\0\0\0\0\0\1", b"\x80\0"
XDOUT = "34353637303132333c3d3e3f38393a3b"


def test_functions_give_what_pfk_milenage_prints() -> None:
    """main.cc of github.com/flipk/pfk-milenage, under "Testing XOR"."""
    functions = TestAlgorithm(Secret(K))
    mac_a, res, ck, ik, ak = functions.vector(RAND, SQN, AMF)
    assert (mac_a.hex(), ak.hex()) == ("343536373030b233", "37303132333c")
    assert res.hex() == XDOUT
    assert ck.hex() == "353637303132333c3d3e3f38393a3b34"
    assert ik.hex() == "3637303132333c3d3e3f38393a3b3435"
    assert functions.f1star(RAND, SQN, AMF).hex() == "343536373030b233"
    assert (conceal(1, functions.f5star(RAND))).hex() == "37303132333d"


def test_keys_stay_hidden() -> None:
    assert XDOUT not in repr(TestAlgorithm(Secret(K)).vector(RAND, SQN, AMF))


def test_key_of_another_length_is_refused() -> None:
    with pytest.raises(EncodeError, match="16 octets"):
        TestAlgorithm(Secret(bytes(32)))
