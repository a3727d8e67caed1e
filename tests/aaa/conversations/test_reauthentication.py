"""What is written in one go is what is written piece by piece, octet by octet."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aaa.conversations.eap_states import StateCodec
from aaa.conversations.packing import Packer, Unpacker, known_realms
from aaa.conversations.reauthentication import pack_reauthentication
from aaa.eap.states import EapState, Exchange, MethodProposed, MethodRunning, Reauthenticating
from aaa.eap.temporary import Resumable
from tests.aaa.conversations.samples import REALMS, RESUMABLES, eap_states, reauthenticating_with
from tests.aaa.identities.keyrings import Node
from wire.eap.checkcode import checkcode
from wire.identity import EapMethod, IdentityKind, classify

AKA, PRIME, SIM = EapMethod.AKA, EapMethod.AKA_PRIME, EapMethod.SIM
PLACES = known_realms(REALMS)
OTHER = "realm.of.nobody.example"
NODE = Node()


def recall(identity: bytes) -> Resumable | None:
    return NODE.identities.recall(classify(identity))


def piece_by_piece(state: EapState) -> bytes:
    packer = Packer(REALMS)
    StateCodec(recall).pack(packer, state)
    return packer.build()


def resumed(method: EapMethod = AKA, realm: str | None = REALMS[0], code: bytes = b"") -> Reauthenticating:
    """A re-authentication of who came back by an identity of ours."""
    at_realm = "" if realm is None else f"@{realm}"
    identity = (NODE.identities.next_reauthentication(RESUMABLES[method], None) or b"") + at_realm.encode()
    resumable = recall(identity)
    assert resumable is not None
    exchange = Exchange(method, identity, 255, IdentityKind.REAUTHENTICATION)
    return reauthenticating_with(exchange, resumable, code)


@pytest.mark.parametrize("method", [AKA, PRIME])
@pytest.mark.parametrize("realm", [*REALMS, None])
@pytest.mark.parametrize("code", [b"", checkcode(AKA, (b"round",)), checkcode(PRIME, (b"round",))])
def test_reauthentication_is_written_as_any_state_is(method: EapMethod, realm: str | None, code: bytes) -> None:
    aka = resumed(method, realm, code)
    state = MethodProposed(aka.exchange.identity, aka)
    packed = pack_reauthentication(state, PLACES)
    assert packed == piece_by_piece(state)
    assert packed is not None
    assert StateCodec(recall).unpack(Unpacker(packed, REALMS)) == state


@given(eap_states)
def test_any_state_is_written_alike_or_left_to_who_writes_all(state: EapState) -> None:
    assert pack_reauthentication(state, PLACES) in (None, piece_by_piece(state))


@given(
    st.from_regex(rb"[2-8x][A-Za-z0-9_+/=-]{0,80}", fullmatch=True),
    st.sampled_from([b"", b"@", b"@x", b"@x@" + REALMS[0].encode(), *(b"@" + one.encode() for one in REALMS)]),
    st.sampled_from(IdentityKind),
    st.booleans(),
)
def test_any_identity_that_says_it_all_is_written_alike_or_left(
    username: bytes, end: bytes, kind: IdentityKind, is_shown: bool
) -> None:
    identity = username + end
    resumable = replace(RESUMABLES[AKA], identity=identity)
    state = MethodProposed(identity, reauthenticating_with(Exchange(AKA, identity, 0, kind, is_shown), resumable))
    assert pack_reauthentication(state, PLACES) in (None, piece_by_piece(state))


FAST = resumed()
SAID = FAST.exchange.identity


@pytest.mark.parametrize(
    "state",
    [
        MethodRunning(FAST),
        MethodProposed(SAID, FAST, (SIM,)),
        MethodProposed(b"anonymous", FAST),
        MethodProposed(SAID, replace(FAST, resumable=replace(FAST.resumable, identity=None))),
        MethodProposed(SAID, replace(FAST, exchange=replace(FAST.exchange, identity=b"4of-another-round"))),
        MethodProposed(resumed(realm=OTHER).exchange.identity, resumed(realm=OTHER)),
    ],
    ids=[
        "after an answer within the method",
        "after a Nak",
        "by AT_IDENTITY",
        "not held by its identity",
        "by another identity",
        "of a realm that not every node knows",
    ],
)
def test_state_is_left_to_who_writes_all(state: EapState) -> None:
    assert pack_reauthentication(state, PLACES) is None
