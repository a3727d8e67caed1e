"""IKE messages: chains, critical payloads, lengths."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ikev2_vectors import SESSIONS, octets
from tests.wire.ikev2.payloads import (
    test_auth,
    test_cert,
    test_certreq,
    test_cp,
    test_delete,
    test_eap,
    test_identification,
    test_ke,
    test_nonce,
    test_notify,
    test_sa,
    test_ts,
    test_vendor,
)
from wire.buffer import Reader
from wire.errors import DecodeError
from wire.ikev2.constants import ExchangeType, NotifyType, PayloadType
from wire.ikev2.message import MAX_PAYLOADS, Message, Payload, UnsupportedCriticalPayload, build_chain, read_chain
from wire.ikev2.payloads.encrypted import Encrypted
from wire.ikev2.payloads.nonce import Nonce
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.payloads.unknown import UnknownPayload
from wire.ikev2.payloads.vendor import VendorId

MODULES = (
    test_auth, test_cert, test_certreq, test_cp, test_delete, test_eap, test_identification, test_ke, test_nonce,
    test_notify, test_sa, test_ts, test_vendor,
)  # fmt: skip
PAYLOADS: st.SearchStrategy[Payload] = st.one_of(
    *(module.PAYLOADS for module in MODULES), st.builds(UnknownPayload, st.integers(60, 255), st.binary(max_size=9))
)
CHAINS = st.tuples(
    st.lists(PAYLOADS, max_size=8).map(tuple),
    st.one_of(st.just(()), st.tuples(st.builds(Encrypted, st.integers(0, 255), st.binary(max_size=40)))),
).map(lambda parts: (*parts[0], *parts[1]))
MESSAGES = st.builds(
    Message,
    spi_i=st.binary(min_size=8, max_size=8),
    spi_r=st.binary(min_size=8, max_size=8),
    exchange=st.integers(0, 255),
    initiator=st.booleans(),
    response=st.booleans(),
    message_id=st.integers(0, 0xFFFFFFFF),
    payloads=CHAINS,
)


@given(MESSAGES)
def test_message_survives_the_round_trip(message: Message) -> None:
    assert Message.parse(message.build()) == message


@pytest.mark.parametrize("session", SESSIONS, ids=lambda session: str(session["suite"]))
@pytest.mark.parametrize("name", ["ike_sa_init_request", "ike_sa_init_response", "ike_auth1_request"])
def test_parser_and_builder_agree_with_the_published_messages(session: dict[str, str], name: str) -> None:
    """Source: tests/vectors/ikev2.json, ikev2_eap_sessions."""
    data = octets(session, name)
    message = Message.parse(data)
    assert message.build() == data
    assert message.spi_i == octets(session, "spi_i")
    assert message.response == name.endswith("response")


def test_parser_takes_no_message_of_another_length() -> None:
    data = octets(SESSIONS[0], "ike_sa_init_request")
    for changed in (data[:-1], data + b"\0"):
        with pytest.raises(DecodeError, match="a length of"):
            Message.parse(changed)


def test_parser_refuses_a_chain_that_ends_early() -> None:
    message = Message.parse(octets(SESSIONS[0], "ike_sa_init_request"))
    _, chain = build_chain(message.payloads)
    for length in range(len(chain)):
        with pytest.raises(DecodeError):
            read_chain(PayloadType.SA, Reader(chain[:length]))


def test_parser_refuses_octets_after_the_last_payload() -> None:
    first, chain = build_chain((VendorId(b"v"),))
    with pytest.raises(DecodeError, match="left over"):
        read_chain(first, Reader(chain + b"\0"))


def test_parser_refuses_payloads_after_the_sealed_one() -> None:
    with pytest.raises(DecodeError, match="left over"):
        read_chain(PayloadType.SK, Reader(b"\x2b\0\0\5x" + b"\0\0\0\5v"))


def test_parser_refuses_an_unknown_critical_payload() -> None:
    with pytest.raises(UnsupportedCriticalPayload) as refused:
        read_chain(200, Reader(b"\0\x80\0\4"))
    assert refused.value.payload_type == 200


def test_critical_bit_of_a_known_payload_means_nothing() -> None:
    """RFC 7296 §3.2: a recipient that understands the payload type ignores the bit."""
    assert read_chain(PayloadType.VENDOR, Reader(b"\0\x80\0\5v")) == (VendorId(b"v"),)


def test_parser_refuses_too_many_payloads() -> None:
    _, chain = build_chain((VendorId(b""),) * MAX_PAYLOADS)
    assert len(read_chain(PayloadType.VENDOR, Reader(chain))) == MAX_PAYLOADS
    _, chain = build_chain((VendorId(b""),) * (MAX_PAYLOADS + 1))
    with pytest.raises(DecodeError, match="more than"):
        read_chain(PayloadType.VENDOR, Reader(chain))


def test_finders_tell_kinds_and_errors_apart() -> None:
    status, error = Notify(NotifyType.COOKIE, b"c"), Notify(NotifyType.INVALID_SYNTAX)
    message = Message(
        spi_i=bytes(8),
        spi_r=bytes(8),
        exchange=ExchangeType.INFORMATIONAL,
        initiator=False,
        response=False,
        message_id=0,
        payloads=(status, VendorId(b"v"), error),
    )
    assert message.find(VendorId) == VendorId(b"v")
    assert message.find(Nonce) is None
    assert message.every(Notify) == (status, error)
    assert message.notify(NotifyType.COOKIE) == status
    assert message.notify(NotifyType.REKEY_SA) is None
    assert message.refusal == error
    assert message.fatal == error
    assert replace(message, payloads=(Notify(NotifyType.INVALID_SPI),)).fatal is None
