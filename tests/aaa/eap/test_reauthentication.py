"""AKA-Reauthentication, against what hostap's server sent and its peer answered."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from aaa.eap.challenge import Genuine, WrongAnswer
from aaa.eap.policy import AkaPolicy
from aaa.eap.reauthentication import Answer, CounterTooSmall, proven, read_answer, reauthenticating
from aaa.eap.states import Exchange, Reauthenticating
from aaa.eap.temporary import Resumable
from tests.aaa.eap.dialogue import IMSI, ONCE, RESUMABLES, TemporaryIdentities, reauthentication_response, seeded
from tests.captures import load_run
from wire.eap.aka import AkaMessage
from wire.eap.aka_keys import derive_keys
from wire.eap.attributes import At, Attribute, Attributes
from wire.eap.encrypted import seal
from wire.identity import EapMethod

AKA, PRIME = EapMethod.AKA, EapMethod.AKA_PRIME
POLICY = AkaPolicy(network_name="WLAN")


def out(method: EapMethod = AKA, policy: AkaPolicy = POLICY) -> tuple[Reauthenticating, AkaMessage]:
    """A request that is out, with identifier 9 and counter 3."""
    exchange = Exchange(method, ONCE[method], 9)
    state, packet = reauthenticating(
        exchange, RESUMABLES[method], b"", policy=policy, identities=TemporaryIdentities(), random=seeded
    )
    return state, AkaMessage.parse(packet)


@pytest.mark.parametrize("name", ["aka_full_resultind_then_reauth", "akaprime_full_resultind_then_reauth"])
def test_captured_peer_proves_itself_to_the_captured_request(name: str) -> None:
    run = load_run(name)
    full, exchange = run.exchanges[0].rounds[0], run.exchanges[1]
    once = exchange.rounds[0]
    keys = derive_keys(run.method, full.identity, full.vector().ck, full.vector().ik)
    captured = AkaMessage.parse(exchange.requests[0])
    inside = captured.parse_encrypted(keys.k_encr)
    drawn = [once.values["nonce_s"], captured.attributes.get(At.IV) or b""]
    identities = TemporaryIdentities(next_onces=[inside.get(At.NEXT_REAUTH_ID) or b""])
    policy = replace(POLICY, result_ind=True)
    state, packet = reauthenticating(
        Exchange(run.method, once.identity, captured.identifier),
        Resumable(run.imsi, keys, 1, 1000),
        b"",
        policy=policy,
        identities=identities,
        random=lambda _: drawn.pop(0),
    )
    assert packet == exchange.requests[0]
    assert identities.asked == [(Resumable(run.imsi, keys, 2, 1000), "WLAN" if run.method is PRIME else None)]
    assert read_answer(state, AkaMessage.parse(exchange.responses[1]), policy) == Genuine(result_ind=True)
    assert (proven(state).msk, proven(state).counter) == (once.values["msk"], 1)


@pytest.mark.parametrize("method", [AKA, PRIME])
def test_peer_that_says_all_right_is_genuine(method: EapMethod) -> None:
    state, request = out(method)
    answer = AkaMessage.parse(reauthentication_response(request, Attribute(At.CHECKCODE)))
    assert read_answer(state, answer, POLICY) == Genuine(result_ind=False)
    assert (proven(state).imsi, proven(state).keys) == (IMSI, RESUMABLES[method].keys)
    assert state.session_id == bytes((method,)) + seeded(16) + (request.attributes.get(At.MAC) or b"")


def test_peer_that_has_seen_the_counter_says_so() -> None:
    state, request = out()
    answer = AkaMessage.parse(reauthentication_response(request, too_small=True))
    assert read_answer(state, answer, POLICY) == CounterTooSmall()


def altered(octets: bytes) -> bytes:
    """One bit of AT_ENCR_DATA turned."""
    return octets[:40] + bytes((octets[40] ^ 1,)) + octets[41:]


def without_nonce(request: AkaMessage) -> bytes:
    """An answer whose AT_MAC does not cover NONCE_S."""
    message = AkaMessage.parse(reauthentication_response(request))
    items = tuple(item for item in message.attributes if item.type != At.MAC)
    return replace(message, attributes=Attributes(items)).build(RESUMABLES[AKA].keys.k_aut)


def without_counter(request: AkaMessage) -> bytes:
    """An answer that encrypts something else."""
    keys = RESUMABLES[AKA].keys
    items = seal((Attribute(200, bytes(14)),), keys.k_encr, bytes(16))
    message = replace(AkaMessage.parse(reauthentication_response(request)), attributes=Attributes(items))
    return message.build(keys.k_aut, seeded(16))


WRONG: dict[str, tuple[Callable[[AkaMessage], bytes], Answer]] = {
    "one bit": (lambda request: altered(reauthentication_response(request)), WrongAnswer("AT_MAC is wrong")),
    "an AT_MAC without NONCE_S": (without_nonce, WrongAnswer("AT_MAC is wrong")),
    "another counter": (
        lambda request: reauthentication_response(request, counter=4),
        WrongAnswer("AT_COUNTER is another"),
    ),
    "another checkcode": (
        lambda request: reauthentication_response(request, Attribute(At.CHECKCODE, b"c" * 20)),
        WrongAnswer("AT_CHECKCODE is wrong"),
    ),
    "another checkcode, and a counter that is too small": (
        lambda request: reauthentication_response(request, Attribute(At.CHECKCODE, b"c" * 20), too_small=True),
        WrongAnswer("AT_CHECKCODE is wrong"),
    ),
    "no counter": (without_counter, WrongAnswer("AT_ENCR_DATA: AT_COUNTER is missing", malformed=True)),
}


@pytest.mark.parametrize(("say", "verdict"), WRONG.values(), ids=WRONG.keys())
def test_peer_that_says_something_wrong_proves_nothing(say: Callable[[AkaMessage], bytes], verdict: Answer) -> None:
    state, request = out()
    assert read_answer(state, AkaMessage.parse(say(request)), POLICY) == verdict


def test_two_exchanges_never_have_one_msk() -> None:
    exchange = Exchange(AKA, ONCE[AKA], 9)
    drawn = [bytes([number]) * 16 for number in range(4)]
    states = [
        reauthenticating(
            exchange,
            RESUMABLES[AKA],
            b"",
            policy=POLICY,
            identities=TemporaryIdentities(),
            random=lambda _: drawn.pop(0),
        )[0]
        for _ in range(2)
    ]
    assert states[0].msk != states[1].msk
