"""The EAP peer against what hostap's server sent: every answer must be the one hostap's peer gave, octet by octet."""

import pytest

from tests.captures import Exchange, Run, load_runs
from ue_sim.eap_peer import AkaPeer, EapArrived, KeysDerived, PeerFailed, SendEap
from ue_sim.usim import SoftwareUsim
from wire.secret import Secret

FULL = [(run, run.exchanges[0]) for run in load_runs()]


def usim_of(run: Run) -> SoftwareUsim:
    """hostap's USIM accepts any SQN above its last one, whatever its IND."""
    seq, ind = divmod(run.ue_sqn, 32)
    state = [seq - 1] * 32
    state[ind] = seq
    k = bytes(16) if "wrong_key" in run.name else run.k
    return SoftwareUsim(Secret(k), run.opc, tuple(state))


def peer_of(run: Run, exchange: Exchange) -> AkaPeer:
    return AkaPeer(
        usim=usim_of(run),
        imsi=run.imsi,
        plmn=run.plmn,
        methods=(run.method,),
        network_name=run.network_name or None,
        result_ind=exchange.result_indicated,
    )


@pytest.mark.parametrize(("run", "exchange"), FULL, ids=[run.name for run, _ in FULL])
def test_peer_answers_as_the_captured_peer_did(run: Run, exchange: Exchange) -> None:
    peer = peer_of(run, exchange)
    identity, *responses = exchange.responses
    assert identity[5:] == peer.identity
    *requests, result = exchange.requests
    for request, response in zip(requests, responses, strict=True):
        assert peer.handle(EapArrived(request), 0.0) == [SendEap(response)]
    effects = peer.handle(EapArrived(result), 0.0)
    if exchange.succeeded:
        values = exchange.rounds[-1].values
        expected = bytes((run.method,)) + values["rand"] + values["autn"]
        assert effects == [KeysDerived(Secret(values["msk"]), Secret(values["emsk"]), expected, run.method)]
    else:
        assert [type(effect) for effect in effects] == [PeerFailed]
