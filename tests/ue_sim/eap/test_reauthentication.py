"""AKA-Reauthentication at the peer, against what hostap's server sent and its peer answered."""

from dataclasses import replace

import pytest

from tests.captures import Run, load_run
from ue_sim.eap.reauthentication import Reauthentication
from ue_sim.eap.states import Answered, AwaitingChallenge, Refused
from ue_sim.eap.temporary import Kept, Once
from wire.eap.aka import AkaMessage
from wire.eap.aka_keys import Keys, derive_keys
from wire.eap.attributes import At, Attribute, Attributes
from wire.eap.constants import Subtype
from wire.eap.encrypted import seal
from wire.secret import Secret

RUNS = pytest.mark.parametrize("name", ["aka_full_resultind_then_reauth", "akaprime_full_resultind_then_reauth"])
CLIENT_ERROR = Subtype.CLIENT_ERROR


def keys_of(run: Run) -> Keys:
    full = run.exchanges[0].rounds[0]
    return derive_keys(run.method, full.identity, full.vector().ck, full.vector().ik)


def asked(run: Run, counter: int = 1) -> Reauthentication:
    """The captured request, to a UE that accepts `counter` and the IV that hostap's peer drew."""
    exchange = run.exchanges[1]
    once = Once(exchange.rounds[0].identity, keys_of(run), counter)
    iv = AkaMessage.parse(exchange.responses[1]).attributes.get(At.IV) or b""
    state = AwaitingChallenge(run.method, once.identity, once=once)
    message = AkaMessage.parse(exchange.requests[0])
    return Reauthentication(message, state, Kept(b"2p"), result_ind=True, random=lambda count: iv[:count])


@RUNS
def test_captured_request_is_answered_octet_by_octet_as_hostap_did(name: str) -> None:
    run = load_run(name)
    captured, exchange = run.exchanges[1].rounds[0], run.exchanges[1]
    response, state = asked(run).judge()
    assert response == exchange.responses[1]
    assert isinstance(state, Answered)
    assert (state.keys.msk, state.keys.emsk) == (captured.values["msk"], captured.values["emsk"])
    assert (state.counter, state.result_agreed) == (1, True)
    assert state.kept.pseudonym == b"2p"
    assert state.kept.once is not None
    assert (state.kept.once.counter, state.kept.once.keys.mk) == (2, keys_of(run).mk)


@RUNS
def test_counter_that_was_seen_is_told(name: str) -> None:
    run = load_run(name)
    response, state = asked(run, counter=2).judge()
    message = AkaMessage.parse(response)
    keys = keys_of(run)
    inside = message.parse_encrypted(keys.k_encr)
    assert (inside.number(At.COUNTER), At.COUNTER_TOO_SMALL in inside) == (1, True)
    assert message.mac_is_genuine(keys.k_aut, run.exchanges[1].rounds[0].values["nonce_s"])
    assert isinstance(state, AwaitingChallenge)
    assert (state.identity, state.once) == (run.exchanges[1].rounds[0].identity, None)


def refused(request: Reauthentication, cause: str) -> None:
    response, state = request.judge()
    assert AkaMessage.parse(response).subtype is CLIENT_ERROR
    assert isinstance(state, Refused)
    assert cause in state.cause


@RUNS
def test_request_that_proves_nothing_is_refused(name: str) -> None:
    run = load_run(name)
    request = asked(run)
    refused(replace(request, state=replace(request.state, once=None)), "did not ask for")
    octets = run.exchanges[1].requests[0]
    altered = AkaMessage.parse(octets[:40] + bytes((octets[40] ^ 1,)) + octets[41:])
    refused(replace(request, message=altered), "AT_MAC")
    rounds = (b"a request", b"a response")
    refused(replace(request, state=replace(request.state, rounds=rounds)), "AT_CHECKCODE")


@RUNS
def test_request_that_encrypts_something_else_is_refused(name: str) -> None:
    run = load_run(name)
    keys = keys_of(run)
    sealed = seal((Attribute(200, bytes(14)),), keys.k_encr, bytes(16))
    message = replace(asked(run).message, attributes=Attributes(sealed))
    octets = message.build(Secret(keys.k_aut))
    refused(replace(asked(run), message=AkaMessage.parse(octets)), "AT_ENCR_DATA: AT_COUNTER is missing")
