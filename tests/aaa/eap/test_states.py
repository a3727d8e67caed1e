"""States are plain data that shows no key."""

from aaa.eap.challenge import challenged
from aaa.eap.states import (
    AwaitingIdentity,
    AwaitingProfile,
    AwaitingVector,
    Chosen,
    Closed,
    Done,
    EapState,
    Exchange,
    FailureNotified,
    IdentityRequested,
    MethodProposed,
    MethodRunning,
    Proven,
    Reauthenticating,
    SuccessNotified,
    imsi_of,
)
from aaa.eap.temporary import Resumable
from aaa.messages import RejectCause
from tests.aaa.eap.dialogue import AKA_IDENTITY, GRANT, IMSI, VECTOR, keys_of
from wire.eap.aka_keys import session_id
from wire.identity import EapMethod

EXCHANGE = Exchange(EapMethod.AKA, AKA_IDENTITY, 7)
SESSION = session_id(EapMethod.AKA, VECTOR.rand, VECTOR.autn)


def test_states_with_keys_show_none() -> None:
    keys = keys_of(EapMethod.AKA)
    waiting = AwaitingVector(EXCHANGE, IMSI, b"", 5.0)
    proven = Proven(IMSI, keys, keys.msk, SESSION)
    states = (
        challenged(waiting, VECTOR, EXCHANGE),
        AwaitingProfile(EXCHANGE, proven, 5.0),
        SuccessNotified(EXCHANGE, proven, GRANT),
    )
    secrets = (VECTOR.xres, VECTOR.ck, VECTOR.ik, keys.msk, keys.k_aut, keys.k_encr, keys.mk)
    for state in states:
        shown = repr(MethodRunning(state))
        assert "secret of" in shown
        assert not any(repr(bytes(secret)) in shown or secret.hex() in shown for secret in secrets)


def test_states_are_values() -> None:
    one = AwaitingVector(Exchange(EapMethod.AKA, AKA_IDENTITY, 7), IMSI, b"", 5.0)
    other = AwaitingVector(Exchange(EapMethod.AKA, AKA_IDENTITY, 7), IMSI, b"", 5.0)
    assert one == other
    assert hash(one) == hash(other)


def test_imsi_is_known_where_the_state_says_it() -> None:
    keys = keys_of(EapMethod.AKA)
    waiting, proven = AwaitingVector(EXCHANGE, IMSI, b"", 5.0), Proven(IMSI, keys, keys.msk, SESSION)
    knowing: list[EapState] = [
        MethodProposed(b"", AwaitingIdentity(EXCHANGE, None, (), IMSI)),
        MethodProposed(b"", waiting),
        MethodRunning(challenged(waiting, VECTOR, EXCHANGE)),
        MethodRunning(AwaitingProfile(EXCHANGE, proven, 5.0)),
        MethodRunning(SuccessNotified(EXCHANGE, proven, GRANT)),
        MethodRunning(FailureNotified(EXCHANGE, RejectCause.TOO_BUSY, "", IMSI)),
        MethodRunning(Reauthenticating(EXCHANGE, Resumable(IMSI, keys), bytes(16), keys.msk, SESSION, b"")),
    ]
    assert [imsi_of(state) for state in knowing] == [IMSI] * len(knowing)
    unknowing: list[EapState] = [
        IdentityRequested(1),
        Closed(),
        MethodProposed(b"", Chosen(EXCHANGE)),
        MethodProposed(b"", AwaitingIdentity(EXCHANGE, None, ())),
        MethodRunning(Done()),
    ]
    assert [imsi_of(state) for state in unknowing] == [None] * len(unknowing)
