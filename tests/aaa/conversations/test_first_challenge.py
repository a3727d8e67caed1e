"""What is written in one go is what is written piece by piece, octet by octet."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aaa.conversations.eap_states import StateCodec
from aaa.conversations.first_challenge import pack_first_challenge
from aaa.conversations.packing import Packer, known_realms
from aaa.eap.challenge import challenged
from aaa.eap.states import AwaitingVector, Challenged, EapState, Exchange, MethodProposed, MethodRunning
from tests.aaa.conversations.samples import REALMS, RESUMABLES, eap_states
from tests.aaa.conversations.samples import challenged as any_challenged
from tests.aaa.eap.dialogue import IMSI, REALM, VECTOR
from tests.aaa.identities.keyrings import Node
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
def test_every_challenge_to_whom_an_imsi_names_is_written_as_any_state_is(
    aka: Challenged, lead: bytes, end: bytes
) -> None:
    identity = lead + aka.imsi.digits.encode() + end
    aka = replace(aka, exchange=replace(aka.exchange, identity=identity))
    state = MethodProposed(identity, aka)
    packed = pack_first_challenge(state, PLACES)
    assert (packed is None) == (aka.exchange.kind is IdentityKind.REAUTHENTICATION)
    assert packed in (None, piece_by_piece(state))


@given(
    any_challenged(),
    st.from_regex(rb"[2-8x][A-Za-z0-9_+/=-]{0,80}", fullmatch=True),
    st.sampled_from([b"", b"@", b"@x", b"@x@" + REALMS[0].encode(), *(b"@" + one.encode() for one in REALMS)]),
)
def test_challenge_to_whom_another_identity_names_is_written_alike_or_left(
    aka: Challenged, username: bytes, end: bytes
) -> None:
    identity = username + end
    state = MethodProposed(identity, replace(aka, exchange=replace(aka.exchange, identity=identity)))
    assert pack_first_challenge(state, PLACES) in (None, piece_by_piece(state))


@pytest.mark.parametrize("method", [AKA, PRIME])
@pytest.mark.parametrize("realm", [*REALMS, None])
def test_challenge_to_whom_a_pseudonym_names_is_written_in_one_go(method: EapMethod, realm: str | None) -> None:
    pseudonym, _ = Node().identities.next_identities(IMSI, RESUMABLES[method].keys, None)
    identity = (pseudonym or b"") + (b"" if realm is None else f"@{realm}".encode())
    aka = replace(first(method), exchange=Exchange(method, identity, 0, IdentityKind.PSEUDONYM))
    assert in_one_go(aka) == piece_by_piece(MethodProposed(identity, aka))


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
