"""The states of the EAP layer, there and back."""

import pytest
from hypothesis import given

from aaa.conversations.eap_states import StateCodec
from aaa.conversations.packing import Packer, Unpacker
from aaa.eap.states import (
    AwaitingIdentity,
    Closed,
    Done,
    EapState,
    Exchange,
    FailureNotified,
    IdRequest,
    MethodProposed,
    MethodRunning,
    Silent,
)
from aaa.messages import RejectCause
from tests.aaa.conversations.samples import REALMS, eap_states
from tests.aaa.eap.dialogue import AKA_IDENTITY
from wire.errors import DecodeError, EncodeError
from wire.identity import EapMethod

CODEC = StateCodec(lambda _identity: None)
FAILED = FailureNotified(Exchange(EapMethod.AKA, b"", 1), RejectCause.BAD_EAP, "")


def packed(state: EapState) -> bytes:
    packer = Packer(REALMS)
    CODEC.pack(packer, state)
    return packer.build()


@given(eap_states)
def test_state_comes_back(state: EapState) -> None:
    unpacker = Unpacker(packed(state), REALMS)
    assert CODEC.unpack(unpacker) == state
    unpacker.finish()


def test_failure_forgets_what_a_nak_would_have_asked_for() -> None:
    found = CODEC.unpack(Unpacker(packed(MethodProposed(AKA_IDENTITY, FAILED)), REALMS))
    assert found == MethodProposed(b"", FAILED)


def test_identity_longer_than_any_user_name_is_asked_for_again_after_a_nak() -> None:
    aka = AwaitingIdentity(Exchange(EapMethod.AKA, AKA_IDENTITY, 1), IdRequest.ANY, ())
    for length, kept in ((253, b"x" * 253), (254, b"")):
        found = CODEC.unpack(Unpacker(packed(MethodProposed(b"x" * length, aka)), REALMS))
        assert found == MethodProposed(kept, aka)


@pytest.mark.parametrize("state", [Silent(), Closed(), MethodRunning(Done()), MethodProposed(b"", Done())])
def test_state_that_does_not_wait_for_the_ue_is_not_packed(state: EapState) -> None:
    with pytest.raises(EncodeError):
        packed(state)


@pytest.mark.parametrize("octets", ["", "00", "07", "87000000", "81000001" + "03", "8600000103"])
def test_state_that_nobody_packed_is_refused(octets: str) -> None:
    with pytest.raises(DecodeError):
        CODEC.unpack(Unpacker(bytes.fromhex(octets), REALMS))
