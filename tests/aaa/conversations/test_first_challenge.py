"""What is written in one go is what is written piece by piece, octet by octet."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aaa.conversations.eap_states import StateCodec
from aaa.conversations.first_challenge import known_realms, pack_first_challenge
from aaa.conversations.packing import MOST_REALMS, Packer
from aaa.eap.challenge import challenged
from aaa.eap.states import AwaitingVector, Challenged, EapState, Exchange, MethodProposed, MethodRunning
from tests.aaa.conversations.samples import REALMS, eap_states
from tests.aaa.conversations.samples import challenged as any_challenged
from tests.aaa.eap.dialogue import IMSI, REALM, VECTOR
from wire.eap.checkcode import checkcode
from wire.identity import EapMethod, IdentityKind, Imsi

AKA, PRIME, SIM = EapMethod.AKA, EapMethod.AKA_PRIME, EapMethod.SIM
PLACES = known_realms(REALMS)
OTHER = "realm.of.nobody.example"


def piece_by_piece(state: EapState) -> bytes:
    packer = Packer(REALMS)
    StateCodec(lambda _identity: None).pack(packer, state)
    return packer.build()


def first(
    method: EapMethod = AKA, realm: str | None = REALM, kind: IdentityKind = IdentityKind.PERMANENT
) -> Challenged:
    at_realm = "" if realm is None else f"@{realm}"
    exchange = Exchange(method, f"{0 if method is AKA else 6}{IMSI}{at_realm}".encode(), 200, kind, imsi_shown=True)
    waiting = AwaitingVector(exchange, IMSI, b"", 5.0, (1,) if method is PRIME else ())
    return challenged(waiting, VECTOR, exchange)


def in_one_go(aka: Challenged) -> bytes:
    packed = pack_first_challenge(MethodProposed(aka.exchange.identity, aka), PLACES)
    assert packed is not None
    return packed


@pytest.mark.parametrize("method", [AKA, PRIME])
@pytest.mark.parametrize("realm", [*REALMS, None])
@pytest.mark.parametrize("code", [b"", checkcode(AKA, (b"round",)), checkcode(PRIME, (b"round",))])
@pytest.mark.parametrize("resynchronised", [False, True])
def test_first_challenge_is_written_as_any_state_is(
    method: EapMethod, realm: str | None, code: bytes, resynchronised: bool
) -> None:
    aka = replace(first(method, realm), checkcode=code, resynchronised=resynchronised)
    assert in_one_go(aka) == piece_by_piece(MethodProposed(aka.exchange.identity, aka))


@given(
    any_challenged(),
    st.sampled_from([b"0", b"6", b"x", b"\xff"]),
    st.sampled_from([b"", *(f"@{one}".encode() for one in REALMS)]),
)
def test_every_challenge_to_who_said_his_imsi_is_written_as_any_state_is(
    aka: Challenged, lead: bytes, end: bytes
) -> None:
    identity = lead + aka.imsi.digits.encode() + end
    aka = replace(aka, exchange=replace(aka.exchange, identity=identity))
    state = MethodProposed(identity, aka)
    packed = pack_first_challenge(state, PLACES)
    assert (packed is None) == (aka.exchange.kind is IdentityKind.REAUTHENTICATION)
    assert packed in (None, piece_by_piece(state))


@given(eap_states)
def test_any_state_is_written_alike_or_left_to_who_writes_all(state: EapState) -> None:
    assert pack_first_challenge(state, PLACES) in (None, piece_by_piece(state))


FIRST = first()
SAID = FIRST.exchange.identity


@pytest.mark.parametrize(
    "state",
    [
        MethodRunning(FIRST),
        MethodProposed(SAID, FIRST, (SIM,)),
        MethodProposed(b"anonymous", FIRST),
        MethodProposed(SAID, replace(FIRST, imsi=Imsi("001010000000009"))),
        MethodProposed(SAID, replace(FIRST, exchange=replace(FIRST.exchange, kind=IdentityKind.REAUTHENTICATION))),
        MethodProposed(first(realm=OTHER).exchange.identity, first(realm=OTHER)),
    ],
    ids=[
        "after an answer within the method",
        "after a Nak",
        "by AT_IDENTITY",
        "of another subscriber",
        "for fast re-authentication",
        "of a realm that not every node knows",
    ],
)
def test_state_is_left_to_who_writes_all(state: EapState) -> None:
    assert pack_first_challenge(state, PLACES) is None


def test_realm_has_the_place_that_it_has_in_an_identity() -> None:
    assert known_realms(("a.example", "b.example", "a.example")) == {b"": 0, b"@a.example": 1, b"@b.example": 2}
    # an identity in the second one ends as those in the first do, and is none of an IMSI's then
    assert known_realms(("x", "y@x")) == {b"": 0, b"@x": 1}
    many = tuple(f"r{number}" for number in range(MOST_REALMS + 2))
    assert len(known_realms(many)) == MOST_REALMS + 1
