"""The peer's judgement of a challenge: RFC 4187 §6.3.1 and §9.3, RFC 9048 §3.1 to §3.3 and §4."""

import pytest

from tests.network_side import OPC, K, NetworkSide
from ue_sim.eap.challenge import Policy, judge_challenge
from ue_sim.eap.states import Answered, AwaitingChallenge, Refused
from ue_sim.usim import SoftwareUsim
from wire.eap.aka import AkaMessage
from wire.eap.attributes import At, Attribute
from wire.eap.checkcode import checkcode
from wire.eap.constants import Subtype
from wire.eap.encrypted import seal
from wire.identity import EapMethod
from wire.secret import Secret

AKA, PRIME = EapMethod.AKA, EapMethod.AKA_PRIME
IDENTITY = b"0234150000000001@nai.epc.mnc015.mcc234.3gppnetwork.org"
POLICY = Policy(methods=(AKA,), network_name=None, result_ind=True)
BOTH = Policy(methods=(PRIME, AKA), network_name="WLAN", result_ind=True)


def network(method: EapMethod = AKA) -> NetworkSide:
    return NetworkSide(method, IDENTITY)


def judge(
    packet: bytes,
    *,
    usim: SoftwareUsim | None = None,
    policy: Policy = POLICY,
    state: AwaitingChallenge | None = None,
) -> tuple[AkaMessage, AwaitingChallenge | Answered | Refused]:
    message = AkaMessage.parse(packet)
    waiting = state or AwaitingChallenge(message.method, IDENTITY)
    response, following = judge_challenge(message, waiting, usim or SoftwareUsim(K, OPC), policy)
    return AkaMessage.parse(response), following


@pytest.mark.parametrize("method", [AKA, PRIME])
def test_peer_answers_a_genuine_challenge(method: EapMethod) -> None:
    server = network(method)
    response, following = judge(server.challenge(Attribute(At.RESULT_IND)), policy=BOTH)
    assert response.subtype is Subtype.CHALLENGE
    assert response.mac_is_genuine(server.keys.k_aut)
    assert At.RESULT_IND in response.attributes
    assert isinstance(following, Answered)
    assert following.keys == server.keys
    assert following.result_agreed


@pytest.mark.parametrize(("wanted", "offered"), [(False, True), (True, False)])
def test_peer_agrees_on_a_result_only_when_both_want_it(wanted: bool, offered: bool) -> None:
    server = network()
    packet = server.challenge(*[Attribute(At.RESULT_IND)] * offered)
    response, following = judge(packet, policy=Policy((AKA,), None, wanted))
    assert isinstance(following, Answered)
    assert not following.result_agreed
    assert At.RESULT_IND not in response.attributes


def test_peer_rejects_a_network_without_its_key() -> None:
    response, following = judge(network().challenge(), usim=SoftwareUsim(Secret(bytes(16)), OPC))
    assert response.subtype is Subtype.AUTHENTICATION_REJECT
    assert len(response.octets) == 8
    assert isinstance(following, Refused)
    assert "MAC of AUTN" in following.cause


@pytest.mark.parametrize(("method", "kdfs"), [(AKA, ()), (PRIME, (1,)), (PRIME, (1, 2))])
def test_peer_reports_a_stale_sqn(method: EapMethod, kdfs: tuple[int, ...]) -> None:
    response, following = judge(
        network(method).challenge(kdfs=kdfs), usim=SoftwareUsim(K, OPC, (50,) * 32), policy=BOTH
    )
    assert response.subtype is Subtype.SYNCHRONIZATION_FAILURE
    assert response.attributes.numbers(At.KDF) == kdfs
    assert following == AwaitingChallenge(method, IDENTITY, asked=3, failures=1)


def test_peer_gives_up_when_the_network_stays_out_of_step() -> None:
    state = AwaitingChallenge(AKA, IDENTITY, failures=3)
    response, following = judge(network().challenge(), usim=SoftwareUsim(K, OPC, (50,) * 32), state=state)
    assert response.subtype is Subtype.CLIENT_ERROR
    assert isinstance(following, Refused)


def test_peer_refuses_a_challenge_with_a_wrong_mac() -> None:
    packet = bytearray(network().challenge())
    packet[-1] ^= 1
    response, following = judge(bytes(packet))
    assert response.subtype is Subtype.CLIENT_ERROR
    assert following == Refused("AT_MAC of the challenge is wrong")


def test_peer_reads_what_is_encrypted() -> None:
    server = network()
    server.challenge()
    sealed = seal((Attribute(At.NEXT_PSEUDONYM, b"2abcdef"),), server.keys.k_encr, bytes(16))
    server.seq -= 1
    _, following = judge(server.challenge(*sealed))
    assert isinstance(following, Answered)


@pytest.mark.parametrize("inside", [Attribute.number(At.COUNTER, 1), Attribute(99, bytes(2))])
def test_peer_refuses_what_may_not_be_encrypted(inside: Attribute) -> None:
    server = network()
    server.challenge()
    server.seq -= 1
    response, following = judge(server.challenge(*seal((inside,), server.keys.k_encr, bytes(16))))
    assert response.subtype is Subtype.CLIENT_ERROR
    assert isinstance(following, Refused)
    assert "AT_ENCR_DATA" in following.cause


def test_peer_repeats_a_right_checkcode() -> None:
    rounds = (b"request", b"response")
    state = AwaitingChallenge(AKA, IDENTITY, rounds=rounds)
    value = checkcode(AKA, rounds)
    response, following = judge(network().challenge(Attribute(At.CHECKCODE, value)), state=state)
    assert isinstance(following, Answered)
    assert response.attributes.get(At.CHECKCODE) == value


@pytest.mark.parametrize("value", [b"", bytes(20), bytes(32)])
def test_peer_refuses_a_wrong_checkcode(value: bytes) -> None:
    state = AwaitingChallenge(AKA, IDENTITY, rounds=(b"request", b"response"))
    response, following = judge(network().challenge(Attribute(At.CHECKCODE, value)), state=state)
    assert response.subtype is Subtype.CLIENT_ERROR
    assert isinstance(following, Refused)
    assert "AT_CHECKCODE" in following.cause


@pytest.mark.parametrize(
    ("policy", "bidding", "subtype"),
    [
        (BOTH, 0x8000, Subtype.AUTHENTICATION_REJECT),
        (BOTH, 0x0000, Subtype.CHALLENGE),
        (POLICY, 0x8000, Subtype.CHALLENGE),
        (Policy((AKA, PRIME), None, True), 0x8000, Subtype.CHALLENGE),
    ],
)
def test_peer_notices_that_it_was_bid_down(policy: Policy, bidding: int, subtype: Subtype) -> None:
    response, _ = judge(network().challenge(Attribute.number(At.BIDDING, bidding)), policy=policy)
    assert response.subtype is subtype


def test_peer_refuses_a_vector_without_the_separation_bit() -> None:
    server = network(PRIME)
    server.amf = b"\x00\x00"
    usim = SoftwareUsim(K, OPC)
    response, following = judge(server.challenge(), policy=BOTH, usim=usim)
    assert response.subtype is Subtype.AUTHENTICATION_REJECT
    assert isinstance(following, Refused)
    assert "separation bit" in following.cause
    assert not any(usim.state)


@pytest.mark.parametrize("name", [b"", b"HRPD"])
def test_peer_refuses_another_access_network(name: bytes) -> None:
    server = network(PRIME)
    server.network_name = name
    response, following = judge(server.challenge(), policy=BOTH)
    assert response.subtype is Subtype.AUTHENTICATION_REJECT
    assert isinstance(following, Refused)
    assert "AT_KDF_INPUT" in following.cause


def test_peer_refuses_a_challenge_without_a_kdf() -> None:
    response, following = judge(network(PRIME).challenge(kdfs=()), policy=BOTH)
    assert response.subtype is Subtype.AUTHENTICATION_REJECT
    assert isinstance(following, Refused)


def test_peer_negotiates_its_kdf() -> None:
    server = network(PRIME)
    response, following = judge(server.challenge(kdfs=(2, 1)), policy=BOTH)
    assert [(item.type, item.value) for item in response.attributes] == [(At.KDF, b"\x00\x01")]
    assert following == AwaitingChallenge(PRIME, IDENTITY, asked=3, offered=(2, 1))
    assert isinstance(following, AwaitingChallenge)
    response, answered = judge(server.challenge(kdfs=(1, 2, 1)), policy=BOTH, state=following)
    assert response.mac_is_genuine(server.keys.k_aut)
    assert isinstance(answered, Answered)


def test_peer_refuses_a_list_that_changed_otherwise() -> None:
    state = AwaitingChallenge(PRIME, IDENTITY, offered=(2, 1))
    response, _ = judge(network(PRIME).challenge(kdfs=(1,)), policy=BOTH, state=state)
    assert response.subtype is Subtype.AUTHENTICATION_REJECT


def test_peer_keeps_its_kdf_over_a_resynchronisation() -> None:
    server = network(PRIME)
    state = AwaitingChallenge(PRIME, IDENTITY, asked=3, offered=(2, 1))
    response, following = judge(
        server.challenge(kdfs=(1, 2, 1)), usim=SoftwareUsim(K, OPC, (50,) * 32), policy=BOTH, state=state
    )
    assert response.attributes.numbers(At.KDF) == (1, 2, 1)
    assert isinstance(following, AwaitingChallenge)
    _, answered = judge(server.challenge(kdfs=(1, 2, 1)), policy=BOTH, state=following)
    assert isinstance(answered, Answered)
