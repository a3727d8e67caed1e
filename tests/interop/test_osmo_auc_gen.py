"""libosmocore's osmo-auc-gen as a foreign authentication centre, for Milenage and for the test algorithm."""

import subprocess
from collections.abc import Callable

import pytest

from hss.auc import quintuplet
from wire.aka.functions import AkaFunctions
from wire.aka.milenage import Milenage
from wire.aka.sqn import conceal
from wire.aka.vector import Auts
from wire.aka.xor import TestAlgorithm
from wire.identity import EapMethod
from wire.secret import Secret

pytestmark = pytest.mark.interop

K, OPC = bytes(range(16)), bytes(range(16, 32))
FUNCTIONS: dict[str, AkaFunctions] = {
    "MILENAGE": Milenage(Secret(K), Secret(OPC)),
    "XOR": TestAlgorithm(Secret(K)),
}
RANDS = [bytes(range(32, 48)), b"\xff" * 16]
AMF = 0x8000


@pytest.fixture
def osmo(foreign_peer: Callable[[str], str]) -> Callable[..., dict[str, str]]:
    """`osmo(algorithm, rand, ...)` is what the program prints, by name."""
    program = foreign_peer("osmo-auc-gen")

    def run(algorithm: str, rand: bytes, *more: str) -> dict[str, str]:
        command = [program, "-3", "-a", algorithm, "-k", K.hex(), "-o", OPC.hex(), "-f", f"{AMF:04x}"]
        done = subprocess.run(
            [*command, "-r", rand.hex(), *more], capture_output=True, text=True, timeout=10, check=True
        )
        pairs = (line.split(":", 1) for line in done.stdout.splitlines() if ":\t" in line)
        return {name: value.strip() for name, value in pairs}

    return run


@pytest.mark.parametrize("rand", RANDS, ids=["counting", "ones"])
@pytest.mark.parametrize("algorithm", FUNCTIONS)
def test_vector_is_the_one_that_osmo_makes(osmo: Callable[..., dict[str, str]], algorithm: str, rand: bytes) -> None:
    printed = osmo(algorithm, rand, "-s", "8000")
    vector = quintuplet(FUNCTIONS[algorithm], int(printed["SQN"]), rand, AMF, EapMethod.AKA)
    assert printed["AUTN"] == vector.autn.hex()
    assert (printed["RES"], printed["CK"], printed["IK"]) == (vector.xres.hex(), vector.ck.hex(), vector.ik.hex())


@pytest.mark.parametrize("sqn_ms", [33, 0x123456789ABC])
@pytest.mark.parametrize("algorithm", FUNCTIONS)
def test_osmo_accepts_an_auts_of_ours(osmo: Callable[..., dict[str, str]], algorithm: str, sqn_ms: int) -> None:
    functions, rand = FUNCTIONS[algorithm], RANDS[0]
    mac_s = functions.f1star(rand, sqn_ms.to_bytes(6, "big"), b"\0\0")
    auts = Auts(conceal(sqn_ms, functions.f5star(rand)), mac_s).build()
    assert int(osmo(algorithm, rand, "-A", auts.hex())["SQN.MS"]) == sqn_ms


def test_osmo_refuses_a_forged_auts(osmo: Callable[..., dict[str, str]]) -> None:
    with pytest.raises(subprocess.CalledProcessError) as refused:
        osmo("XOR", RANDS[0], "-A", bytes(14).hex())
    assert "AUTS from MS seems incorrect" in refused.value.stderr
