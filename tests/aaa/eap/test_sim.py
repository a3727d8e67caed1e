"""EAP-SIM's messages at the server, by RFC 4186 Appendix A and by what may be wrong with an answer."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from aaa.eap.challenge import Genuine, WrongAnswer
from aaa.eap.policy import AkaPolicy
from aaa.eap.sim import Started, read_sim_answer, read_start, sim_challenge_request, sim_challenged, start_request
from aaa.eap.states import AwaitingVector, Exchange, IdRequest, SimChallenged
from tests.aaa.eap.dialogue import IMSI, OTHER_VECTOR, VECTOR, response
from wire.aka.gsm import kc, sres
from wire.eap.aka import AkaMessage
from wire.eap.attributes import At, Attribute, Attributes
from wire.eap.constants import Subtype
from wire.eap.encrypted import seal
from wire.eap.packet import EapCode
from wire.eap.sim_keys import derive_sim_keys
from wire.identity import EapMethod
from wire.secret import Secret

SIM = EapMethod.SIM
PUBLISHED = json.loads((Path(__file__).parents[2] / "vectors" / "eap_aka.json").read_text())[
    "rfc4186_appendix_a_eap_sim"
]
IDENTITY = PUBLISHED["identity_ascii"].encode()
NONCE_MT = bytes.fromhex(PUBLISHED["nonce_mt"])
KEYS = derive_sim_keys(IDENTITY, [Secret.fromhex(one) for one in PUBLISHED["kc"]], NONCE_MT)
REQUEST = AkaMessage.parse(bytes.fromhex(PUBLISHED["packets"]["challenge_req"]))
STATE = SimChallenged(
    Exchange(SIM, IDENTITY, 2),
    IMSI,
    REQUEST.attributes.get(At.RAND) or b"",
    Secret(bytes.fromhex("".join(PUBLISHED["sres"]))),
    KEYS,
    NONCE_MT,
)
ANSWER = AkaMessage.parse(bytes.fromhex(PUBLISHED["packets"]["challenge_rsp"]))


def test_server_challenges_as_published() -> None:
    encrypted = tuple(item for item in REQUEST.attributes if item.type in (At.IV, At.ENCR_DATA))
    inside = REQUEST.parse_encrypted(KEYS.k_encr)
    again = tuple(item for item in inside if item.type != At.PADDING)
    assert seal(again, KEYS.k_encr, encrypted[0].value) == encrypted
    assert (
        sim_challenge_request(STATE, AkaPolicy(), Attributes(encrypted).build()).hex()
        == PUBLISHED["packets"]["challenge_req"]
    )


def test_server_believes_the_published_answer() -> None:
    assert read_sim_answer(STATE, ANSWER, AkaPolicy()) == Genuine(result_ind=False)
    other = replace(STATE, sres=Secret(bytes(12)))
    assert read_sim_answer(other, ANSWER, AkaPolicy()) == WrongAnswer("AT_MAC is wrong")


def test_result_indication_counts_where_both_want_it() -> None:
    items = Attributes((Attribute(At.RESULT_IND),))
    message = AkaMessage(EapCode.RESPONSE, 2, SIM, Subtype.SIM_CHALLENGE, items)
    signed = AkaMessage.parse(message.build(KEYS.k_aut, STATE.sres))
    assert read_sim_answer(STATE, signed, AkaPolicy(result_ind=True)) == Genuine(result_ind=True)
    assert read_sim_answer(STATE, signed, AkaPolicy()) == Genuine(result_ind=False)
    assert At.RESULT_IND in AkaMessage.parse(sim_challenge_request(STATE, AkaPolicy(result_ind=True))).attributes


def test_triplets_come_out_of_vectors_of_aka() -> None:
    vectors = (VECTOR, OTHER_VECTOR)
    waiting = AwaitingVector(Exchange(SIM, IDENTITY, 1), IMSI, b"", 5.0, nonce_mt=NONCE_MT)
    state = sim_challenged(waiting, vectors, Exchange(SIM, IDENTITY, 2))
    assert state.rands == VECTOR.rand + OTHER_VECTOR.rand
    assert state.sres == sres(VECTOR.xres) * 2
    assert state.keys == derive_sim_keys(IDENTITY, [kc(VECTOR.ck, VECTOR.ik)] * 2, NONCE_MT, emsk=False)
    assert state.sres.hex() not in repr(state)


@pytest.mark.parametrize(
    ("asked", "octets"),
    [
        (None, "01070010120a00000f02000200010000"),
        (IdRequest.ANY, "01070014120a00000f020002000100000d010000"),
        (IdRequest.FULLAUTH, "01070014120a00000f0200020001000011010000"),
        (IdRequest.PERMANENT, "01070014120a00000f020002000100000a010000"),
    ],
)
def test_server_starts_with_its_one_version(asked: IdRequest | None, octets: str) -> None:
    assert start_request(Exchange(SIM, IDENTITY, 7), asked).hex() == octets


def started(*items: Attribute) -> Started | WrongAnswer:
    return read_start(AkaMessage.parse(response(SIM, 7, Subtype.SIM_START, *items)))


NONCE, VERSION, NAME = (
    Attribute(At.NONCE_MT, NONCE_MT),
    Attribute.number(At.SELECTED_VERSION, 1),
    Attribute(At.IDENTITY, IDENTITY),
)


@pytest.mark.parametrize(
    ("items", "meaning"),
    [
        ((NONCE, VERSION), Started(None, NONCE_MT)),
        ((NAME, NONCE, VERSION), Started(IDENTITY, NONCE_MT)),
        ((NAME,), Started(IDENTITY, b"")),
        ((NONCE,), WrongAnswer("AT_NONCE_MT and AT_SELECTED_VERSION go together", malformed=True)),
        ((VERSION,), WrongAnswer("AT_NONCE_MT and AT_SELECTED_VERSION go together", malformed=True)),
        (
            (NONCE, Attribute.number(At.SELECTED_VERSION, 2)),
            WrongAnswer("AT_SELECTED_VERSION was not on offer"),
        ),
    ],
)
def test_start_is_answered_with_nonce_identity_or_both(
    items: tuple[Attribute, ...], meaning: Started | WrongAnswer
) -> None:
    assert started(*items) == meaning
