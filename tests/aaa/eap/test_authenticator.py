"""The EAP layer: how a conversation opens, which method is chosen, what a Nak does (RFC 3748)."""

from dataclasses import replace

import pytest

from aaa.eap.aka_server import AkaServer
from aaa.eap.authenticator import _MOVES, TRANSITIONS, Authenticator
from aaa.eap.events import (
    Discard,
    EapArrived,
    Event,
    Failed,
    FetchProfile,
    FetchVector,
    ProfileArrived,
    ProfileRefused,
    SendEap,
    Succeeded,
    VectorArrived,
    VectorRefused,
)
from aaa.eap.policy import AkaPolicy
from aaa.eap.states import Closed, MethodRunning, SuccessNotified
from aaa.messages import RejectCause
from tests.aaa.eap.dialogue import (
    AKA_IDENTITY,
    GRANT,
    IDENTITIES,
    IMSI,
    PRIME_IDENTITY,
    REALM,
    VECTOR,
    Recorded,
    Taken,
    challenge_response,
    identity_response,
    listed,
    misfits,
    notified,
    response,
    resuming,
    seeded,
    sent,
    sync_failure,
)
from wire.eap.attributes import At, Attribute
from wire.eap.constants import Subtype
from wire.eap.packet import EapCode, EapPacket, failure, nak
from wire.eap.packet import identity_request as eap_identity_request
from wire.eap.packet import identity_response as eap_identity_response
from wire.identity import EapMethod, classify
from wire.sansio import Tick, UnlistedTransition

AKA, PRIME = EapMethod.AKA, EapMethod.AKA_PRIME
WLAN = AkaPolicy(network_name="WLAN")
TAKEN: Taken = set()
LONG = eap_identity_response(1, AKA_IDENTITY.ljust(60_000, b"x"))
"""What IKEv2 would carry."""


def authenticator(policy: AkaPolicy = WLAN) -> Recorded:
    return Recorded(Authenticator(AkaServer(policy, lambda count: b"\x2a" * count)), TAKEN)


def opened(identity: bytes, policy: AkaPolicy = WLAN) -> Recorded:
    """An authenticator that has seen EAP-Response/Identity with identifier 1 and what came of it."""
    server = authenticator(policy)
    server.handle(EapArrived(eap_identity_response(1, identity)))
    return server


def challenged(method: EapMethod, policy: AkaPolicy = WLAN) -> Recorded:
    """An authenticator whose challenge with VECTOR is out, identifier 2."""
    server = opened(IDENTITIES[method], policy)
    server.handle(VectorArrived(VECTOR))
    return server


def failed_with(effects: list[object], cause: RejectCause, identifier: int) -> Failed:
    (effect,) = effects
    assert isinstance(effect, Failed)
    assert (effect.cause, effect.eap) == (cause, failure(identifier))
    return effect


# Opening


def test_server_asks_for_the_identity_after_eap_start() -> None:
    server = authenticator()
    assert server.handle(EapArrived(b"")) == [SendEap(eap_identity_request(0x2A))]
    answer = EapArrived(eap_identity_response(0x2A, AKA_IDENTITY))
    assert server.handle(answer) == [FetchVector(IMSI, AKA, None)]


def test_server_ignores_an_identity_that_answers_another_request() -> None:
    server = authenticator()
    server.handle(EapArrived(b""))
    late = EapArrived(eap_identity_response(0x29, AKA_IDENTITY))
    assert server.handle(late) == [Discard("identifier 41 answers no outstanding request")]


def test_server_refuses_a_nak_of_the_identity_request() -> None:
    server = authenticator()
    server.handle(EapArrived(b""))
    failed_with([*server.handle(EapArrived(nak(0x2A, 50)))], RejectCause.BAD_EAP, 0x2A)


def test_server_ignores_a_malformed_first_packet() -> None:
    server = authenticator()
    malformed = (b"\x02", b"\x02\x01\x00\xff\x01", b"\x09\x01\x00\x05\x01", LONG)
    for octets in (*malformed, eap_identity_request(1), failure(1)):
        (effect,) = server.handle(EapArrived(octets))
        assert isinstance(effect, Discard)


def test_server_refuses_to_begin_in_the_middle() -> None:
    failure_ = failed_with([*authenticator().handle(EapArrived(challenge_response(AKA, 7)))], RejectCause.BAD_EAP, 7)
    assert failure_.detail == "type 23 where an identity is due"


# Choice of method


def test_server_takes_the_method_that_the_identity_names() -> None:
    for identity, method, name in ((AKA_IDENTITY, AKA, None), (PRIME_IDENTITY, PRIME, "WLAN")):
        effects = authenticator().handle(EapArrived(eap_identity_response(1, identity)))
        assert effects == [FetchVector(IMSI, method, name)]


def test_server_proposes_aka_to_an_aka_prime_identity_where_the_access_has_no_name() -> None:
    server = authenticator(AkaPolicy())
    message = sent(server.handle(EapArrived(eap_identity_response(1, PRIME_IDENTITY))))
    assert (message.method, message.subtype) == (AKA, Subtype.IDENTITY)


def test_server_proposes_its_preferred_method_to_an_identity_that_names_none() -> None:
    server = authenticator()
    message = sent(server.handle(EapArrived(eap_identity_response(1, b"anonymous@" + REALM.encode()))))
    assert (message.method, message.subtype) == (PRIME, Subtype.IDENTITY)


@pytest.mark.parametrize("identity", [b"1234150000000002@x", b"3pseudonym", b"5reauth"])
def test_server_asks_who_comes_by_an_identity_of_eap_sim_for_what_it_offers(identity: bytes) -> None:
    server = authenticator()
    message = sent(server.handle(EapArrived(eap_identity_response(1, identity))))
    assert (message.method, message.subtype) == (PRIME, Subtype.IDENTITY)
    message = sent(server.handle(EapArrived(nak(2, 18, AKA))))
    assert (message.method, message.subtype) == (AKA, Subtype.IDENTITY)
    assert server.handle(EapArrived(identity_response(AKA, 3, AKA_IDENTITY))) == [FetchVector(IMSI, AKA, None)]


def test_nak_of_many_types_is_told_in_few_words() -> None:
    server = opened(b"anonymous@" + REALM.encode())
    failed = failed_with([*server.handle(EapArrived(nak(2, *[101] * 1000)))], RejectCause.METHOD_REFUSED, 2)
    assert failed.detail == f"the UE asks for EAP type {', '.join(['101'] * 16)}"


@pytest.mark.parametrize("identity", [b"1234150000000002@x", b"3pseudonym", b"5reauth"])
def test_server_refuses_a_ue_that_has_eap_sim_alone(identity: bytes) -> None:
    server = authenticator()
    server.handle(EapArrived(eap_identity_response(1, identity)))
    failed = failed_with([*server.handle(EapArrived(nak(2, 18)))], RejectCause.METHOD_REFUSED, 2)
    assert failed.imsi == classify(identity).imsi
    assert failed.detail == "the UE asks for EAP type 18"


@pytest.mark.parametrize(
    "identity",
    [
        b"anything@unreachable.3gppnetwork.org",
        b"0234150000000002@sos.wlan.mnc015.mcc234.3gppnetwork.org",
        b"imei490154203237518@sos.nai.epc.mnc015.mcc234.3gppnetwork.org",
        b"unreachable.3gppnetwork.org!0234150000000002@nai.epc.mnc071.mcc610.3gppnetwork.org",
    ],
)
def test_server_refuses_a_realm_that_nobody_serves(identity: bytes) -> None:
    effects = authenticator().handle(EapArrived(eap_identity_response(1, identity)))
    failed_with([*effects], RejectCause.USER_UNKNOWN, 1)


def test_server_that_offers_eap_sim_begins_it() -> None:
    server = authenticator(AkaPolicy(allowed=(AKA, EapMethod.SIM)))
    message = sent(server.handle(EapArrived(eap_identity_response(1, b"1" + AKA_IDENTITY[1:]))))
    assert (message.method, message.subtype) == (EapMethod.SIM, Subtype.SIM_START)


def test_server_without_a_method_to_offer_refuses() -> None:
    server = authenticator(AkaPolicy(allowed=(PRIME,)))
    effects = server.handle(EapArrived(eap_identity_response(1, AKA_IDENTITY)))
    assert failed_with([*effects], RejectCause.METHOD_REFUSED, 1).imsi == IMSI


def test_server_offers_what_its_policy_prefers_first() -> None:
    server = authenticator(AkaPolicy("WLAN", allowed=(AKA, PRIME)))
    assert sent(server.handle(EapArrived(eap_identity_response(1, b"anonymous")))).method is AKA


@pytest.mark.parametrize(
    ("policy", "method"),
    [
        (WLAN, PRIME),
        (AkaPolicy("WLAN", allowed=(AKA, PRIME)), AKA),
        (AkaPolicy("WLAN", allowed=(AKA,)), AKA),
        (AkaPolicy(), AKA),
    ],
)
def test_identity_that_is_not_believed_chooses_no_weaker_method(policy: AkaPolicy, method: EapMethod) -> None:
    """RFC 9048 §4: a UE that has both would have to stop at AT_BIDDING."""
    server = authenticator(replace(policy, always_ask_identity=True))
    message = sent(server.handle(EapArrived(eap_identity_response(1, AKA_IDENTITY))))
    assert (message.method, message.subtype) == (method, Subtype.IDENTITY)
    if method is PRIME:
        message = sent(server.handle(EapArrived(nak(2, AKA))))
        assert (message.method, message.subtype) == (AKA, Subtype.IDENTITY)


def test_server_changes_the_method_at_a_nak_of_a_reauthentication() -> None:
    machine = Authenticator(AkaServer(WLAN, seeded, resuming()))
    server = Recorded(machine, TAKEN)
    message = sent(server.handle(EapArrived(eap_identity_response(1, b"4once"))))
    assert message.subtype is Subtype.REAUTHENTICATION
    message = sent(server.handle(EapArrived(nak(2, PRIME))))
    assert (message.method, message.subtype) == (PRIME, Subtype.IDENTITY)


# Nak


def test_server_changes_the_method_at_a_nak() -> None:
    server = opened(b"anonymous@" + REALM.encode())
    message = sent(server.handle(EapArrived(nak(2, 18, AKA))))
    assert (message.method, message.subtype, message.identifier) == (AKA, Subtype.IDENTITY, 3)
    fetch = server.handle(EapArrived(identity_response(AKA, 3, AKA_IDENTITY)))
    assert fetch == [FetchVector(IMSI, AKA, None)]
    # Only the rounds of the method in use count: RFC 4187 §10.13.
    message = sent(server.handle(VectorArrived(VECTOR)))
    assert len(message.attributes.get(At.CHECKCODE) or b"") == 20


def test_server_changes_the_method_at_a_nak_of_the_challenge() -> None:
    server = challenged(AKA)
    message = sent(server.handle(EapArrived(nak(2, PRIME))))
    assert (message.method, message.subtype, message.identifier) == (PRIME, Subtype.IDENTITY, 3)


def test_server_does_not_return_to_a_method_that_was_declined() -> None:
    server = challenged(AKA)
    server.handle(EapArrived(nak(2, PRIME)))
    failed_with([*server.handle(EapArrived(nak(3, AKA)))], RejectCause.METHOD_REFUSED, 3)


@pytest.mark.parametrize("wanted", [(), (18,), (13, 21), (AKA,)])
def test_server_fails_when_the_peer_wants_what_is_not_served(wanted: tuple[int, ...]) -> None:
    server = challenged(AKA)
    failed = failed_with([*server.handle(EapArrived(nak(2, *wanted)))], RejectCause.METHOD_REFUSED, 2)
    assert (bool(failed.detail), failed.imsi, failed.method) == (True, IMSI, AKA)
    assert server.state == Closed()


def test_server_does_not_offer_aka_prime_at_a_nak_where_the_access_has_no_name() -> None:
    server = challenged(AKA, AkaPolicy())
    failed_with([*server.handle(EapArrived(nak(2, PRIME)))], RejectCause.METHOD_REFUSED, 2)


def test_server_ignores_a_nak_once_the_method_has_begun() -> None:
    server = opened(b"4once")
    server.handle(EapArrived(identity_response(AKA, 2, b"4once")))
    (effect,) = server.handle(EapArrived(nak(3, PRIME)))
    assert isinstance(effect, Discard)
    assert isinstance(server.state, MethodRunning)


def test_server_ignores_a_nak_of_another_request_and_an_expanded_one() -> None:
    server = challenged(AKA)
    expanded = EapPacket(EapCode.RESPONSE, 2, 254, bytes.fromhex("0000000000000003fe00000000000032")).build()
    for octets in (nak(1, PRIME), expanded):
        (effect,) = server.handle(EapArrived(octets))
        assert isinstance(effect, Discard)


def test_server_fails_for_its_own_cause_when_the_notification_is_declined() -> None:
    server = opened(AKA_IDENTITY)
    server.handle(VectorRefused(RejectCause.USER_UNKNOWN, "none"))
    failed = failed_with([*server.handle(EapArrived(nak(2, PRIME)))], RejectCause.USER_UNKNOWN, 2)
    assert (failed.detail, failed.imsi, failed.method) == ("none", IMSI, AKA)


# To the end


def test_server_goes_all_the_way() -> None:
    server = challenged(PRIME)
    assert server.handle(EapArrived(challenge_response(PRIME, 2))) == [FetchProfile(IMSI)]
    (over,) = server.handle(ProfileArrived(GRANT))
    assert isinstance(over, Succeeded)
    assert server.state == Closed()
    assert server.handle(EapArrived(challenge_response(PRIME, 2))) == [Discard("the conversation is over")]


def test_server_fails_after_its_notification() -> None:
    server = opened(AKA_IDENTITY)
    sent(server.handle(VectorRefused(RejectCause.USER_UNKNOWN)))
    failed_with([*server.handle(EapArrived(notified(AKA, 2)))], RejectCause.USER_UNKNOWN, 2)
    assert server.state == Closed()


def test_server_denies_after_authentication() -> None:
    server = challenged(AKA)
    server.handle(EapArrived(challenge_response(AKA, 2)))
    message = sent(server.handle(ProfileRefused(RejectCause.NO_APN_SUBSCRIPTION)))
    assert message.attributes.number(At.NOTIFICATION) == 1031
    failed_with([*server.handle(EapArrived(notified(AKA, 3)))], RejectCause.NO_APN_SUBSCRIPTION, 3)


def test_server_protects_success() -> None:
    server = challenged(AKA, AkaPolicy(result_ind=True))
    server.handle(EapArrived(challenge_response(AKA, 2, Attribute(At.RESULT_IND))))
    assert sent(server.handle(ProfileArrived(GRANT))).attributes.number(At.NOTIFICATION) == 32768
    assert isinstance(server.handle(EapArrived(notified(AKA, 3)))[0], Succeeded)


def test_server_fails_when_the_notified_success_of_another_process_is_denied() -> None:
    server = challenged(AKA, AkaPolicy(result_ind=True))
    server.handle(EapArrived(challenge_response(AKA, 2, Attribute(At.RESULT_IND))))
    server.handle(ProfileArrived(GRANT))
    state = server.state
    assert isinstance(state, MethodRunning)
    assert isinstance(state.aka, SuccessNotified)
    kept = MethodRunning(replace(state.aka, grant=None))
    events: tuple[Event, ...] = (ProfileRefused(RejectCause.SUBSCRIBER_BARRED), Tick())
    for event in events:
        resumed = Recorded(Authenticator(AkaServer(AkaPolicy(), seeded), kept), TAKEN)
        assert resumed.handle(EapArrived(notified(AKA, 3))) == [FetchProfile(IMSI)]
        assert isinstance(resumed.handle(event, 5.0)[0], Failed)
        assert resumed.state == Closed()


def test_server_resynchronises() -> None:
    server = challenged(AKA)
    assert isinstance(server.handle(EapArrived(sync_failure(AKA, 2)))[0], FetchVector)
    assert sent(server.handle(VectorArrived(VECTOR))).identifier == 3


def test_server_fails_when_a_resynchronisation_is_refused() -> None:
    server = challenged(AKA)
    server.handle(EapArrived(sync_failure(AKA, 2)))
    sent(server.handle(VectorRefused(RejectCause.RESYNCHRONISATION_REJECTED)))
    failed_with([*server.handle(EapArrived(notified(AKA, 3)))], RejectCause.RESYNCHRONISATION_REJECTED, 3)


def deadline_of(server: Recorded) -> float | None:
    assert isinstance(server.machine, Authenticator)
    return server.machine.deadline


def test_server_gives_the_hss_a_limit() -> None:
    server = opened(AKA_IDENTITY)
    assert deadline_of(server) == 5.0
    sent(server.handle(Tick(), 5.0))
    assert deadline_of(server) is None
    server = challenged(AKA)
    server.handle(EapArrived(challenge_response(AKA, 2)), 1.0)
    assert deadline_of(server) == 6.0
    assert sent(server.handle(Tick(), 6.0)).attributes.number(At.NOTIFICATION) == 1026


def test_server_keeps_still_while_the_hss_thinks() -> None:
    server = opened(AKA_IDENTITY)
    assert server.handle(EapArrived(response(AKA, 2, Subtype.NOTIFICATION))) == [Discard("no request is outstanding")]


def test_an_answer_that_was_not_asked_for_is_a_fault_of_the_caller() -> None:
    with pytest.raises(UnlistedTransition, match="Silent on ProfileArrived"):
        authenticator().handle(ProfileArrived(GRANT))


def test_every_transition_is_taken() -> None:
    TAKEN.clear()
    for name, test in list(globals().items()):
        if name.startswith("test_server_") and not hasattr(test, "pytestmark"):
            test()
    test_server_refuses_a_realm_that_nobody_serves(b"x@unreachable.3gppnetwork.org")
    test_server_fails_when_the_peer_wants_what_is_not_served(())
    assert listed(TRANSITIONS) == TAKEN


def test_every_move_is_for_its_state_and_its_event() -> None:
    assert misfits(_MOVES) == []
