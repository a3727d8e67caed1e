"""The method's server: what hostap's peer answered, and what a peer answers that is wrong, late or hostile."""

import contextlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from aaa.eap.aka_server import TRANSITIONS, AkaServer, waits_until
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
from aaa.eap.states import Chosen, Done, Exchange, SuccessNotified
from aaa.eap.temporary import Resumable
from aaa.messages import RejectCause
from hss.api import Resynchronisation
from tests.aaa.eap import test_opening
from tests.aaa.eap.dialogue import (
    AKA_IDENTITY,
    AUTS,
    GRANT,
    IDENTITIES,
    IMSI,
    ONCE,
    OTHER_VECTOR,
    PRIME_IDENTITY,
    PRIME_RESUMABLE,
    RESUMABLE,
    RESUMABLES,
    TAKEN_BY_SERVER,
    VECTOR,
    Alone,
    Recorded,
    TemporaryIdentities,
    authentication_reject,
    challenge_response,
    client_error,
    identity_response,
    keys_of,
    listed,
    misfits,
    notified,
    reauthentication_response,
    response,
    resuming,
    seeded,
    sent,
    sync_failure,
)
from tests.captures import Exchange as CapturedExchange
from tests.captures import Packet, Run, load_runs
from wire.aka.vector import AuthVector
from wire.eap.aka import AkaMessage
from wire.eap.aka_keys import Keys, derive_keys, rederive_keys, resumed_keys, resumption_secret, session_id
from wire.eap.attributes import At, Attribute, Attributes
from wire.eap.checkcode import checkcode
from wire.eap.constants import Subtype
from wire.eap.packet import EapCode, failure, success
from wire.errors import DecodeError
from wire.identity import EapMethod, IdentityKind, Imsi
from wire.sansio import Tick, UnlistedTransition
from wire.secret import Secret

AKA, PRIME = EapMethod.AKA, EapMethod.AKA_PRIME
WLAN = AkaPolicy(network_name="WLAN")
CAPTURED = [(run, exchange) for run in load_runs() for exchange in run.exchanges]
CAPTURED_NAMES = [f"{run.name}-{number}" for run in load_runs() for number, _ in enumerate(run.exchanges)]


def server_of(
    method: EapMethod,
    policy: AkaPolicy = WLAN,
    identity: bytes | None = None,
    identities: TemporaryIdentities | None = None,
) -> Recorded:
    exchange = Exchange(method, IDENTITIES[method] if identity is None else identity, 1)
    return Recorded(Alone(AkaServer(policy, seeded, identities), Chosen(exchange)), TAKEN_BY_SERVER)


def begun(
    method: EapMethod,
    policy: AkaPolicy = WLAN,
    identity: bytes | None = None,
    identities: TemporaryIdentities | None = None,
) -> tuple[Recorded, list[Effect]]:
    server = server_of(method, policy, identity, identities)
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


def captured_identities(run: Run) -> TemporaryIdentities:
    """Those that hostap gave out in `run`, in order, and what it kept for its fast re-authentication."""
    identities = TemporaryIdentities()
    for packet in (packet for exchange in run.exchanges for packet in exchange.packets if _is_offer(packet)):
        inside = _inside(packet.octets, [keys.k_encr for keys in captured_keys(run)])
        identities.next_pseudonyms += [item.value for item in inside if item.type == At.NEXT_PSEUDONYM]
        identities.next_onces += [item.value for item in inside if item.type == At.NEXT_REAUTH_ID]
    for exchange in run.exchanges[1:]:
        keys = resumed_keys(run.method, resumption_secret(captured_keys(run)[-1]))
        once = exchange.rounds[0]
        identities.once[once.identity.decode()] = Resumable(run.imsi, keys, once.counter, 1000)
    return identities


def _is_offer(packet: Packet) -> bool:
    return packet.octets[0] == EapCode.REQUEST and packet.octets[5] in (Subtype.CHALLENGE, Subtype.REAUTHENTICATION)


def _inside(octets: bytes, k_encrs: list[Secret]) -> Attributes:
    for k_encr in k_encrs:
        with contextlib.suppress(DecodeError):
            return AkaMessage.parse(octets).parse_encrypted(k_encr)
    return Attributes()


def captured_keys(run: Run) -> list[Keys]:
    """The keys of each full authentication."""
    rounds = [one for one in run.exchanges[0].rounds if one.kind == "full"]
    return [derive_keys(run.method, one.identity, one.vector().ck, one.vector().ik, emsk=False) for one in rounds]


def captured_entropy(exchange: CapturedExchange) -> Callable[[int], bytes]:
    """NONCE_S where there was one, then each IV, as hostap drew them."""
    drawn = [one.values["nonce_s"] for one in exchange.rounds if one.kind == "reauth"]
    for octets in exchange.requests[:-1]:
        iv = AkaMessage.parse(octets).attributes.get(At.IV)
        drawn += [] if iv is None else [iv]
    return lambda count: drawn.pop(0)[:count]


@pytest.mark.parametrize(("run", "exchange"), CAPTURED, ids=CAPTURED_NAMES)
def test_replayed_peer_gets_octet_by_octet_what_it_got_from_hostap(run: Run, exchange: CapturedExchange) -> None:
    identity, *answers = exchange.responses
    name = "WLAN" if run.method is PRIME else None
    policy = AkaPolicy(
        name, result_ind=exchange.offered(At.RESULT_IND), always_ask_identity=not exchange.is_reauthentication
    )
    identities = captured_identities(run)
    if exchange.is_reauthentication:
        identities.next_onces.pop(0)
    start = Chosen(Exchange(run.method, identity[5:], identity[1]))
    server = Alone(AkaServer(policy, captured_entropy(exchange), identities), start)
    vectors = [one.vector() for one in exchange.rounds if one.kind == "full"]
    effects = server.handle(MethodChosen(), 0.0)
    for captured, answer in zip(exchange.requests, [*answers, None], strict=True):
        while effects and isinstance(effects[0], FetchVector | FetchProfile):
            effects = server.handle(_hss_answer(effects[0], vectors), 0.0)
        assert _octets(effects[0]) == captured
        if answer is not None:
            effects = server.handle(EapArrived(answer), 0.0)
    (over,) = effects
    if not isinstance(over, Succeeded):
        assert isinstance(over, Failed)
        return
    last = exchange.rounds[-1]
    assert over.msk == last.values["msk"]
    assert (over.imsi, over.method, over.identity) == (run.imsi, run.method, last.identity)
    if exchange.is_reauthentication:
        mac = AkaMessage.parse(exchange.requests[0]).attributes.get(At.MAC) or b""
        assert over.session_id == bytes((run.method,)) + last.values["nonce_s"] + mac
        assert (over.counter, over.kind, over.imsi_shown) == (1, IdentityKind.REAUTHENTICATION, False)
    else:
        assert over.session_id == bytes((run.method,)) + last.values["rand"] + last.values["autn"]
        assert (over.counter, over.kind, over.imsi_shown) == (None, IdentityKind.PERMANENT, True)


def _hss_answer(effect: FetchVector | FetchProfile, vectors: list[AuthVector]) -> Event:
    if isinstance(effect, FetchProfile):
        return ProfileArrived(GRANT)
    return VectorArrived(vectors.pop(0)) if vectors else VectorRefused(RejectCause.USER_UNKNOWN)


def _octets(effect: Effect) -> bytes:
    if isinstance(effect, Succeeded | Failed):
        return effect.eap
    assert isinstance(effect, SendEap)
    return effect.octets


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


def test_server_asks_again_what_the_user_may_have_when_that_was_not_kept() -> None:
    server = proven(AKA, replace(WLAN, result_ind=True), Attribute(At.RESULT_IND))
    server.handle(ProfileArrived(GRANT))
    state = server.state
    assert isinstance(state, SuccessNotified)
    resumed = Recorded(Alone(AkaServer(WLAN, seeded), replace(state, grant=None)), TAKEN_BY_SERVER)
    assert resumed.handle(EapArrived(notified(AKA, 3))) == [FetchProfile(IMSI)]
    (over,) = resumed.handle(ProfileArrived(GRANT))
    assert isinstance(over, Succeeded)
    assert (over.eap, over.msk, over.grant) == (success(3), keys_of(AKA).msk, GRANT)


def test_server_notifies_once_though_the_user_may_have_nothing_after_all() -> None:
    """RFC 4187 §6.1: one notification round, and what is decided outside EAP-AKA ends in EAP-Failure (§6.3.3)."""
    events: list[tuple[Event, RejectCause]] = [
        (ProfileRefused(RejectCause.SUBSCRIBER_BARRED, "since then"), RejectCause.SUBSCRIBER_BARRED),
        (Tick(), RejectCause.HSS_UNAVAILABLE),
    ]
    for event, cause in events:
        server = proven(AKA, replace(WLAN, result_ind=True), Attribute(At.RESULT_IND))
        server.handle(ProfileArrived(GRANT))
        state = server.state
        assert isinstance(state, SuccessNotified)
        resumed = Recorded(Alone(AkaServer(WLAN, seeded), replace(state, grant=None)), TAKEN_BY_SERVER)
        resumed.handle(EapArrived(notified(AKA, 3)))
        (failed,) = resumed.handle(event, WLAN.hss_limit)
        assert isinstance(failed, Failed)
        assert (failed.eap, failed.cause, failed.imsi, failed.method) == (failure(3), cause, IMSI, AKA)


def test_server_does_not_protect_success_when_the_peer_does_not_want_it() -> None:
    server = proven(AKA, replace(WLAN, result_ind=True))
    assert isinstance(server.handle(ProfileArrived(GRANT))[0], Succeeded)


def test_server_goes_on_from_a_kept_state() -> None:
    server = challenged(AKA)
    assert isinstance(server.machine, Alone)
    other = Alone(AkaServer(WLAN, seeded), server.machine.state)
    assert other.handle(EapArrived(challenge_response(AKA, 2)), 9.0) == [FetchProfile(IMSI)]
    assert waits_until(other.state) == 9.0 + WLAN.hss_limit


def test_server_counts_identifiers_round() -> None:
    server = Alone(AkaServer(WLAN, seeded), Chosen(Exchange(AKA, AKA_IDENTITY, 255)))
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


@pytest.mark.parametrize(
    ("identity", "says", "imsi"),
    [
        (b"2strange", "the UE gives no permanent identity", None),
        (PRIME_IDENTITY, "the permanent identity that the UE gives is one of AKA_PRIME", IMSI),
        (
            b"a.example!" + AKA_IDENTITY,
            "the permanent identity that the UE gives is decorated, or its realm is no domain name",
            IMSI,
        ),
        (b"\0QUJD", "the UE's encrypted identity opens by no key of privacy_keys, or is one of another method", None),
    ],
)
def test_server_says_what_it_was_given_instead_of_a_permanent_identity(
    identity: bytes, says: str, imsi: Imsi | None
) -> None:
    server, _ = begun(AKA, identity=b"2strange")
    server.handle(EapArrived(identity_response(AKA, 2, b"2strange")))
    server.handle(EapArrived(identity_response(AKA, 3, identity)))
    (failed,) = server.handle(EapArrived(notified(AKA, 4)))
    assert failed == Failed(failure(4), RejectCause.USER_UNKNOWN, says, imsi, AKA)


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
    assert isinstance(server.machine, Alone)
    assert waits_until(server.machine.state) is None


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


# Temporary identities


@pytest.mark.parametrize("method", [AKA, PRIME])
def test_server_gives_out_what_the_next_login_may_use(method: EapMethod) -> None:
    identities = TemporaryIdentities(next_pseudonyms=[b"next"], next_onces=[b"once"])
    server, _ = begun(method, identities=identities)
    message = sent(server.handle(VectorArrived(VECTOR)))
    inside = message.parse_encrypted(keys_of(method).k_encr)
    assert (inside.get(At.NEXT_PSEUDONYM), inside.get(At.NEXT_REAUTH_ID)) == (b"next", b"once")
    following = Resumable(IMSI, keys_of(method))
    assert identities.asked == [(following, "WLAN" if method is PRIME else None)]


def test_server_gives_out_one_of_the_two_alone() -> None:
    server, _ = begun(AKA, identities=TemporaryIdentities(next_onces=[b"once"]))
    inside = sent(server.handle(VectorArrived(VECTOR))).parse_encrypted(keys_of(AKA).k_encr)
    assert [item.type for item in inside] == [At.NEXT_REAUTH_ID, At.PADDING]


def test_server_takes_a_pseudonym_and_derives_keys_from_it() -> None:
    server, effects = begun(AKA, identity=b"2ours", identities=TemporaryIdentities(pseudonyms={"2ours": IMSI}))
    assert effects == [FetchVector(IMSI, AKA, None)]
    server.handle(VectorArrived(VECTOR))
    server.handle(EapArrived(challenge_response(AKA, 2, keys=keys_of(AKA, identity=b"2ours"))))
    (over,) = server.handle(ProfileArrived(GRANT))
    assert isinstance(over, Succeeded)
    assert (over.identity, over.kind, over.imsi_shown) == (b"2ours", IdentityKind.PSEUDONYM, False)


def test_server_notes_an_imsi_that_was_shown_before_a_pseudonym() -> None:
    identities = TemporaryIdentities(pseudonyms={"2ours": IMSI})
    server, _ = begun(AKA, replace(WLAN, always_ask_identity=True), identities=identities)
    server.handle(EapArrived(identity_response(AKA, 2, b"2ours")))
    server.handle(VectorArrived(VECTOR))
    server.handle(EapArrived(challenge_response(AKA, 3, keys=keys_of(AKA, identity=b"2ours"))))
    (over,) = server.handle(ProfileArrived(GRANT))
    assert isinstance(over, Succeeded)
    assert (over.kind, over.imsi_shown) == (IdentityKind.PSEUDONYM, True)


def test_server_derives_keys_from_the_inside_of_an_encrypted_identity() -> None:
    encrypted = b"\0QUJD"
    identities = TemporaryIdentities(encrypted={encrypted: AKA_IDENTITY})
    server, _ = begun(AKA, identity=b"0anonymous@realm", identities=identities)
    assert server.handle(EapArrived(identity_response(AKA, 2, encrypted))) == [FetchVector(IMSI, AKA, None)]
    message = sent(server.handle(VectorArrived(VECTOR)))
    assert message.mac_is_genuine(keys_of(AKA).k_aut)
    server.handle(EapArrived(challenge_response(AKA, 3)))
    (over,) = server.handle(ProfileArrived(GRANT))
    assert isinstance(over, Succeeded)
    assert (over.identity, over.kind, over.imsi_shown) == (AKA_IDENTITY, IdentityKind.ENCRYPTED, False)


# Fast re-authentication


def reauthenticating(
    method: EapMethod, policy: AkaPolicy = WLAN, identities: TemporaryIdentities | None = None
) -> tuple[Recorded, AkaMessage]:
    """A server whose AKA-Reauthentication request is out, identifier 2."""
    server, effects = begun(method, policy, ONCE[method], identities or resuming())
    message = sent(effects)
    assert (message.subtype, message.identifier) == (Subtype.REAUTHENTICATION, 2)
    return server, message


@pytest.mark.parametrize("method", [AKA, PRIME])
def test_server_reauthenticates_without_a_vector(method: EapMethod) -> None:
    server, message = reauthenticating(method)
    assert server.handle(EapArrived(reauthentication_response(message))) == [FetchProfile(IMSI)]
    (over,) = server.handle(ProfileArrived(GRANT))
    assert isinstance(over, Succeeded)
    assert (over.counter, over.kind, over.identity) == (3, IdentityKind.REAUTHENTICATION, ONCE[method])
    assert over.msk == rederive_keys(RESUMABLES[method].keys, ONCE[method], 3, seeded(16)).msk


def test_server_reauthenticates_after_an_identity_round_too() -> None:
    server, effects = begun(PRIME, replace(WLAN, always_ask_identity=True), identities=resuming())
    request = effects[0]
    assert isinstance(request, SendEap)
    response_ = identity_response(PRIME, 2, ONCE[PRIME])
    message = sent(server.handle(EapArrived(response_)))
    assert message.subtype is Subtype.REAUTHENTICATION
    assert message.attributes.get(At.CHECKCODE) == checkcode(PRIME, (request.octets, response_))


def test_server_challenges_whom_the_counter_is_too_small_for() -> None:
    server, message = reauthenticating(AKA)
    octets = reauthentication_response(message, too_small=True)
    assert server.handle(EapArrived(octets)) == [FetchVector(IMSI, AKA, None)]
    message = sent(server.handle(VectorArrived(VECTOR)))
    assert (message.subtype, message.identifier) == (Subtype.CHALLENGE, 3)
    # RFC 4187 §5.5: the fast re-authentication identity is the one for the keys.
    assert message.mac_is_genuine(keys_of(AKA, identity=ONCE[AKA]).k_aut)


def test_server_challenges_a_known_subscriber_that_may_not_reauthenticate() -> None:
    identities = TemporaryIdentities(once={"4late": IMSI})
    server, _ = begun(AKA, replace(WLAN, always_ask_identity=True), identities=identities)
    assert server.handle(EapArrived(identity_response(AKA, 2, b"4late"))) == [FetchVector(IMSI, AKA, None)]
    message = sent(server.handle(VectorArrived(VECTOR)))
    assert message.mac_is_genuine(keys_of(AKA, identity=b"4late").k_aut)


def test_server_asks_for_another_identity_where_the_first_was_one_that_may_not_reauthenticate() -> None:
    _, effects = begun(AKA, identity=b"4late", identities=TemporaryIdentities(once={"4late": IMSI}))
    assert At.FULLAUTH_ID_REQ in sent(effects).attributes


def test_server_protects_the_success_of_a_reauthentication_with_its_counter() -> None:
    server, message = reauthenticating(AKA, replace(WLAN, result_ind=True))
    server.handle(EapArrived(reauthentication_response(message, Attribute(At.RESULT_IND))))
    effects = server.handle(ProfileArrived(GRANT))
    assert code_of(effects, identifier=3) == 32768
    assert sent(effects).mac_is_genuine(RESUMABLE.keys.k_aut)
    assert sent(effects).parse_encrypted(RESUMABLE.keys.k_encr).number(At.COUNTER) == 3
    assert isinstance(server.handle(EapArrived(notified(AKA, 3)))[0], Succeeded)


def test_server_denies_within_a_reauthentication_with_its_counter() -> None:
    server, message = reauthenticating(PRIME)
    server.handle(EapArrived(reauthentication_response(message)))
    effects = server.handle(ProfileRefused(RejectCause.SUBSCRIBER_BARRED))
    assert code_of(effects, identifier=3) == 1026
    assert sent(effects).parse_encrypted(PRIME_RESUMABLE.keys.k_encr).number(At.COUNTER) == 3


def test_server_refuses_a_wrong_answer_to_a_reauthentication() -> None:
    server, message = reauthenticating(AKA)
    refused(server, reauthentication_response(message, counter=2), RejectCause.WRONG_RESPONSE)
    server, _ = reauthenticating(AKA)
    refused(server, challenge_response(AKA, 2), RejectCause.BAD_EAP)


def test_server_ends_at_a_client_error_within_a_reauthentication() -> None:
    server, _ = reauthenticating(AKA)
    (failed,) = server.handle(EapArrived(client_error(AKA, 2)))
    assert failed == Failed(failure(2), RejectCause.CLIENT_ERROR, "client error code 0", IMSI, AKA)


def test_server_discards_a_late_answer_within_a_reauthentication() -> None:
    server, _ = reauthenticating(AKA)
    assert server.handle(EapArrived(identity_response(AKA, 1, b"4once"))) == [
        Discard("identifier 1 answers no outstanding request")
    ]


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
    TAKEN_BY_SERVER.clear()
    tests = {**globals(), **vars(test_opening)}
    del tests["test_every_transition_is_taken"]
    for name, test in tests.items():
        if name.startswith("test_") and callable(test) and not hasattr(test, "pytestmark"):
            test()
    test_server_resynchronises_once(AKA, ())
    test_server_reauthenticates_without_a_vector(AKA)
    test_server_tells_an_authenticated_peer_why_it_is_denied(RejectCause.USER_UNKNOWN, 0)
    assert listed(TRANSITIONS) == TAKEN_BY_SERVER


def test_every_move_is_for_its_state_and_its_event() -> None:
    assert misfits(AkaServer._MOVES) == []
    assert misfits({(Done, Tick): AkaServer._MOVES[Done, EapArrived]}) == [(Done, Tick)]
