"""The packets of identity rounds, there and back, and how few octets they take."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aaa.conversations.packing import Packer, Unpacker
from aaa.conversations.rounds import pack_rounds, unpack_rounds
from aaa.eap.identity_rounds import identity_request
from aaa.eap.states import AwaitingIdentity, Exchange, IdRequest
from tests.aaa.conversations.samples import REALMS, awaiting
from tests.aaa.eap.dialogue import AKA_IDENTITY, identity_response
from tests.captures import load_runs
from wire.errors import DecodeError
from wire.identity import EapMethod


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


@pytest.mark.parametrize("octets", ["", "0103", "010102", "01010204", "010201" + "00ff"])
def test_rounds_that_nobody_packed_are_refused(octets: str) -> None:
    with pytest.raises(DecodeError):
        unpack_rounds(Unpacker(bytes.fromhex(octets), ()), EapMethod.AKA)
