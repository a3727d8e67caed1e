"""The software USIM: TS 33.102 §6.3.3 and Annex C.2; the challenges and AUTS that hostap's simulator saw."""

import pytest

from tests.captures import load_run, load_runs
from ue_sim.usim import DELTA, Answer, Forged, Outcome, OutOfSync, SoftwareUsim
from wire.aka.milenage import Milenage
from wire.aka.sqn import conceal, join_sqn, reveal
from wire.aka.vector import Autn, Auts
from wire.errors import DecodeError
from wire.secret import Secret

K, OPC = load_runs()[0].k, load_runs()[0].opc
RAND = bytes(range(16))


def challenge(usim: SoftwareUsim, sqn: int, amf: bytes = b"\x80\x00") -> Outcome:
    mac_a, _, _, _, ak = Milenage(K, OPC).vector(RAND, sqn.to_bytes(6, "big"), amf)
    return usim.authenticate(RAND, Autn(conceal(sqn, ak), amf, mac_a).build())


def sqn_in(outcome: Outcome) -> int:
    """SQN_MS of a synchronisation failure whose MAC-S is genuine with AMF* = 0."""
    assert isinstance(outcome, OutOfSync)
    auts, functions = Auts.parse(outcome.auts), Milenage(K, OPC)
    sqn = reveal(auts.concealed_sqn, functions.f5star(RAND))
    assert auts.mac_s == functions.f1star(RAND, sqn.to_bytes(6, "big"), bytes(2))
    return sqn


@pytest.mark.parametrize("run", load_runs(), ids=lambda run: str(run.name))
def test_usim_answers_captured_challenges(run: object) -> None:
    for captured in load_runs():
        if captured is run and captured.exchanges[0].rounds:
            values = captured.exchanges[0].rounds[-1].values
            outcome = SoftwareUsim(captured.k, captured.opc).authenticate(values["rand"], values["autn"])
            assert outcome == Answer(Secret(values["xres"]), Secret(values["ck"]), Secret(values["ik"]))


def test_usim_makes_the_captured_auts() -> None:
    run = load_run("aka_resync_then_full")
    values = run.exchanges[0].rounds[0].values
    usim = SoftwareUsim(run.k, run.opc, (0x80, *[0x7F] * 31))
    assert usim.sqn_ms == run.ue_sqn
    sync_failure = run.exchanges[0].responses[2]
    assert usim.authenticate(values["rand"], values["autn"]) == OutOfSync(sync_failure[-14:])


def test_usim_refuses_a_forged_autn_and_keeps_its_state() -> None:
    usim = SoftwareUsim(Secret(bytes(16)), OPC)
    assert challenge(usim, 32) == Forged()
    assert usim.state == (0,) * 32


def test_usim_accepts_each_sqn_once() -> None:
    usim = SoftwareUsim(K, OPC)
    assert isinstance(challenge(usim, join_sqn(1, 0)), Answer)
    assert sqn_in(challenge(usim, join_sqn(1, 0))) == join_sqn(1, 0)


def test_usim_keeps_one_seq_for_each_ind() -> None:
    usim = SoftwareUsim(K, OPC)
    for seq, ind in ((9, 3), (2, 4), (3, 4), (10, 3)):
        assert isinstance(challenge(usim, join_sqn(seq, ind)), Answer)
    assert usim.state == (0, 0, 0, 10, 3, *[0] * 27)
    # IND 4 has 3 by now; SQN_MS is the highest of the whole array.
    assert sqn_in(challenge(usim, join_sqn(3, 4))) == join_sqn(10, 3)


def test_usim_of_no_past_reports_sqn_ms_zero() -> None:
    usim = SoftwareUsim(K, OPC)
    assert sqn_in(challenge(usim, join_sqn(0, 5))) == 0
    assert usim.sqn_ms == 0


def test_usim_reports_the_higher_ind_of_equal_seqs() -> None:
    usim = SoftwareUsim(K, OPC, (7, 7, *[1] * 30))
    assert usim.sqn_ms == join_sqn(7, 1)


def test_usim_refuses_a_jump_beyond_delta() -> None:
    usim = SoftwareUsim(K, OPC)
    assert sqn_in(challenge(usim, join_sqn(DELTA + 1, 0))) == 0
    assert isinstance(challenge(usim, join_sqn(DELTA, 0)), Answer)
    assert isinstance(challenge(usim, join_sqn(2 * DELTA, 1)), Answer)


def test_usim_goes_on_from_the_state_it_is_given() -> None:
    first = SoftwareUsim(K, OPC)
    challenge(first, join_sqn(5, 2))
    second = SoftwareUsim(K, OPC, first.state)
    assert isinstance(challenge(second, join_sqn(5, 2)), OutOfSync)
    assert isinstance(challenge(second, join_sqn(6, 2)), Answer)


@pytest.mark.parametrize("state", [(1,), (0,) * 31, (0,) * 33, (-1, *[0] * 31), (1 << 43, *[0] * 31)])
def test_usim_refuses_a_state_that_is_none(state: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="state of this USIM"):
        SoftwareUsim(K, OPC, state)


def test_usim_refuses_an_autn_of_a_wrong_length() -> None:
    with pytest.raises(DecodeError):
        SoftwareUsim(K, OPC).authenticate(RAND, bytes(15))


def test_usim_hides_its_keys() -> None:
    usim = SoftwareUsim(K, OPC)
    assert K.hex() not in repr(usim) + repr(vars(usim))
    assert "secret" in repr(challenge(usim, join_sqn(1, 0)))
