"""The challenge and its answer, against what hostap and magma computed."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from aaa.eap.challenge import Answer, Genuine, KdfWanted, WrongAnswer, challenge_request, challenged, read_answer
from aaa.eap.policy import AkaPolicy
from aaa.eap.states import AwaitingVector, Challenged, Exchange
from tests.aaa.eap.dialogue import (
    AKA_IDENTITY,
    IDENTITIES,
    IMSI,
    OTHER_VECTOR,
    VECTOR,
    challenge_response,
    keys_of,
    response,
)
from tests.captures import Run, load_runs
from wire.aka.vector import AuthVector
from wire.eap.aka import AkaMessage
from wire.eap.attributes import At, Attribute, Attributes
from wire.eap.constants import Subtype
from wire.eap.encrypted import seal
from wire.identity import EapMethod, IdentityKind
from wire.secret import Secret

AKA, PRIME = EapMethod.AKA, EapMethod.AKA_PRIME
WLAN = AkaPolicy(network_name="WLAN")
ANSWERED = [
    (run, exchange.responses[-1 - exchange.result_indicated], exchange.requests[-2 - exchange.result_indicated])
    for run in load_runs()
    for exchange in run.exchanges[:1]
    if exchange.succeeded
]


def out(method: EapMethod, policy: AkaPolicy = WLAN, checkcode: bytes = b"") -> Challenged:
    exchange = Exchange(method, IDENTITIES[method], 9)
    kdfs = policy.kdfs if method is PRIME else ()
    return challenged(AwaitingVector(exchange, IMSI, checkcode, 5.0, kdfs), VECTOR, exchange)


def read(state: Challenged, octets: bytes, policy: AkaPolicy = WLAN) -> Answer:
    return read_answer(state, AkaMessage.parse(octets), policy)


@pytest.mark.parametrize(("run", "answer", "request_"), ANSWERED, ids=[run.name for run, _, _ in ANSWERED])
def test_server_believes_what_a_captured_peer_answered(run: Run, answer: bytes, request_: bytes) -> None:
    last = run.exchanges[0].rounds[-1]
    asked = AkaMessage.parse(request_)
    exchange = Exchange(run.method, last.identity, asked.identifier)
    checkcode = asked.attributes.get(At.CHECKCODE) or b""
    state = challenged(AwaitingVector(exchange, run.imsi, checkcode, 5.0), last.vector(), exchange)
    message = AkaMessage.parse(answer)
    assert state.keys.msk == last.values["msk"]
    assert read_answer(state, message, replace(WLAN, result_ind=True)) == Genuine(At.RESULT_IND in message.attributes)
    assert read_answer(state, message, WLAN) == Genuine(result_ind=False)
    assert read_answer(replace(state, checkcode=b""), message, WLAN) == WrongAnswer("AT_CHECKCODE is wrong")
    assert read_answer(replace(state, xres=Secret(bytes(8))), message, WLAN) == WrongAnswer("RES is wrong")


def test_server_believes_what_magma_computed() -> None:
    vectors = json.loads((Path(__file__).parents[2] / "vectors" / "eap_aka.json").read_text())
    run = vectors["eap_aka_full_runs"][0]
    answer = bytes.fromhex(run["packets"]["challenge_rsp"])
    asked = AkaMessage.parse(bytes.fromhex(run["packets"]["challenge_req_plain"]))
    message = AkaMessage.parse(answer)
    xres = Secret(message.attributes.get(At.RES) or b"")
    rand, autn = asked.attributes.get(At.RAND) or b"", asked.attributes.get(At.AUTN) or b""
    vector = AuthVector(rand, autn, xres, Secret.fromhex(run["ck"]), Secret.fromhex(run["ik"]))
    exchange = Exchange(AKA, run["identity_ascii"].encode(), 2)
    state = challenged(AwaitingVector(exchange, IMSI, b"", 5.0), vector, exchange)
    assert state.keys.msk.hex() == run["msk"]
    assert asked.mac_is_genuine(state.keys.k_aut)
    assert read_answer(state, message, AkaPolicy()) == Genuine(result_ind=False)


def test_server_challenges_within_aka() -> None:
    message = AkaMessage.parse(challenge_request(out(AKA, AkaPolicy(), b"c" * 20), AkaPolicy()))
    kinds = [item.type for item in message.attributes]
    assert kinds == [At.RAND, At.AUTN, At.CHECKCODE, At.BIDDING, At.MAC]
    assert message.attributes.get(At.CHECKCODE) == b"c" * 20
    assert message.attributes.number(At.BIDDING) == 0
    assert message.mac_is_genuine(keys_of(AKA).k_aut)


@pytest.mark.parametrize(
    ("checkcode", "kind", "bidding"),
    [
        (b"c" * 20, IdentityKind.PERMANENT, 0x8000),
        (b"", IdentityKind.ENCRYPTED, 0x8000),
        (b"", IdentityKind.PERMANENT, 0),
        (b"", IdentityKind.REAUTHENTICATION, 0),
    ],
)
def test_server_that_prefers_aka_prime_says_so_to_whom_it_gave_aka(
    checkcode: bytes, kind: IdentityKind, bidding: int
) -> None:
    state = out(AKA, WLAN, checkcode)
    state = replace(state, exchange=replace(state.exchange, kind=kind))
    message = AkaMessage.parse(challenge_request(state, WLAN))
    assert message.attributes.number(At.BIDDING) == bidding


def test_server_challenges_within_aka_prime() -> None:
    policy = replace(WLAN, result_ind=True)
    message = AkaMessage.parse(challenge_request(out(PRIME, policy), policy))
    kinds = [item.type for item in message.attributes]
    assert kinds == [At.RAND, At.AUTN, At.KDF, At.KDF_INPUT, At.CHECKCODE, At.RESULT_IND, At.MAC]
    assert message.attributes.get(At.KDF_INPUT) == b"WLAN"
    assert message.attributes.numbers(At.KDF) == (1,)
    assert message.mac_is_genuine(keys_of(PRIME).k_aut)


@pytest.mark.parametrize("result_ind", [False, True])
@pytest.mark.parametrize("kdfs", [(1,), (7, 1)])
@pytest.mark.parametrize("name", ["WLAN", None])
@pytest.mark.parametrize("method", [AKA, PRIME])
@pytest.mark.parametrize("with_round", [False, True])
def test_every_challenge_is_a_message_that_may_be(
    method: EapMethod, name: str | None, kdfs: tuple[int, ...], with_round: bool, result_ind: bool
) -> None:
    policy = AkaPolicy(network_name=name, kdfs=kdfs, result_ind=result_ind)
    state = out(method, policy, bytes(32 if method is PRIME else 20) if with_round else b"")
    encrypted = Attributes(seal((Attribute(At.NEXT_PSEUDONYM, b"2abc"),), state.keys.k_encr, bytes(16))).build()
    octets = challenge_request(state, policy, encrypted)
    message = AkaMessage.parse(octets)
    signed = [item for item in message.attributes if item.type != At.MAC]
    again = AkaMessage(message.code, message.identifier, method, message.subtype, Attributes(tuple(signed)))
    assert again.build(state.keys.k_aut) == octets


WRONG = {
    "a RES of one bit more": (AKA, challenge_response(AKA, 9, res=bytes([VECTOR.xres[0] ^ 1]) + VECTOR.xres[1:])),
    "a RES cut short": (AKA, challenge_response(AKA, 9, res=VECTOR.xres[:4])),
    "an AT_MAC of another key": (AKA, challenge_response(AKA, 9, keys=keys_of(AKA, OTHER_VECTOR, b"0"))),
    "an AT_MAC made with EAP-AKA' keys": (
        AKA,
        challenge_response(AKA, 9, keys=keys_of(PRIME, identity=AKA_IDENTITY)),
    ),
    "an AT_CHECKCODE of rounds that were not": (AKA, challenge_response(AKA, 9, Attribute(At.CHECKCODE, b"c" * 20))),
    "an AT_CHECKCODE of the other method": (PRIME, challenge_response(PRIME, 9, Attribute(At.CHECKCODE, b"c" * 32))),
}


@pytest.mark.parametrize(("method", "octets"), WRONG.values(), ids=WRONG.keys())
def test_server_rejects(method: EapMethod, octets: bytes) -> None:
    answer = read(out(method), octets)
    assert isinstance(answer, WrongAnswer)
    assert not answer.malformed


def test_server_calls_an_answer_without_res_malformed() -> None:
    octets = response(PRIME, 9, Subtype.CHALLENGE, k_aut=keys_of(PRIME).k_aut)
    assert read(out(PRIME), octets) == WrongAnswer("AT_RES or AT_MAC is missing", malformed=True)


def test_server_accepts_an_answer_without_checkcode() -> None:
    assert read(out(AKA, checkcode=b"c" * 20), challenge_response(AKA, 9)) == Genuine(result_ind=False)


def test_server_ignores_result_ind_that_it_did_not_offer() -> None:
    assert read(out(AKA), challenge_response(AKA, 9, Attribute(At.RESULT_IND))) == Genuine(result_ind=False)


def kdf_wish(*kdfs: int, k_aut: Secret | None = None) -> bytes:
    return response(PRIME, 9, Subtype.CHALLENGE, *(Attribute.number(At.KDF, kdf) for kdf in kdfs), k_aut=k_aut)


def test_server_lets_the_peer_choose_another_kdf_on_offer() -> None:
    assert read(out(PRIME, replace(WLAN, kdfs=(7, 1))), kdf_wish(1)) == KdfWanted(1)


@pytest.mark.parametrize(("offered", "wanted"), [((7, 1), 7), ((7, 1), 3), ((1,), 1), ((1, 7, 1), 7)])
def test_server_rejects_a_wish_for_a_kdf_that_is_no_alternative(offered: tuple[int, ...], wanted: int) -> None:
    answer = read(replace(out(PRIME), kdfs=offered), kdf_wish(wanted))
    assert answer == WrongAnswer("AT_KDF asks for what was not on offer")


def test_server_rejects_a_wish_for_a_kdf_that_does_not_stand_alone() -> None:
    answer = read(replace(out(PRIME), kdfs=(7, 1)), kdf_wish(1, k_aut=keys_of(PRIME).k_aut))
    assert answer == WrongAnswer("AT_KDF does not stand alone", malformed=True)
