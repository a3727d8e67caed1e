"""The peer's answers against those of hostap's peer (RFC 4187 §9)."""

from tests.captures import load_run
from ue_sim.eap import answers
from wire.eap.aka import AkaMessage
from wire.eap.attributes import At
from wire.eap.constants import Subtype
from wire.identity import EapMethod
from wire.secret import Secret

RESYNC = load_run("aka_resync_then_full").exchanges[0]
PRIME = load_run("akaprime_full_resultind_then_reauth").exchanges[0]
K_AUT = Secret(PRIME.rounds[0].values["k_aut"])


def test_short_answers_are_those_of_a_foreign_peer() -> None:
    rejected = load_run("akaprime_ue_wrong_key_reject").exchanges[0].responses[-1]
    assert answers.authentication_reject(EapMethod.AKA_PRIME, rejected[1]) == rejected
    notified = load_run("akaprime_unknown_user").exchanges[0].responses[-1]
    assert answers.notification(EapMethod.AKA_PRIME, notified[1], None) == notified
    identity = RESYNC.responses[1]
    assert answers.identity(EapMethod.AKA, identity[1], RESYNC.rounds[0].identity) == identity
    failed = RESYNC.responses[2]
    assert answers.synchronization_failure(EapMethod.AKA, failed[1], failed[-14:], ()) == failed


def test_protected_answers_are_those_of_a_foreign_peer() -> None:
    answered, notified = PRIME.responses[2:]
    message = AkaMessage.parse(answered)
    res, *offers, _ = message.attributes.items
    built = answers.challenge(EapMethod.AKA_PRIME, answered[1], Secret(res.value), offers, K_AUT)
    assert built == answered
    assert answers.notification(EapMethod.AKA_PRIME, notified[1], K_AUT) == notified


def test_prime_synchronization_failure_repeats_the_kdf_list() -> None:
    message = AkaMessage.parse(answers.synchronization_failure(EapMethod.AKA_PRIME, 5, bytes(14), (1, 2, 1)))
    assert message.subtype is Subtype.SYNCHRONIZATION_FAILURE
    assert message.attributes.numbers(At.KDF) == (1, 2, 1)


def test_wanted_kdf_stands_alone() -> None:
    assert answers.wanted_kdf(5, 1).hex() == "0205000c3201000018010001"


def test_client_error_is_unable_to_process() -> None:
    assert answers.client_error(EapMethod.AKA, 5).hex() == "0205000c170e000016010000"


def test_answers_of_a_reauthentication_are_those_of_a_foreign_peer() -> None:
    exchange = load_run("akaprime_full_resultind_then_reauth").exchanges[1]
    nonce_s = exchange.rounds[0].values["nonce_s"]
    answered, notified = exchange.responses[1:]
    *items, _ = AkaMessage.parse(answered).attributes.items
    assert answers.reauthentication(EapMethod.AKA_PRIME, answered[1], items, K_AUT, nonce_s) == answered
    *items, _ = AkaMessage.parse(notified).attributes.items
    assert answers.notification(EapMethod.AKA_PRIME, notified[1], K_AUT, items) == notified
