"""The key schedules, against what hostap derived and against those of `wire.eap`."""

import pytest

from tests.captures import Run, load_runs
from ue_sim.load.keys import Keys, fast, full, mac
from wire.eap.aka_keys import derive_keys, rederive_keys
from wire.eap.mac import fill_mac
from wire.identity import EapMethod
from wire.secret import Secret

SUCCESSFUL = [run for run in load_runs() if run.exchanges[0].succeeded]


@pytest.mark.parametrize("run", SUCCESSFUL, ids=[run.name for run in SUCCESSFUL])
def test_keys_are_those_of_the_captured_conversation(run: Run) -> None:
    first = run.exchanges[0].rounds[-1]
    vector = first.vector()
    keys = full(run.method, first.identity, vector.ck, vector.ik)
    assert keys.msk == first.values["msk"]
    assert (keys.k_encr, keys.k_aut) == (first.values["k_encr"], first.values["k_aut"])
    for again in (one for exchange in run.exchanges[1:] for one in exchange.rounds):
        nonce_s = again.values["nonce_s"]
        assert fast(run.method, keys, again.identity, again.counter, nonce_s) == again.values["msk"]


@pytest.mark.parametrize("method", [EapMethod.AKA, EapMethod.AKA_PRIME])
def test_keys_are_those_of_the_server(method: EapMethod) -> None:
    ck, ik = bytes(range(16)), bytes(range(16, 32))
    ours, theirs = full(method, b"0identity", ck, ik), derive_keys(method, b"0identity", ck, ik)
    master = theirs.mk if method is EapMethod.AKA else theirs.k_re
    assert ours == Keys(theirs.k_encr, theirs.k_aut, master, theirs.msk)
    again = rederive_keys(theirs, b"4again", 7, bytes(16))
    assert fast(method, ours, b"4again", 7, bytes(16)) == again.msk


@pytest.mark.parametrize("method", [EapMethod.AKA, EapMethod.AKA_PRIME])
def test_mac_is_that_of_the_codec(method: EapMethod) -> None:
    octets = bytes((2, 1, 0, 28, method, 13, 0, 0, 11, 5, 0, 0)) + bytes(16)
    assert fill_mac(octets, method, Secret(b"k" * 16), b"nonce")[-16:] == mac(method, b"k" * 16, octets + b"nonce")
