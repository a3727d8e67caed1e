"""Each way in which a UE errs is found from what it answers: without the keys where the vector says enough."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from aaa.eap.policy import AkaPolicy
from aaa.eap.states import Exchange, MethodRunning, Reauthenticating, SimChallenged
from aaa.explaining.failed import Ending, FailedAttempt
from aaa.explaining.judging import combined, evidence_of, judge
from aaa.messages import AccessRequest, Client, RejectCause
from aaa.sessions import Conversation
from hss.auc import SubscriberKeys
from hss.failure_api import Certainty, Hypothesis, Verdict
from tests.aaa.conversations.samples import reauthenticating_with
from tests.aaa.eap.dialogue import RESUMABLE, response
from tests.aaa.explaining.erring import AKA, CARD, IDENTITIES, PRIME, Site, Ue, Witness
from tests.aaa.memory_hss import IMSI, OPC, REALM, K, MemoryHss, Subscriber, profile
from tests.hss.explaining.cards import OP
from wire.aka.functions import AkaFunctions
from wire.aka.milenage import Milenage, derive_opc
from wire.aka.prime import derive_prime
from wire.aka.tuak import Tuak, derive_topc
from wire.aka.xor import TestAlgorithm
from wire.eap.aka import AkaMessage
from wire.eap.aka_keys import Keys, derive_aka_keys, derive_keys, keys_of_master
from wire.eap.attributes import At, Attribute
from wire.eap.constants import Subtype
from wire.eap.packet import EapCode, EapType
from wire.identity import EapMethod
from wire.secret import Secret

Change = Callable[[bytes], bytes]

TOP = Secret(bytes(range(32)))
BOTH = pytest.mark.parametrize("method", [AKA, PRIME])


async def verdict(attempt: FailedAttempt, witness: Witness | None = None) -> Verdict:
    own = judge(attempt)
    evidence = None if own is not None and own.is_proven else evidence_of(attempt, ("HRPD",))
    asked = None if witness is None or evidence is None else await witness.examine(evidence)
    found = combined(own, asked)
    assert found is not None
    assert K.hex() not in found.cause
    assert str(IMSI) not in found.cause
    return found


async def proven(attempt: FailedAttempt, hypothesis: Hypothesis, witness: Witness | None = None) -> str:
    found = await verdict(attempt, witness)
    assert (found.hypothesis, found.certainty) == (hypothesis, Certainty.PROVEN), found
    return found.cause


async def indicated(attempt: FailedAttempt, hypothesis: Hypothesis, witness: Witness | None = None) -> str:
    found = await verdict(attempt, witness)
    assert (found.hypothesis, found.certainty) == (hypothesis, Certainty.INDICATED), found
    return found.cause


# identities


OTHER_IDENTITIES: dict[str, tuple[Change, str]] = {
    "without realm": (lambda whole: whole.partition(b"@")[0], "without its realm"),
    "NUL at its end": (lambda whole: whole + b"\0", "NUL"),
    "realm of I-WLAN": (lambda whole: whole.replace(b"nai.epc", b"wlan"), "at realm wlan"),
    "IMSI alone": (lambda _: str(IMSI).encode(), "the IMSI alone"),
    "prefix of the other method": (lambda whole: (b"6" if whole[:1] == b"0" else b"0") + whole[1:], "permanent one of"),
}


@BOTH
@pytest.mark.parametrize(("change", "says"), OTHER_IDENTITIES.values(), ids=OTHER_IDENTITIES)
async def test_identity_written_otherwise_is_recognised(method: EapMethod, change: Change, says: str) -> None:
    attempt = await Site().run(Ue(method, keys_of=change(IDENTITIES[method])))
    assert says in await proven(attempt, Hypothesis.IDENTITY)


@BOTH
async def test_identity_of_another_round_is_recognised(method: EapMethod) -> None:
    first = b"anonymous@" + REALM.encode()
    ue = Ue(method, identity=b"6unknown@" + REALM.encode() if method is PRIME else first, keys_of=first)
    ue.keys_of = ue.identity
    cause = await proven(await Site(policy=AkaPolicy(allowed=(method,))).run(ue), Hypothesis.IDENTITY)
    assert "EAP-Response/Identity" in cause


async def test_decorated_identity_of_the_outside_is_recognised() -> None:
    outer = f"visited.example!0{IMSI}@{REALM}"
    attempt = await Site().run(Ue(AKA, keys_of=outer.encode()), user_name=outer)
    assert "User-Name of the request" in await proven(attempt, Hypothesis.IDENTITY)


# keys of EAP-AKA'


def twice(ue: Ue, ck: bytes, ik: bytes, request: AkaMessage) -> Keys:
    name, concealed = request.attributes.get(At.KDF_INPUT) or b"", (request.attributes.get(At.AUTN) or b"")[:6]
    return derive_keys(PRIME, ue.identity, *derive_prime(*derive_prime(ck, ik, name, concealed), name, concealed))


def never(ue: Ue, ck: bytes, ik: bytes, request: AkaMessage) -> Keys:
    return derive_keys(PRIME, ue.identity, ck, ik)


def as_aka(ue: Ue, ck: bytes, ik: bytes, request: AkaMessage) -> Keys:
    name, concealed = request.attributes.get(At.KDF_INPUT) or b"", (request.attributes.get(At.AUTN) or b"")[:6]
    return derive_aka_keys(ue.identity, *derive_prime(ck, ik, name, concealed))


async def test_keys_derived_twice_are_recognised_by_the_vector_alone() -> None:
    assert "derives twice" in await proven(await Site().run(Ue(derive=twice)), Hypothesis.DERIVATION)


async def test_keys_not_derived_are_recognised_by_who_has_ck_and_ik() -> None:
    attempt = await Site().run(Ue(derive=never))
    assert "by an identity or a network name" in await indicated(attempt, Hypothesis.IDENTITY)
    assert "CK and IK where CK'" in await proven(attempt, Hypothesis.DERIVATION, Witness())


async def test_keys_as_in_eap_aka_are_recognised() -> None:
    assert "MK of SHA-1" in await proven(await Site().run(Ue(derive=as_aka)), Hypothesis.DERIVATION)


@pytest.mark.parametrize("name", ["HRPD", "wlan", "ETHERNET"])
async def test_other_network_name_is_recognised_by_who_has_ck_and_ik(name: str) -> None:
    attempt = await Site().run(Ue(network_name=name.encode()))
    assert f"{name!r}, and was sent 'WLAN'" in await proven(attempt, Hypothesis.NETWORK_NAME, Witness())


async def test_network_that_the_client_names_is_told_when_the_ue_refuses_without_a_word() -> None:
    ue = Ue(says=Subtype.AUTHENTICATION_REJECT)
    attempt = await Site().run(ue, named="HRPD")
    cause = await indicated(attempt, Hypothesis.NETWORK_NAME, Witness())
    assert "'HRPD', and AT_KDF_INPUT said 'WLAN'" in cause


@pytest.mark.parametrize(("method", "other"), [(AKA, PRIME), (PRIME, AKA)])
async def test_mac_by_the_digest_of_the_other_method_is_recognised(method: EapMethod, other: EapMethod) -> None:
    await proven(await Site().run(Ue(method, mac_as=other)), Hypothesis.MAC_FORM)


# RES


@BOTH
@pytest.mark.parametrize(
    ("change", "hypothesis", "says"),
    [
        (lambda res: res[:4], Hypothesis.RES, "4 of them where there are 8"),
        (lambda res: res + bytes(8), Hypothesis.RES, "16 of them"),
        (lambda _: bytes(8), Hypothesis.ALTERED, "AT_MAC is right and RES is not"),
    ],
    ids=["cut", "filled up", "altered"],
)
async def test_res_that_is_not_whole_is_recognised(
    method: EapMethod, change: Change, hypothesis: Hypothesis, says: str
) -> None:
    attempt = await Site().run(Ue(method, change_res=change))
    assert attempt.ending.cause is RejectCause.WRONG_RESPONSE
    assert says in await proven(attempt, hypothesis)


# cards with other keys

CARDS: dict[str, tuple[AkaFunctions, Witness, Hypothesis]] = {
    "OP is stored as OPc": (CARD, Witness(OP), Hypothesis.OP_FOR_OPC),
    "OPc is on the card as OP": (Milenage(K, derive_opc(K, OPC)), Witness(), Hypothesis.OP_FOR_OPC),
    "OP is on the card": (Milenage(K, OP), Witness(OPC, OP), Hypothesis.OP_FOR_OPC),
    "test algorithm": (TestAlgorithm(K), Witness(), Hypothesis.ALGORITHM),
    "TUAK": (Tuak(K, derive_topc(K, TOP)), Witness(OPC, TOP), Hypothesis.ALGORITHM),
}


def stored(opc: Secret) -> MemoryHss:
    return MemoryHss(Subscriber(profile(), SubscriberKeys(K, opc)))


@BOTH
@pytest.mark.parametrize("says", [Subtype.CHALLENGE, Subtype.SYNCHRONIZATION_FAILURE])
@pytest.mark.parametrize(("card", "witness", "hypothesis"), CARDS.values(), ids=CARDS)
async def test_card_with_other_keys_is_recognised(
    card: AkaFunctions, witness: Witness, hypothesis: Hypothesis, says: Subtype, method: EapMethod
) -> None:
    site = Site(hss=stored(witness._held.keys.opc))
    attempt = await site.run(Ue(method, card, says=says))
    await indicated(attempt, Hypothesis.KEYS_DIFFER)
    await proven(attempt, hypothesis, witness)


async def test_card_that_only_refuses_is_told_by_what_is_stored() -> None:
    attempt = await Site(hss=stored(OP)).run(Ue(says=Subtype.AUTHENTICATION_REJECT))
    assert "its K or OPc is not that of the HSS" in await indicated(attempt, Hypothesis.KEYS_DIFFER)
    assert "subscriber verify" in await indicated(attempt, Hypothesis.KEYS_DIFFER, Witness(OP))
    assert "it was given as OPc" in await proven(attempt, Hypothesis.OP_FOR_OPC, Witness(OP, OP))


@pytest.mark.parametrize("witness", [None, Witness(OPC)], ids=["alone", "with keys"])
async def test_refusal_may_be_for_the_network_name(witness: Witness | None) -> None:
    attempt = await Site().run(Ue(says=Subtype.AUTHENTICATION_REJECT))
    cause = await indicated(attempt, Hypothesis.KEYS_DIFFER, witness)
    assert "does not accept the network name 'WLAN'" in cause


@pytest.mark.parametrize("witness", [None, Witness(OPC)], ids=["alone", "with keys"])
async def test_refusal_of_eap_aka_may_be_for_bidding_down(witness: Witness | None) -> None:
    # EAP-AKA is chosen by an identity that has to be asked for again
    attempt = await Site().run(Ue(AKA, identity=b"2unknown", says=Subtype.AUTHENTICATION_REJECT))
    assert "begin with 6" in await indicated(attempt, Hypothesis.BIDDING, witness)
    stored_op = await Site(hss=stored(OP)).run(Ue(AKA, identity=b"2unknown", says=Subtype.AUTHENTICATION_REJECT))
    assert "given as OPc" in await proven(stored_op, Hypothesis.OP_FOR_OPC, Witness(OP, OP))
    attempt = await Site().run(Ue(AKA, says=Subtype.AUTHENTICATION_REJECT))
    await indicated(attempt, Hypothesis.KEYS_DIFFER, witness)


async def test_ue_that_has_no_aka_prime_is_not_bid_down() -> None:
    attempt = await Site().run(Ue(AKA, identity=b"2unknown", says=Subtype.AUTHENTICATION_REJECT))
    await indicated(attempt, Hypothesis.BIDDING)
    nak = bytes((EapCode.RESPONSE, 1, 0, 6, EapType.NAK, AKA))
    known = attempt.conversation
    refused = replace(attempt, conversation=replace(known, dialogue=(nak, *known.dialogue)))
    await indicated(refused, Hypothesis.KEYS_DIFFER)
    elsewhere = replace(attempt, conversation=replace(known, dialogue=()))
    await indicated(elsewhere, Hypothesis.KEYS_DIFFER)


async def test_separation_bit_that_the_hss_forgot_is_recognised() -> None:
    hss = MemoryHss()
    hss.amf_mask = 0x7FFF
    attempt = await Site(hss=hss).run(Ue(says=Subtype.AUTHENTICATION_REJECT))
    assert "amf=8000" in await proven(attempt, Hypothesis.AMF_SEPARATION_BIT)
    aka = await Site(hss=hss).run(Ue(AKA, says=Subtype.AUTHENTICATION_REJECT))
    await indicated(aka, Hypothesis.KEYS_DIFFER)


# SQN


@BOTH
async def test_card_that_stays_out_of_step_is_told_with_the_steps(method: EapMethod) -> None:
    ue = Ue(method, says=Subtype.SYNCHRONIZATION_FAILURE, seq_ms=9)
    attempt = await Site().run(ue)
    assert ue.challenges == 2
    assert "resynchronisation" in await indicated(attempt, Hypothesis.SQN)
    assert "refuses SEQ 10, which is 1 steps ahead" in await proven(attempt, Hypothesis.SQN, Witness())


async def test_ue_that_gives_up_after_a_resynchronisation_is_told() -> None:
    ue = Ue(says=Subtype.SYNCHRONIZATION_FAILURE)
    site, answer = Site(), ue.answer

    def gives_up(octets: bytes) -> bytes:
        if ue.challenges == 1:
            ue.says = Subtype.CLIENT_ERROR
        return answer(octets)

    ue.answer = gives_up  # type: ignore[method-assign]
    await indicated(await site.run(ue), Hypothesis.SQN)


# Client-Error


async def test_client_error_points_to_the_identities_that_were_seen() -> None:
    attempt = await Site().run(Ue(AKA, says=Subtype.CLIENT_ERROR), user_name=f"x!0{IMSI}@{REALM}")
    assert "User-Name of the request" in await indicated(attempt, Hypothesis.IDENTITY)
    assert evidence_of(attempt) is None


async def test_client_error_with_one_identity_says_what_else_it_may_be() -> None:
    attempt = await Site().run(Ue(AKA, says=Subtype.CLIENT_ERROR), user_name=IDENTITIES[AKA].decode())
    assert "cannot read it" in await indicated(attempt, Hypothesis.UE_CANNOT)


# keys of another kind than those of a challenge


def answered(state: Reauthenticating | SimChallenged, subtype: Subtype, k_aut: Secret, *, reason: str) -> FailedAttempt:
    """A response of the UE without what AT_MAC covers beside the packet."""
    encrypted = (Attribute(At.IV, bytes(16)), Attribute(At.ENCR_DATA, bytes(16)))
    items = encrypted if subtype is Subtype.REAUTHENTICATION else ()
    packet = response(state.exchange.method, 2, subtype, *items, k_aut=k_aut)
    conversation = Conversation("radius/ap", MethodRunning(state), 0.0)
    ending = Ending(RejectCause.WRONG_RESPONSE, reason, IMSI, state.exchange.method)
    return FailedAttempt(ending, conversation, AccessRequest(Client("ap"), packet), b"", 0.0)


@pytest.mark.parametrize(("subtype", "state"), [
    (Subtype.REAUTHENTICATION, reauthenticating_with(Exchange(AKA, b"4once", 2), RESUMABLE, b"")),
    (Subtype.SIM_CHALLENGE, SimChallenged(Exchange(EapMethod.SIM, b"1", 2), IMSI, bytes(32), Secret(bytes(8)),
                                          keys_of_master(EapMethod.SIM, bytes(20)), bytes(16))),
], ids=["reauthentication", "sim"])  # fmt: skip
async def test_nonce_that_was_left_out_of_the_mac_is_recognised(
    subtype: Subtype, state: Reauthenticating | SimChallenged
) -> None:
    keys = state.resumable.keys if isinstance(state, Reauthenticating) else state.keys
    await proven(answered(state, subtype, keys.k_aut, reason="AT_MAC is wrong"), Hypothesis.MAC_FORM)
    other = answered(state, subtype, Secret(bytes(16)), reason="AT_MAC is wrong")
    await indicated(other, Hypothesis.KEYS_DIFFER)
    assert judge(answered(state, subtype, keys.k_aut, reason="AT_COUNTER is another")) is None


# what needs no verdict


async def test_cause_that_says_all_has_no_verdict() -> None:
    stranger = f"6{str(IMSI)[:-1]}9@{REALM}".encode()
    attempt = await Site().run(Ue(identity=stranger))
    assert attempt.ending.cause is RejectCause.USER_UNKNOWN
    assert judge(attempt) is None
    assert evidence_of(attempt) is None


async def test_key_derivation_that_was_not_on_offer_says_nothing_of_the_card() -> None:
    attempt = await Site().run(Ue(PRIME, wants_kdf=2))
    assert attempt.ending.detail == "AT_KDF asks for what was not on offer"
    assert judge(attempt) is None
    assert evidence_of(attempt) is None


async def test_client_without_a_network_name_gives_no_names_to_try() -> None:
    attempt = await Site().run(Ue(AKA, change_res=lambda _: bytes(8)), client=Client("pgw"))
    evidence = evidence_of(attempt, ("HRPD",))
    assert evidence is not None
    assert (evidence.network_name, evidence.network_names) == (None, ())


def test_proof_goes_before_indication_and_another_cause_before_other_keys() -> None:
    proof = Verdict(Hypothesis.SQN, Certainty.PROVEN, "")
    name = Verdict(Hypothesis.NETWORK_NAME, Certainty.INDICATED, "")
    keys = Verdict(Hypothesis.KEYS_DIFFER, Certainty.INDICATED, "")
    stored_op = Verdict(Hypothesis.OP_FOR_OPC, Certainty.INDICATED, "")
    assert combined(proof, stored_op) is proof
    assert combined(name, keys) is name
    assert combined(name, proof) is proof
    assert combined(keys, stored_op) is stored_op
    assert combined(None, keys) is keys
    assert combined(keys, None) is keys
