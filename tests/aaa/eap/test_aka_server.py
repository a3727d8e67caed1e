"""The method's server: what hostap's peer answered, and what a peer answers that is wrong, late or hostile."""

from dataclasses import replace

import pytest

from aaa.eap.aka_server import TRANSITIONS, AkaServer
from aaa.eap.events import (
    Discard,
    EapArrived,
    Effect,
    Event,
    Failed,
    FetchProfile,
    FetchVector,
    MethodChosen,
    ProfileArrived,
    ProfileRefused,
    SendEap,
    Succeeded,
    VectorArrived,
    VectorRefused,
)
from aaa.eap.policy import AkaPolicy
from aaa.eap.states import Chosen, Exchange
from aaa.messages import RejectCause
from hss.api import Resynchronisation
from tests.aaa.eap.dialogue import (
    AKA_IDENTITY,
    AUTS,
    GRANT,
    IDENTITIES,
    IMSI,
    OTHER_VECTOR,
    PRIME_IDENTITY,
    VECTOR,
    Recorded,
    Taken,
    authentication_reject,
    challenge_response,
    client_error,
    identity_response,
    keys_of,
    listed,
    notified,
    response,
    sent,
    sync_failure,
)
from tests.captures import Exchange as CapturedExchange
from tests.captures import Run, load_runs
from wire.aka.vector import AuthVector
from wire.eap.aka import AkaMessage
from wire.eap.aka_keys import session_id
from wire.eap.attributes import At, Attribute
from wire.eap.checkcode import checkcode
from wire.eap.constants import Subtype
from wire.eap.packet import failure, success
from wire.identity import EapMethod
from wire.sansio import Tick, UnlistedTransition

AKA, PRIME = EapMethod.AKA, EapMethod.AKA_PRIME
WLAN = AkaPolicy(network_name="WLAN")
FULL = [(run, run.exchanges[0]) for run in load_runs()]
TAKEN: Taken = set()


def server_of(method: EapMethod, policy: AkaPolicy = WLAN, identity: bytes | None = None) -> Recorded:
    exchange = Exchange(method, IDENTITIES[method] if identity is None else identity, 1)
    return Recorded(AkaServer(policy=policy, state=Chosen(exchange)), TAKEN)


def begun(method: EapMethod, policy: AkaPolicy = WLAN, identity: bytes | None = None) -> tuple[Recorded, list[Effect]]:
    server = server_of(method, policy, identity)
    return server, server.handle(MethodChosen())


def challenged(method: EapMethod, policy: AkaPolicy = WLAN) -> Recorded:
    """A server whose challenge with VECTOR is out, identifier 2."""
    server, _ = begun(method, policy)
    message = sent(server.handle(VectorArrived(VECTOR)))
    assert (message.subtype, message.identifier) == (Subtype.CHALLENGE, 2)
    return server


def proven(method: EapMethod, policy: AkaPolicy = WLAN, *extra: Attribute) -> Recorded:
    """A server that has seen the UE's RES and awaits the profile."""
    server = challenged(method, policy)
    assert server.handle(EapArrived(challenge_response(method, 2, *extra))) == [FetchProfile(IMSI)]
    return server


def code_of(effects: list[Effect], *, identifier: int) -> int | None:
    """The code of the AKA-Notification that `effects` send."""
    message = sent(effects)
    assert (message.subtype, message.identifier) == (Subtype.NOTIFICATION, identifier)
    return message.attributes.number(At.NOTIFICATION)


def refused(server: Recorded, octets: bytes, cause: RejectCause, method: EapMethod = AKA) -> None:
    """After `octets`, sent as 2, the server notifies 16384 and then fails for `cause`."""
    effects = server.handle(EapArrived(octets))
    assert code_of(effects, identifier=3) == 16384
    assert At.MAC not in sent(effects).attributes
    (failed,) = server.handle(EapArrived(notified(method, 3)))
    assert isinstance(failed, Failed)
    assert (failed.eap, failed.cause, failed.method) == (failure(3), cause, method)


# Captured conversations


@pytest.mark.parametrize(("run", "exchange"), FULL, ids=[run.name for run, _ in FULL])
def test_replayed_peer_gets_what_it_got_from_hostap(run: Run, exchange: CapturedExchange) -> None:
    name = "WLAN" if run.method is PRIME else None
    policy = AkaPolicy(name, result_ind=exchange.result_indicated, always_ask_identity=True)
    identity, *answers = exchange.responses
    server = AkaServer(policy=policy, state=Chosen(Exchange(run.method, identity[5:], identity[1])))
    vectors = [one.vector() for one in exchange.rounds]
    effects = server.handle(MethodChosen(), 0.0)
    for captured, answer in zip(exchange.requests, [*answers, None], strict=True):
        while effects and isinstance(effects[0], FetchVector | FetchProfile):
            effects = server.handle(_hss_answer(effects[0], vectors), 0.0)
        _same(effects[0], captured)
        if answer is not None:
            effects = server.handle(EapArrived(answer), 0.0)
    (over,) = effects
    if not isinstance(over, Succeeded):
        assert isinstance(over, Failed)
        return
    last = exchange.rounds[-1].values
    assert over.msk == last["msk"]
    assert over.session_id == bytes((run.method,)) + last["rand"] + last["autn"]
    assert (over.imsi, over.method, over.identity) == (run.imsi, run.method, exchange.rounds[-1].identity)


def _hss_answer(effect: FetchVector | FetchProfile, vectors: list[AuthVector]) -> Event:
    if isinstance(effect, FetchProfile):
        return ProfileArrived(GRANT)
    return VectorArrived(vectors.pop(0)) if vectors else VectorRefused(RejectCause.USER_UNKNOWN)


def _same(effect: Effect, captured: bytes) -> None:
    """Octet by octet; of a challenge all but the temporary identities that hostap gave, and AT_MAC over them."""
    if isinstance(effect, Succeeded | Failed):
        assert effect.eap == captured
        return
    assert isinstance(effect, SendEap)
    if captured[5] != Subtype.CHALLENGE:
        assert effect.octets == captured
        return
    ours, theirs = AkaMessage.parse(effect.octets), AkaMessage.parse(captured)
    left_out = {At.IV, At.ENCR_DATA, At.MAC, At.RESULT_IND}
    assert [item for item in ours.attributes if item.type not in left_out] == [
        item for item in theirs.attributes if item.type not in left_out
    ]
    assert ours.identifier == theirs.identifier


# Success


def test_server_succeeds_straight_away() -> None:
    server = proven(AKA)
    msk = keys_of(AKA).msk
    session = session_id(AKA, VECTOR.rand, VECTOR.autn)
    assert server.handle(ProfileArrived(GRANT)) == [Succeeded(success(2), msk, session, IMSI, AKA_IDENTITY, AKA, GRANT)]
    assert server.handle(EapArrived(challenge_response(AKA, 2))) == [Discard("no request is outstanding")]


def test_server_asks_for_a_vector_bound_to_the_network_name_within_aka_prime() -> None:
    _, effects = begun(PRIME)
    assert effects == [FetchVector(IMSI, PRIME, "WLAN")]


def test_server_asks_for_a_plain_vector_within_aka() -> None:
    _, effects = begun(AKA)
    assert effects == [FetchVector(IMSI, AKA, None)]


def test_server_protects_success_when_both_sides_want_it() -> None:
    server = proven(PRIME, replace(WLAN, result_ind=True), Attribute(At.RESULT_IND))
    effects = server.handle(ProfileArrived(GRANT))
    assert code_of(effects, identifier=3) == 32768
    assert sent(effects).mac_is_genuine(keys_of(PRIME).k_aut)
    assert server.handle(EapArrived(notified(PRIME, 2))) == [Discard("identifier 2 answers no outstanding request")]
    (over,) = server.handle(EapArrived(notified(PRIME, 3, keys_of(PRIME).k_aut)))
    assert isinstance(over, Succeeded)
    assert (over.eap, over.msk) == (success(3), keys_of(PRIME).msk)


@pytest.mark.parametrize("octets", [notified(AKA, 3), client_error(AKA, 3), bytes.fromhex("0203000817ff0000")])
def test_server_gives_success_whatever_answers_the_protected_success(octets: bytes) -> None:
    server = proven(AKA, replace(WLAN, result_ind=True), Attribute(At.RESULT_IND))
    server.handle(ProfileArrived(GRANT))
    assert isinstance(server.handle(EapArrived(octets))[0], Succeeded)


def test_server_does_not_protect_success_when_the_peer_does_not_want_it() -> None:
    server = proven(AKA, replace(WLAN, result_ind=True))
    assert isinstance(server.handle(ProfileArrived(GRANT))[0], Succeeded)


def test_server_goes_on_from_a_kept_state() -> None:
    server = challenged(AKA)
    assert isinstance(server.machine, AkaServer)
    other = AkaServer(policy=WLAN, state=server.machine.state)
    assert other.handle(EapArrived(challenge_response(AKA, 2)), 9.0) == [FetchProfile(IMSI)]
    assert other.deadline == 9.0 + WLAN.hss_limit


def test_server_counts_identifiers_round() -> None:
    server = AkaServer(policy=WLAN, state=Chosen(Exchange(AKA, AKA_IDENTITY, 255)))
    server.handle(MethodChosen(), 0.0)
    assert sent(server.handle(VectorArrived(VECTOR), 0.0)).identifier == 0


# Identity rounds


def test_server_asks_three_times_and_gives_up() -> None:
    server, effects = begun(AKA, identity=b"4once")
    asked = [At.ANY_ID_REQ, At.FULLAUTH_ID_REQ, At.PERMANENT_ID_REQ]
    for identifier, kind in enumerate(asked, start=2):
        message = sent(effects)
        assert (message.subtype, message.identifier, kind in message.attributes) == (Subtype.IDENTITY, identifier, True)
        effects = server.handle(EapArrived(identity_response(AKA, identifier, b"4once")))
    assert code_of(effects, identifier=5) == 16384
    (failed,) = server.handle(EapArrived(notified(AKA, 5)))
    assert isinstance(failed, Failed)
    assert (failed.cause, failed.imsi) == (RejectCause.USER_UNKNOWN, None)


def test_server_covers_every_identity_round_by_checkcode() -> None:
    server, effects = begun(PRIME, identity=b"7strange")
    assert isinstance(effects[0], SendEap)
    any_request, pseudonym = effects[0].octets, identity_response(PRIME, 2, b"7strange")
    (permanent,) = server.handle(EapArrived(pseudonym))
    assert isinstance(permanent, SendEap)
    identity = identity_response(PRIME, 3, PRIME_IDENTITY)
    assert server.handle(EapArrived(identity)) == [FetchVector(IMSI, PRIME, "WLAN")]
    message = sent(server.handle(VectorArrived(VECTOR)))
    code = checkcode(PRIME, (any_request, pseudonym, permanent.octets, identity))
    assert len(code) == 32
    assert message.attributes.get(At.CHECKCODE) == code
    answer = challenge_response(PRIME, 4, Attribute(At.CHECKCODE, code))
    assert server.handle(EapArrived(answer)) == [FetchProfile(IMSI)]


def test_server_derives_keys_from_the_last_identity_that_was_sent() -> None:
    short = b"0" + str(IMSI).encode()
    server, _ = begun(AKA, replace(WLAN, always_ask_identity=True))
    server.handle(EapArrived(identity_response(AKA, 2, short)))
    message = sent(server.handle(VectorArrived(VECTOR)))
    assert message.mac_is_genuine(keys_of(AKA, identity=short).k_aut)


def test_server_asks_again_for_an_identity_after_a_decorated_one() -> None:
    decorated = b"nai.epc.mnc015.mcc234.3gppnetwork.org!" + AKA_IDENTITY.split(b"@")[0] + b"@visited.example"
    _, effects = begun(AKA, identity=decorated)
    assert At.ANY_ID_REQ in sent(effects).attributes


def test_server_ends_at_a_client_error_instead_of_an_identity() -> None:
    server, _ = begun(AKA, identity=b"2strange")
    (failed,) = server.handle(EapArrived(client_error(AKA, 2)))
    assert failed == Failed(failure(2), RejectCause.CLIENT_ERROR, "client error code 0", None, AKA)


def test_server_refuses_a_challenge_response_instead_of_an_identity() -> None:
    server, _ = begun(AKA, identity=b"2strange")
    refused(server, challenge_response(AKA, 2), RejectCause.BAD_EAP)


def test_server_ignores_a_retransmitted_identity() -> None:
    server, _ = begun(AKA, identity=b"2strange")
    late = identity_response(AKA, 2, b"2strange")
    server.handle(EapArrived(late))
    assert server.handle(EapArrived(late)) == [Discard("identifier 2 answers no outstanding request")]


# The HSS


def test_server_refuses_whom_the_hss_does_not_know() -> None:
    server, _ = begun(AKA)
    effects = server.handle(VectorRefused(RejectCause.USER_UNKNOWN, "no such subscriber"))
    assert code_of(effects, identifier=2) == 16384
    late = server.handle(EapArrived(notified(AKA, 1)))
    assert late == [Discard("identifier 1 answers no outstanding request")]
    (failed,) = server.handle(EapArrived(notified(AKA, 2)))
    assert failed == Failed(failure(2), RejectCause.USER_UNKNOWN, "no such subscriber", IMSI, AKA)


def test_server_waits_for_the_vector_within_a_limit() -> None:
    server, _ = begun(AKA)
    assert server.handle(Tick(), 4.9) == []
    assert server.handle(EapArrived(challenge_response(AKA, 2)), 4.9) == [Discard("no request is outstanding")]
    assert code_of(server.handle(Tick(), 5.0), identifier=2) == 16384


def test_server_waits_for_the_profile_within_a_limit() -> None:
    server = proven(AKA)
    assert server.handle(Tick(), 4.9) == []
    assert server.handle(EapArrived(challenge_response(AKA, 2)), 4.9) == [Discard("no request is outstanding")]
    assert code_of(server.handle(Tick(), 5.0), identifier=3) == 1026


def test_server_has_no_deadline_while_the_peer_thinks() -> None:
    server = challenged(AKA)
    assert isinstance(server.machine, AkaServer)
    assert server.machine.deadline is None


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        (RejectCause.NO_APN_SUBSCRIPTION, 1031),
        (RejectCause.SUBSCRIBER_BARRED, 1026),
        (RejectCause.USER_UNKNOWN, 0),
    ],
)
def test_server_tells_an_authenticated_peer_why_it_is_denied(cause: RejectCause, code: int) -> None:
    server = proven(PRIME)
    effects = server.handle(ProfileRefused(cause, "detail"))
    assert code_of(effects, identifier=3) == code
    assert sent(effects).mac_is_genuine(keys_of(PRIME).k_aut)
    (failed,) = server.handle(EapArrived(notified(PRIME, 3, keys_of(PRIME).k_aut)))
    assert failed == Failed(failure(3), cause, "detail", IMSI, PRIME)


def test_an_answer_that_was_not_asked_for_is_a_fault_of_the_caller() -> None:
    server, _ = begun(AKA)
    with pytest.raises(UnlistedTransition, match="AwaitingVector on ProfileArrived"):
        server.handle(ProfileArrived(GRANT))


# Wrong answers


def test_server_refuses_a_wrong_res() -> None:
    refused(challenged(AKA), challenge_response(AKA, 2, res=bytes(8)), RejectCause.WRONG_RESPONSE)


def test_server_refuses_a_wrong_mac() -> None:
    wrong = challenge_response(PRIME, 2, keys=keys_of(PRIME, OTHER_VECTOR, b"6other"))
    refused(challenged(PRIME), wrong, RejectCause.WRONG_RESPONSE, PRIME)


@pytest.mark.parametrize(
    "octets",
    [
        response(AKA, 2, Subtype.NOTIFICATION),
        identity_response(AKA, 2, AKA_IDENTITY),
        bytes.fromhex("0202000817ff0000"),
        bytes.fromhex("0202000817010000"),
    ],
    ids=["a notification", "an identity", "an unknown subtype", "nothing in it"],
)
def test_server_refuses_what_answers_no_challenge(octets: bytes) -> None:
    refused(challenged(AKA), octets, RejectCause.BAD_EAP)


def test_server_ends_when_the_peer_rejects_the_network() -> None:
    (failed,) = challenged(PRIME).handle(EapArrived(authentication_reject(PRIME, 2)))
    assert failed == Failed(failure(2), RejectCause.NETWORK_REFUSED_BY_UE, "", IMSI, PRIME)


def test_server_ends_at_a_client_error() -> None:
    (failed,) = challenged(AKA).handle(EapArrived(client_error(AKA, 2)))
    assert failed == Failed(failure(2), RejectCause.CLIENT_ERROR, "client error code 0", IMSI, AKA)


def test_server_discards_what_answers_another_request() -> None:
    (effect,) = challenged(AKA).handle(EapArrived(challenge_response(AKA, 1)))
    assert isinstance(effect, Discard)


# Resynchronisation


@pytest.mark.parametrize(("method", "kdfs"), [(AKA, ()), (PRIME, (1,))])
def test_server_resynchronises_once(method: EapMethod, kdfs: tuple[int, ...]) -> None:
    server = challenged(method)
    (fetch,) = server.handle(EapArrived(sync_failure(method, 2, *kdfs)))
    assert isinstance(fetch, FetchVector)
    assert fetch.resynchronisation == Resynchronisation(VECTOR.rand, AUTS)
    message = sent(server.handle(VectorArrived(OTHER_VECTOR)))
    assert (message.identifier, message.attributes.get(At.RAND)) == (3, OTHER_VECTOR.rand)
    effects = server.handle(EapArrived(sync_failure(method, 3, *kdfs)))
    assert code_of(effects, identifier=4) == 16384
    (failed,) = server.handle(EapArrived(notified(method, 4)))
    assert isinstance(failed, Failed)
    assert failed.cause is RejectCause.RESYNCHRONISATION_REJECTED


def test_server_refuses_when_the_hss_finds_auts_forged() -> None:
    server = challenged(AKA)
    server.handle(EapArrived(sync_failure(AKA, 2)))
    effects = server.handle(VectorRefused(RejectCause.RESYNCHRONISATION_REJECTED))
    assert code_of(effects, identifier=3) == 16384


def test_server_refuses_a_sync_failure_with_another_kdf() -> None:
    refused(challenged(PRIME), sync_failure(PRIME, 2, 7), RejectCause.WRONG_RESPONSE, PRIME)


# Key derivation functions


def test_server_negotiates_the_kdf_once() -> None:
    server = challenged(PRIME, replace(WLAN, kdfs=(7, 1)))
    wish = response(PRIME, 2, Subtype.CHALLENGE, Attribute.number(At.KDF, 1))
    message = sent(server.handle(EapArrived(wish)))
    assert (message.identifier, message.attributes.numbers(At.KDF)) == (3, (1, 7, 1))
    assert message.attributes.get(At.RAND) == VECTOR.rand
    assert server.handle(EapArrived(challenge_response(PRIME, 3))) == [FetchProfile(IMSI)]


def test_server_keeps_the_negotiated_kdf_through_a_resynchronisation() -> None:
    server = challenged(PRIME, replace(WLAN, kdfs=(7, 1)))
    server.handle(EapArrived(response(PRIME, 2, Subtype.CHALLENGE, Attribute.number(At.KDF, 1))))
    server.handle(EapArrived(sync_failure(PRIME, 3, 1, 7, 1)))
    message = sent(server.handle(VectorArrived(OTHER_VECTOR)))
    assert message.attributes.numbers(At.KDF) == (1, 7, 1)


def test_every_transition_is_taken() -> None:
    TAKEN.clear()
    for name, test in list(globals().items()):
        if name.startswith("test_server_") and not hasattr(test, "pytestmark"):
            test()
    test_server_resynchronises_once(AKA, ())
    test_server_tells_an_authenticated_peer_why_it_is_denied(RejectCause.USER_UNKNOWN, 0)
    assert listed(TRANSITIONS) == TAKEN
