"""SK payloads: whole messages of the published sets, round trips, tampering."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given

from tests.ikev2_vectors import SESSIONS, octets
from tests.wire.ikev2.test_keys import session_keys, session_suite
from tests.wire.ikev2.test_message import MESSAGES
from wire.buffer import Reader
from wire.ciphers import IntegrityFailed, Protector
from wire.errors import DecodeError
from wire.ikev2.constants import PayloadType
from wire.ikev2.header import HEADER_OCTETS
from wire.ikev2.message import Message, read_chain
from wire.ikev2.payloads.encrypted import Encrypted
from wire.ikev2.payloads.vendor import VendorId
from wire.ikev2.protection import Protection
from wire.secret import Secret

IDS = ["cbc", "gcm"]


def protection(session: dict[str, str], *, initiator: bool) -> Protection:
    keys = session_keys(session)
    return Protection(session_suite(session), keys, initiator=initiator, random=Random(1).randbytes)


def iv_octets(session: dict[str, str]) -> int:
    return session_suite(session).encryption.iv_octets


@pytest.mark.parametrize("session", SESSIONS, ids=IDS)
def test_responder_opens_the_published_ike_auth(session: dict[str, str]) -> None:
    """Source: tests/vectors/ikev2.json, ikev2_eap_sessions."""
    data = octets(session, "ike_auth1_request")
    opened = protection(session, initiator=False).open(data, Message.parse(data))
    plain = octets(session, "ike_auth1_inner_plain")
    assert opened.payloads == read_chain(int(session["ike_auth1_first_inner_payload"]), Reader(plain))
    assert [payload.payload_type for payload in opened.payloads][:2] == [PayloadType.IDI, PayloadType.IDR]


@pytest.mark.parametrize("session", SESSIONS, ids=IDS)
@pytest.mark.parametrize("name", ["ike_auth1_request", "ike_auth_final_request", "ike_auth_final_response"])
def test_sealing_gives_the_published_octets(session: dict[str, str], name: str) -> None:
    """Source: tests/vectors/ikev2.json, ikev2_eap_sessions: the same messages with the same IVs."""
    data = octets(session, name)
    by_initiator = name.endswith("request")
    opened = protection(session, initiator=not by_initiator).open(data, Message.parse(data))
    iv = data[HEADER_OCTETS + 4 :][: iv_octets(session)]
    assert protection(session, initiator=by_initiator).seal_with(opened, iv) == data


@pytest.mark.parametrize("session", SESSIONS, ids=IDS)
@given(message=MESSAGES)
def test_what_one_end_seals_the_other_opens(session: dict[str, str], message: Message) -> None:
    inside = tuple(payload for payload in message.payloads if not isinstance(payload, Encrypted))
    plain = replace(message, payloads=inside)
    sealed = protection(session, initiator=True).seal(plain)
    assert protection(session, initiator=False).open(sealed, Message.parse(sealed)) == plain


@pytest.mark.parametrize("session", SESSIONS, ids=IDS)
def test_opener_refuses_any_changed_octet(session: dict[str, str]) -> None:
    data = octets(session, "ike_auth_final_request")
    opener = protection(session, initiator=False)
    for at in range(len(data)):
        changed = data[:at] + bytes((data[at] ^ 0x40,)) + data[at + 1 :]
        try:
            message = Message.parse(changed)
        except DecodeError:
            continue
        with pytest.raises(IntegrityFailed):
            opener.open(changed, message)


def test_opener_refuses_a_message_in_the_clear() -> None:
    data = octets(SESSIONS[0], "ike_sa_init_request")
    with pytest.raises(IntegrityFailed):
        protection(SESSIONS[0], initiator=False).open(data, Message.parse(data))
    bare = replace(Message.parse(data), payloads=())
    with pytest.raises(IntegrityFailed):
        protection(SESSIONS[0], initiator=False).open(bare.build(), bare)


@pytest.mark.parametrize("plaintext", [b"", b"\x05", b"\0\0\0\4\xff"], ids=["empty", "padding", "padding after"])
def test_opener_refuses_padding_longer_than_the_message(plaintext: bytes) -> None:
    session = SESSIONS[1]
    keys = session_keys(session)
    template = replace(Message.parse(octets(session, "ike_auth_final_request")), payloads=())
    prefix = template.header(PayloadType.SK, HEADER_OCTETS + 4 + 8 + len(plaintext) + 16).build()
    prefix += bytes((PayloadType.VENDOR, 0)) + (4 + 8 + len(plaintext) + 16).to_bytes(2, "big")
    sealer = Protector(session_suite(session).encryption, None, Secret(keys.sk_ei))
    data = prefix + sealer.seal(header=prefix, iv=bytes(8), plaintext=plaintext)
    with pytest.raises(DecodeError):
        protection(session, initiator=False).open(data, Message.parse(data))


def test_no_initialization_vector_comes_twice() -> None:
    for session in SESSIONS:
        sealer = protection(session, initiator=True)
        message = replace(Message.parse(octets(session, "ike_auth1_request")), payloads=(VendorId(b"v"),))
        sealed = {sealer.seal(message)[HEADER_OCTETS + 4 :][: iv_octets(session)] for _ in range(100)}
        assert len(sealed) == 100
