"""The peer of the load against hostap's server, and against a server that errs."""

from collections.abc import Callable

import pytest

from tests.captures import Exchange, Run, load_run, load_runs
from ue_sim.load.attributes import UeRefuses
from ue_sim.load.keys import Keys
from ue_sim.load.peer import Names, Once, Peer
from ue_sim.load.usim import Answer, Memory
from wire.aka.milenage import Milenage
from wire.eap.packet import failure, identity_request, identity_response, nak, success
from wire.identity import EapMethod, permanent_nai

PLAIN = [run for run in load_runs() if not run.exchanges[0].result_indicated and "wrong_key" not in run.name]
INDICATED = [run for run in load_runs() if len(run.exchanges) == 2]


def card(run: Run) -> Callable[[bytes, bytes], Answer]:
    """hostap's USIM accepts any SQN above its last one, whatever its IND."""
    memory, functions = Memory(), Milenage(run.k, run.opc)
    seq, ind = divmod(run.ue_sqn, 32)
    memory._seqs = {each: seq - (each != ind) for each in range(32)}
    return lambda rand, autn: memory.authenticate(0, functions, rand, autn)


def names_of(run: Run, once: Once | None = None) -> Names:
    # hostap's peer shows what it was given as it is
    return Names(permanent_nai(run.imsi, run.plmn, run.method).encode(), b"", once=once)


def peer_of(run: Run, *, once: Once | None = None, iv: bytes = b"") -> Peer:
    return Peer(card(run), run.method, names_of(run, once), lambda _: iv, wants_temporary=True)


@pytest.mark.parametrize("run", PLAIN, ids=[run.name for run in PLAIN])
def test_peer_answers_as_the_captured_peer_did(run: Run) -> None:
    exchange = run.exchanges[0]
    peer = peer_of(run)
    first, *responses = exchange.responses
    assert peer.begin()[5:] == first[5:]
    *requests, result = exchange.requests
    for request, response in zip(requests, responses, strict=True):
        assert peer.answer(request) == response
    if exchange.succeeded:
        assert peer.answer(result) == b""
        assert (peer.msk, peer.fast) == (exchange.rounds[-1].values["msk"], False)
        assert peer.resynchronisations == len(exchange.rounds) - 1
    else:
        with pytest.raises(UeRefuses, match="AT_NOTIFICATION 16384"):
            peer.answer(result)


def before_notification(exchange: Exchange) -> tuple[bytes, ...]:
    return tuple(octets for octets in exchange.requests if octets[5:6] in (b"\x05", b"\x01", b"\x0d"))


@pytest.mark.parametrize("run", INDICATED, ids=[run.name for run in INDICATED])
def test_fast_reauthentication_gives_the_captured_keys(run: Run) -> None:
    full, fast = run.exchanges
    peer = peer_of(run)
    last = b""
    for request in before_notification(full):
        last = peer.answer(request)
    peer.answer(success(last[1]))
    assert peer.once is not None
    assert peer.pseudonym is not None
    captured = fast.responses[1]
    at = captured.index(bytes((129, 5, 0, 0))) + 4
    again = peer_of(run, once=peer.once, iv=captured[at : at + 16])
    assert again.begin()[5:] == fast.responses[0][5:]
    (request,) = before_notification(fast)
    response = again.answer(request)
    # all but AT_RESULT_IND, which this peer does not want, and so AT_MAC and the length
    assert response[8:-16] == captured[8:-16].replace(bytes((135, 1, 0, 0)), b"")
    again.answer(success(response[1]))
    assert (again.msk, again.fast) == (fast.rounds[0].values["msk"], True)
    assert again.once is None or again.once.counter == fast.rounds[0].counter + 1


RUN = load_run("aka_resync_then_full")


def challenged(octets: bytes) -> Peer:
    peer = peer_of(load_run("akaprime_full_direct_success"))
    identity, _ = load_run("akaprime_full_direct_success").exchanges[0].requests[:2]
    peer.answer(identity)
    peer.answer(octets)
    return peer


def test_any_changed_octet_of_a_challenge_is_refused() -> None:
    challenge = load_run("akaprime_full_direct_success").exchanges[0].requests[1]
    assert challenged(challenge).msk
    for place in range(8, len(challenge)):
        changed = bytearray(challenge)
        changed[place] ^= 1
        with pytest.raises(UeRefuses):
            challenged(bytes(changed))


def test_identity_is_told_again_and_another_method_refused() -> None:
    peer = peer_of(RUN)
    assert peer.answer(identity_request(9)) == identity_response(9, peer.identity)
    assert peer.answer(bytes((1, 9, 0, 6, 13, 32))) == nak(9, EapMethod.AKA)


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (success(1), "EAP-Success before the challenge"),
        (failure(1), "EAP-Failure"),
        (b"\x01\x01", "malformed EAP packet"),
        (b"\x01\x01\x00\x09\x17", "malformed EAP packet"),
        (bytes((1, 1, 0, 8, 23, 99, 0, 0)), "subtype 99"),
        (bytes((1, 1, 0, 8, 23, 13, 0, 0)), "did not ask for"),
        (bytes((1, 1, 0, 8, 23, 1, 0, 0)), "AT_RAND is missing"),
    ],
)
def test_what_leads_nowhere_has_a_cause(octets: bytes, said: str) -> None:
    with pytest.raises(UeRefuses, match=said) as refused:
        peer_of(RUN).answer(octets)
    assert said in refused.value.cause


def test_each_request_for_an_identity_shows_more() -> None:
    once = Once(b"4again", Keys(b"", b"", b"", b""), 1)
    names = Names(b"0permanent@realm", b"realm", b"2pseudonym", once)
    peer = Peer(card(RUN), EapMethod.AKA, names, bytes, wants_temporary=True)
    assert peer.identity == b"4again@realm"
    told = []
    for kind in (13, 17, 10):
        request = bytes((1, 5, 0, 12, 23, 5, 0, 0, kind, 1, 0, 0))
        told.append(peer.answer(request)[12:])
    assert [each.rstrip(b"\0") for each in told] == [b"4again@realm", b"2pseudonym@realm", b"0permanent@realm"]
