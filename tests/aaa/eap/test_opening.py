"""How an exchange opens within EAP-SIM; tests/aaa/eap/test_aka_server.py has the same for EAP-AKA."""

from dataclasses import replace

import pytest

from aaa.eap.aka_server import AkaServer
from aaa.eap.events import (
    Discard,
    EapArrived,
    Effect,
    Failed,
    FetchProfile,
    FetchVector,
    MethodChosen,
    ProfileArrived,
    Succeeded,
    VectorArrived,
)
from aaa.eap.policy import AkaPolicy
from aaa.eap.states import Chosen, Exchange
from aaa.eap.temporary import Resumable
from aaa.messages import RejectCause
from tests.aaa.eap.dialogue import (
    GRANT,
    IMSI,
    OTHER_VECTOR,
    REALM,
    TAKEN_BY_SERVER,
    VECTOR,
    Alone,
    Recorded,
    TemporaryIdentities,
    client_error,
    notified,
    response,
    seeded,
    sent,
)
from wire.aka.gsm import kc, sres
from wire.eap.aka import AkaMessage
from wire.eap.aka_keys import Keys, resumed_keys
from wire.eap.attributes import At, Attribute, Attributes
from wire.eap.constants import Subtype
from wire.eap.encrypted import seal
from wire.eap.packet import EapCode, failure
from wire.eap.sim_keys import derive_sim_keys, sim_session_id
from wire.identity import EapMethod, IdentityKind
from wire.secret import Secret

SIM = EapMethod.SIM
POLICY = AkaPolicy(allowed=(SIM,))
PERMANENT = f"1{IMSI}@{REALM}".encode()
NONCE_MT = bytes(range(16))
VECTORS = (VECTOR, OTHER_VECTOR, replace(VECTOR, rand=bytes(16)))
RESUMABLE = Resumable(IMSI, resumed_keys(SIM, Secret(bytes(range(20)))), 3, 1000)
STARTED = (Attribute(At.NONCE_MT, NONCE_MT), Attribute.number(At.SELECTED_VERSION, 1))


def server_of(
    identity: bytes = PERMANENT, policy: AkaPolicy = POLICY, identities: TemporaryIdentities | None = None
) -> tuple[Recorded, list[Effect]]:
    state = Chosen(Exchange(SIM, identity, 1))
    server = Recorded(Alone(AkaServer(policy, seeded, identities), state), TAKEN_BY_SERVER)
    return server, server.handle(MethodChosen(), 0.0)


def start(server: Recorded, identifier: int, identity: bytes | None = None, *items: Attribute) -> list[Effect]:
    names = () if identity is None else (Attribute(At.IDENTITY, identity),)
    return server.handle(EapArrived(response(SIM, identifier, Subtype.SIM_START, *names, *items)), 0.0)


def keys_of(identity: bytes) -> Keys:
    return derive_sim_keys(identity, [kc(one.ck, one.ik) for one in VECTORS], NONCE_MT)


def challenge_response(identifier: int, identity: bytes, *items: Attribute) -> EapArrived:
    message = AkaMessage(EapCode.RESPONSE, identifier, SIM, Subtype.SIM_CHALLENGE, Attributes(items))
    expected = b"".join(sres(one.xres) for one in VECTORS)
    return EapArrived(message.build(keys_of(identity).k_aut, expected))


def test_known_identity_needs_a_start_for_nonce_mt_alone() -> None:
    server, effects = server_of()
    message = sent(effects)
    assert (message.subtype, [item.type for item in message.attributes]) == (Subtype.SIM_START, [At.VERSION_LIST])
    assert start(server, 2, None, *STARTED) == [FetchVector(IMSI, SIM, None, count=3)]
    message = sent(server.handle(VectorArrived(VECTORS[0], VECTORS[1:]), 0.0))
    assert (message.subtype, len(message.attributes.get(At.RAND) or b"")) == (Subtype.SIM_CHALLENGE, 48)
    assert message.mac_is_genuine(keys_of(PERMANENT).k_aut, NONCE_MT)
    assert server.handle(challenge_response(3, PERMANENT), 0.0) == [FetchProfile(IMSI)]
    (over,) = server.handle(ProfileArrived(GRANT), 0.0)
    assert isinstance(over, Succeeded)
    assert (over.msk, over.method, over.identity) == (keys_of(PERMANENT).msk, SIM, PERMANENT)
    assert over.session_id == sim_session_id(b"".join(one.rand for one in VECTORS), NONCE_MT)


def test_unknown_identities_are_asked_for_in_starts() -> None:
    server, effects = server_of(b"5unknown")
    for identifier, kind in enumerate((At.ANY_ID_REQ, At.FULLAUTH_ID_REQ, At.PERMANENT_ID_REQ), start=2):
        message = sent(effects)
        assert (message.subtype, kind in message.attributes) == (Subtype.SIM_START, True)
        effects = start(server, identifier, b"5unknown")
    assert sent(effects).subtype is Subtype.NOTIFICATION
    (failed,) = server.handle(EapArrived(notified(SIM, 5)), 0.0)
    assert failed == Failed(failure(5), RejectCause.USER_UNKNOWN, "the UE gives no permanent identity", None, SIM)


def test_identity_and_nonce_come_in_one_start() -> None:
    server, _ = server_of(b"anonymous")
    assert start(server, 2, PERMANENT, *STARTED) == [FetchVector(IMSI, SIM, None, count=3)]


def test_subscriber_that_may_not_reauthenticate_is_asked_for_nonce_mt() -> None:
    identities = TemporaryIdentities(once={"5late": IMSI})
    server, _ = server_of(b"anonymous", identities=identities)
    message = sent(start(server, 2, b"5late"))
    assert [item.type for item in message.attributes] == [At.VERSION_LIST]
    assert start(server, 3, None, *STARTED) == [FetchVector(IMSI, SIM, None, count=3)]
    message = sent(server.handle(VectorArrived(VECTORS[0], VECTORS[1:]), 0.0))
    assert message.mac_is_genuine(keys_of(b"5late").k_aut, NONCE_MT)


def reauthentication_answer(request: AkaMessage, *more: Attribute) -> EapArrived:
    keys = RESUMABLE.keys
    inside = request.parse_encrypted(keys.k_encr)
    items = seal((Attribute.number(At.COUNTER, 3), *more), keys.k_encr, bytes(16))
    message = AkaMessage(EapCode.RESPONSE, request.identifier, SIM, Subtype.REAUTHENTICATION, Attributes(items))
    return EapArrived(message.build(keys.k_aut, inside.get(At.NONCE_S) or b""))


def test_reauthentication_is_that_of_aka_without_a_checkcode() -> None:
    server, effects = server_of(b"5once", identities=TemporaryIdentities(once={"5once": RESUMABLE}))
    message = sent(effects)
    assert [item.type for item in message.attributes] == [At.IV, At.ENCR_DATA, At.MAC]
    assert server.handle(reauthentication_answer(message), 0.0) == [FetchProfile(IMSI)]
    (over,) = server.handle(ProfileArrived(GRANT), 0.0)
    assert isinstance(over, Succeeded)
    assert (over.kind, over.counter) == (IdentityKind.REAUTHENTICATION, 3)


def test_counter_that_is_too_small_leads_to_a_start_and_a_challenge() -> None:
    server, effects = server_of(b"5once", identities=TemporaryIdentities(once={"5once": RESUMABLE}))
    answer = reauthentication_answer(sent(effects), Attribute(At.COUNTER_TOO_SMALL))
    message = sent(server.handle(answer, 0.0))
    assert (message.subtype, len(message.attributes)) == (Subtype.SIM_START, 1)
    assert start(server, 3, None, *STARTED) == [FetchVector(IMSI, SIM, None, count=3)]
    message = sent(server.handle(VectorArrived(VECTORS[0], VECTORS[1:]), 0.0))
    assert message.mac_is_genuine(keys_of(b"5once").k_aut, NONCE_MT)


def notified_of(effects: list[Effect]) -> int | None:
    """The code of the notification that `effects` send."""
    message = sent(effects)
    return message.attributes.number(At.NOTIFICATION) if message.subtype is Subtype.NOTIFICATION else None


def test_there_are_three_starts_at_most() -> None:
    """RFC 4186 §9.2: only AT_ANY_ID_REQ may be answered without AT_NONCE_MT; §4.2.5: three rounds."""
    server, _ = server_of(b"5unknown")
    start(server, 2, b"5unknown")
    start(server, 3, b"3unknown", *STARTED)
    assert notified_of(start(server, 4, PERMANENT)) == 16384
    (failed,) = server.handle(EapArrived(notified(SIM, 5)), 0.0)
    assert failed == Failed(failure(5), RejectCause.BAD_EAP, "AT_NONCE_MT is missing", IMSI, SIM)


def test_start_that_asks_for_an_identity_is_answered_with_one() -> None:
    """RFC 4186 §9.2: the peer MUST include AT_IDENTITY; §6.3.2: a mandatory attribute is missing."""
    server, _ = server_of(b"anonymous")
    assert notified_of(start(server, 2, None, *STARTED)) == 16384
    (failed,) = server.handle(EapArrived(notified(SIM, 3)), 0.0)
    assert failed == Failed(failure(3), RejectCause.BAD_EAP, "AT_IDENTITY is missing", None, SIM)


@pytest.mark.parametrize(
    ("items", "cause"),
    [
        ((), RejectCause.BAD_EAP),
        (STARTED[:1], RejectCause.BAD_EAP),
        ((STARTED[0], Attribute.number(At.SELECTED_VERSION, 2)), RejectCause.WRONG_RESPONSE),
    ],
)
def test_start_without_what_is_needed_is_refused(items: tuple[Attribute, ...], cause: RejectCause) -> None:
    server, _ = server_of()
    assert sent(start(server, 2, None, *items)).subtype is Subtype.NOTIFICATION
    (failed,) = server.handle(EapArrived(notified(SIM, 3)), 0.0)
    assert isinstance(failed, Failed)
    assert (failed.cause, failed.imsi) == (cause, IMSI)


def test_wrong_answer_to_the_challenge_is_refused() -> None:
    server, _ = server_of()
    start(server, 2, None, *STARTED)
    server.handle(VectorArrived(VECTORS[0], VECTORS[1:]), 0.0)
    assert sent(server.handle(challenge_response(3, b"1other"), 0.0)).subtype is Subtype.NOTIFICATION


def test_client_error_ends_a_challenge_and_a_late_answer_does_not() -> None:
    server, _ = server_of()
    start(server, 2, None, *STARTED)
    server.handle(VectorArrived(VECTORS[0], VECTORS[1:]), 0.0)
    (late,) = start(server, 2, None, *STARTED)
    assert isinstance(late, Discard)
    (failed,) = server.handle(EapArrived(client_error(SIM, 3)), 0.0)
    assert failed == Failed(failure(3), RejectCause.CLIENT_ERROR, "client error code 0", IMSI, SIM)
