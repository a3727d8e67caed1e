"""SA payloads: round trips, and every way in which counts and lengths can lie."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ikev2_vectors import SESSIONS, octets
from wire.buffer import Reader
from wire.errors import DecodeError
from wire.ikev2.constants import ProtocolId, TransformType
from wire.ikev2.message import Message
from wire.ikev2.payloads.sa import Attribute, Proposal, SecurityAssociation, Transform

ATTRIBUTES = st.one_of(
    st.builds(Attribute, st.integers(0, 0x7FFF), st.binary(min_size=2, max_size=2)),
    st.builds(Attribute, st.integers(0, 0x7FFF), st.binary(max_size=8), st.just(value=False)),
)
TRANSFORMS = st.builds(
    Transform, st.integers(0, 255), st.integers(0, 0xFFFF), st.lists(ATTRIBUTES, max_size=3).map(tuple)
)
PROPOSALS = st.builds(
    Proposal,
    st.integers(0, 255),
    st.integers(0, 255),
    st.binary(max_size=8),
    st.lists(TRANSFORMS, max_size=5).map(tuple),
)
PAYLOADS = st.builds(SecurityAssociation, st.lists(PROPOSALS, max_size=4).map(tuple))
ONE = SecurityAssociation((Proposal(1, ProtocolId.ESP, b"\0\0\1\0", (Transform.keyed(1, 20, 256), Transform(5, 0))),))


@given(PAYLOADS)
def test_payload_survives_the_round_trip(payload: SecurityAssociation) -> None:
    assert SecurityAssociation.parse(Reader(payload.build())) == payload


def test_parser_reads_a_real_proposal() -> None:
    """Source: tests/vectors/ikev2.json, ikev2_eap_sessions[0]."""
    payload = Message.parse(octets(SESSIONS[0], "ike_sa_init_request")).find(SecurityAssociation)
    assert payload is not None
    (proposal,) = payload.proposals
    assert proposal.protocol_id == ProtocolId.IKE
    kinds = {transform.kind: (transform.transform_id, transform.key_bits) for transform in proposal.transforms}
    assert kinds == {
        TransformType.ENCR: (12, 256),
        TransformType.PRF: (5, None),
        TransformType.INTEG: (12, None),
        TransformType.DH: (31, None),
    }


def test_key_length_is_none_without_the_attribute() -> None:
    assert Transform(1, 12).key_bits is None
    assert Transform(1, 12, (Attribute(14, b"\1\0\0", fixed=False),)).key_bits is None


@pytest.mark.parametrize(
    ("at", "octet", "reason"),
    [
        (0, 2, "Last Substruc"),  # more proposals announced, none there
        (0, 1, "Last Substruc"),
        (3, 200, "Last Substruc"),  # proposal longer than the payload
        (3, 3, "Last Substruc"),
        (6, 200, "octets needed"),  # SPI longer than the proposal
        (7, 1, "Last Substruc"),  # one transform announced, two there
        (7, 3, "Last Substruc"),
        (12, 0, "Last Substruc"),
        (15, 2, "octets needed"),  # transform shorter than its header
    ],
)
def test_parser_refuses_lengths_that_lie(at: int, octet: int, reason: str) -> None:
    data = bytearray(ONE.build())
    data[at] = octet
    with pytest.raises(DecodeError, match=reason):
        SecurityAssociation.parse(Reader(bytes(data)))


def test_parser_refuses_octets_after_the_last_transform() -> None:
    body = bytes((0, 0, 0, 12, 1, 3, 0, 0)) + bytes(4)
    with pytest.raises(DecodeError, match="left over"):
        SecurityAssociation.parse(Reader(body))
