"""The packets of identity rounds, there and back, and how few octets they take."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aaa.conversations.packing import Packer, Unpacker
from aaa.conversations.rounds import pack_checkcode, pack_rounds, unpack_checkcode, unpack_rounds
from aaa.eap.identity_rounds import identity_request
from aaa.eap.states import AwaitingIdentity, Exchange, IdRequest
from tests.aaa.conversations.samples import REALMS, awaiting
from tests.aaa.eap.dialogue import AKA_IDENTITY, identity_response
from tests.captures import load_runs
from wire.eap.checkcode import checkcode
from wire.errors import DecodeError
from wire.identity import EapMethod, IdentityKind


def packed(method: EapMethod, rounds: tuple[bytes, ...]) -> bytes:
    packer = Packer(REALMS)
    pack_rounds(packer, method, rounds)
    return packer.build()


@given(awaiting())
def test_packets_come_back_octet_by_octet(state: AwaitingIdentity) -> None:
    method = state.exchange.method
    unpacker = Unpacker(packed(method, state.rounds), REALMS)
    assert unpack_rounds(unpacker, method) == state.rounds
    unpacker.finish()


@given(st.lists(st.sampled_from([o for r in load_runs() for e in r.exchanges for o in e.responses]), max_size=4))
def test_packets_of_a_captured_peer_come_back(rounds: list[bytes]) -> None:
    for method in EapMethod:
        assert unpack_rounds(Unpacker(packed(method, tuple(rounds)), REALMS), method) == tuple(rounds)


def test_round_takes_few_octets() -> None:
    request = identity_request(Exchange(EapMethod.AKA, b"", 2), IdRequest.ANY)
    answer = identity_response(EapMethod.AKA, 2, AKA_IDENTITY)
    assert len(packed(EapMethod.AKA, (request,))) == 4
    assert len(packed(EapMethod.AKA, (request, answer))) == 4 + 2 + 10


def packed_code(exchange: Exchange, code: bytes) -> bytes:
    packer = Packer(REALMS)
    pack_checkcode(packer, exchange, code)
    return packer.build()


def of_one_round(method: EapMethod, identifier: int, asked: IdRequest, identity: bytes) -> bytes:
    request = identity_request(Exchange(method, b"", identifier), asked)
    return checkcode(method, (request, identity_response(method, identifier, identity)))


ONCE = Exchange(EapMethod.AKA_PRIME, b"8once@example.org", 1, IdentityKind.REAUTHENTICATION)


@pytest.mark.parametrize("method", [EapMethod.AKA, EapMethod.AKA_PRIME])
@pytest.mark.parametrize(
    ("identifier", "asked", "identity", "is_short"),
    [
        (0, IdRequest.ANY, ONCE.identity, True),
        (255, IdRequest.ANY, ONCE.identity, True),
        (253, IdRequest.ANY, ONCE.identity, True),
        (252, IdRequest.ANY, ONCE.identity, False),
        (0, IdRequest.FULLAUTH, ONCE.identity, False),
        (0, IdRequest.ANY, b"8another", False),
    ],
)
def test_checkcode_of_the_round_that_gave_the_identity_takes_one_octet(
    method: EapMethod, identifier: int, asked: IdRequest, identity: bytes, is_short: bool
) -> None:
    exchange, code = replace(ONCE, method=method), of_one_round(method, identifier, asked, identity)
    octets = packed_code(exchange, code)
    assert len(octets) == (1 if is_short else 2 + len(code))
    assert unpack_checkcode(Unpacker(octets, REALMS), exchange) == code


@pytest.mark.parametrize("kind", IdentityKind)
@pytest.mark.parametrize("code", [b"", bytes(20), bytes(32)])
def test_any_checkcode_comes_back(kind: IdentityKind, code: bytes) -> None:
    exchange = replace(ONCE, kind=kind)
    unpacker = Unpacker(packed_code(exchange, code), REALMS)
    assert unpack_checkcode(unpacker, exchange) == code
    unpacker.finish()


@pytest.mark.parametrize("octets", ["", "06", "0105"])
def test_checkcode_that_nobody_packed_is_refused(octets: str) -> None:
    with pytest.raises(DecodeError):
        unpack_checkcode(Unpacker(bytes.fromhex(octets), ()), ONCE)


def test_checkcode_of_a_round_that_cannot_have_been_is_refused() -> None:
    with pytest.raises(DecodeError, match="no such packet"):
        unpack_checkcode(Unpacker(b"\x02", ()), replace(ONCE, identity=bytes(1100)))


@pytest.mark.parametrize("octets", ["", "0103", "010102", "01010204", "010201" + "00ff"])
def test_rounds_that_nobody_packed_are_refused(octets: str) -> None:
    with pytest.raises(DecodeError):
        unpack_rounds(Unpacker(bytes.fromhex(octets), ()), EapMethod.AKA)
