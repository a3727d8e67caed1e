"""Every state of a method, there and back; what is left out is what nothing that follows needs."""

from dataclasses import replace

import pytest
from hypothesis import given

from aaa.conversations.aka_states import LONGEST_DETAIL, pack_aka, tag_of, unpack_aka
from aaa.conversations.packing import Packer, Unpacker
from aaa.eap.states import AkaState, AwaitingProfile, Chosen, Done, Exchange, FailureNotified, SuccessNotified
from aaa.messages import RejectCause
from tests.aaa.conversations.samples import REALMS, aka_states, proven_by
from tests.aaa.eap.dialogue import AKA_IDENTITY, GRANT, IMSI
from wire.errors import DecodeError, EncodeError
from wire.identity import EapMethod

EXCHANGE = Exchange(EapMethod.AKA, AKA_IDENTITY, 7)
PROVEN = proven_by(EXCHANGE, IMSI, bytes(32), bytes(33))


def forgotten(_identity: bytes) -> None:
    return None


def again(state: AkaState) -> AkaState:
    packer = Packer(REALMS)
    pack_aka(packer, state, forgotten)
    return unpacked(packer.build(), tag_of(type(state)))


def unpacked(octets: bytes, tag: int) -> AkaState:
    unpacker = Unpacker(octets, REALMS)
    found = unpack_aka(unpacker, tag, forgotten)
    unpacker.finish()
    return found


@given(aka_states)
def test_state_comes_back(state: AkaState) -> None:
    assert again(state) == state


def test_success_comes_back_without_its_grant() -> None:
    assert again(SuccessNotified(EXCHANGE, PROVEN, GRANT)) == SuccessNotified(EXCHANGE, PROVEN, None)


def test_failure_comes_back_without_its_identity_and_the_end_of_a_long_detail() -> None:
    state = FailureNotified(EXCHANGE, RejectCause.TOO_BUSY, "é" * LONGEST_DETAIL, IMSI)
    bare = replace(EXCHANGE, identity=b"")
    assert again(state) == FailureNotified(bare, RejectCause.TOO_BUSY, "é" * (LONGEST_DETAIL // 2), IMSI)


@pytest.mark.parametrize("state", [Chosen(EXCHANGE), AwaitingProfile(EXCHANGE, PROVEN, 5.0), Done()])
def test_state_that_does_not_wait_for_the_ue_is_not_packed(state: AkaState) -> None:
    with pytest.raises(EncodeError):
        tag_of(type(state))


@pytest.mark.parametrize("tag", range(9))
def test_state_that_nobody_packed_is_refused(tag: int) -> None:
    for octets in (b"", bytes(4), b"\1\1\0\0\0\0", b"\1\1\0\0" + bytes(200)):
        with pytest.raises(DecodeError):
            unpacked(octets, tag)
