"""The card's judgement, against TS 35.208 and against the USIM of `ue_sim`."""

import pytest

from ue_sim.load.usim import Forged, Memory, Stale
from ue_sim.usim import Answer, OutOfSync, SoftwareUsim
from wire.aka.milenage import Milenage
from wire.aka.sqn import conceal, join_sqn
from wire.secret import Secret

# TS 35.208 §4.3.1: test set 1
K, OPC = (Secret.fromhex(k) for k in ("465b5ce8b199b49faa5f0a2ee238a6bc", "cd63cb71954a9f4e48a5994e37a02baf"))
RAND = bytes.fromhex("23553cbe9637a89d218ae64dae47bf35")
AUTN = bytes.fromhex("55f328b43577b9b94a9ffac354dfafb3")
FUNCTIONS = Milenage(K, OPC)


def autn(seq: int, ind: int = 1) -> bytes:
    sqn = join_sqn(seq, ind)
    ak = FUNCTIONS.f2345(RAND)[3]
    return conceal(sqn, ak) + b"\x80\x00" + FUNCTIONS.f1(RAND, sqn.to_bytes(6, "big"), b"\x80\x00")


def test_challenge_of_the_test_set_is_answered() -> None:
    answer = Memory().authenticate(0, FUNCTIONS, RAND, AUTN)
    assert answer.res.hex() == "a54211d5e3ba50bf"
    assert answer.ck.hex() == "b40ba9a3c58b2a05bbf0d987b21bf8cb"
    assert answer.ik.hex() == "f769bcd751044604127672711c6d3441"


@pytest.mark.parametrize("place", range(16))
def test_any_other_octet_is_forged(place: int) -> None:
    changed = bytearray(AUTN)
    changed[place] ^= 1
    with pytest.raises(Forged):
        Memory().authenticate(0, FUNCTIONS, RAND, bytes(changed))


def test_card_accepts_what_the_usim_accepts_and_resynchronises_as_it_does() -> None:
    memory, usim = Memory(), SoftwareUsim(K, OPC)
    outcomes = []
    for seq, ind in ((5, 1), (4, 2), (5, 1), (6, 1), (5, 2), (3, 2), (1, 9), (6, 1)):
        expected = usim.authenticate(RAND, autn(seq, ind))
        try:
            answer = memory.authenticate(7, FUNCTIONS, RAND, autn(seq, ind))
        except Stale as stale:
            assert expected == OutOfSync(stale.auts)
            outcomes.append("stale")
        else:
            assert expected == Answer(Secret(answer.res), Secret(answer.ck), Secret(answer.ik))
            outcomes.append("fresh")
    assert outcomes == ["fresh", "fresh", "stale", "fresh", "fresh", "stale", "fresh", "stale"]


def test_cards_do_not_share_their_memory() -> None:
    memory = Memory()
    for number in (0, 1, 31, 32):
        memory.authenticate(number, FUNCTIONS, RAND, autn(5))
