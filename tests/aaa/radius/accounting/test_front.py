"""What becomes of a packet on the accounting port."""

from dataclasses import replace

import pytest

from aaa.radius.accounting.front import AccountingFront, Keep
from aaa.radius.chargeable import Chargeable
from aaa.radius.decisions import Discard, Forward, Repeat, Send
from aaa.radius.duplicates import DuplicateCache
from aaa.radius.policy import ClientPolicy
from aaa.radius.proxy.config import RealmConfig
from aaa.radius.proxy.routes import Routes
from tests.aaa.radius.accounting.reports import MOMENT, attributes, reported
from tests.aaa.radius.samples import AUTHENTICATOR, CLIENT, SECRET, SOURCE, asked, table
from wire.identity import Imsi
from wire.radius.codec import build_packet, parse_packet
from wire.radius.messages import signed_request, status_server
from wire.radius.packet import Attribute, Code, RadiusPacket, is_genuine_response, request_authenticator
from wire.secret import Secret


def front(limit: int = 100) -> AccountingFront:
    return AccountingFront(table(), duplicates=DuplicateCache(), max_in_progress=limit)


def kept(served: AccountingFront, octets: bytes) -> Keep:
    decision = served.receive(octets, SOURCE, 0.0, MOMENT)
    assert isinstance(decision, Keep)
    return decision


def test_record_is_kept_and_answered() -> None:
    served = front()
    octets = reported(Attribute.of("Proxy-State", b"one"), Attribute.of("Proxy-State", b"two"))
    keeping = kept(served, octets)
    assert (keeping.client, keeping.record.session_id, served.in_progress) == (CLIENT, "0001", 1)
    answer = served.answer(keeping)
    assert answer is not None
    assert answer[:2] == bytes([Code.ACCOUNTING_RESPONSE, 7])
    assert is_genuine_response(answer, octets[4:20], SECRET)
    assert parse_packet(answer).seal_at is None
    assert parse_packet(answer).values("Proxy-State") == (b"one", b"two")
    assert served.in_progress == 0


def test_record_is_his_whom_the_client_calls_so() -> None:
    chargeable, imsi = Chargeable(Secret(b"key")), Imsi("001010000000001")
    cui = Attribute.of("Chargeable-User-Identity", chargeable.name(CLIENT.name, imsi))
    said = [one for one in attributes() if one.key != Attribute.of("Class", b"any").key]
    octets = signed_request(Code.ACCOUNTING_REQUEST, identifier=7, secret=SECRET, attributes=[*said, cui])
    served = AccountingFront(table(), duplicates=DuplicateCache(), chargeable=chargeable)
    assert kept(served, octets).record.imsi == imsi
    assert kept(front(), octets).record.imsi is None


def test_request_without_message_authenticator_is_kept() -> None:
    # RFC 2866 knows none
    bare = build_packet(RadiusPacket(Code.ACCOUNTING_REQUEST, 7, bytes(16), tuple(attributes())))
    assert kept(front(), bare[:4] + request_authenticator(bare, SECRET) + bare[20:]).record.nas == "ap1"


def test_duplicate_is_dropped_until_there_is_an_answer_to_repeat() -> None:
    served = front()
    keeping = kept(served, reported())
    assert served.receive(reported(), SOURCE, 1.0, MOMENT) == Repeat(None)
    answer = served.answer(keeping)
    assert served.receive(reported(), SOURCE, 2.0, MOMENT) == Repeat(answer)


def test_what_was_not_kept_is_taken_anew() -> None:
    served = front()
    served.abandon(kept(served, reported()))
    kept(served, reported())


def test_status_server_is_answered_with_accounting_response() -> None:
    # RFC 5997 §4.2
    asking = status_server(identifier=3, authenticator=AUTHENTICATOR, secret=SECRET)
    decision = front().receive(asking, SOURCE, 0.0, MOMENT)
    assert isinstance(decision, Send)
    assert decision.octets[:2] == bytes([Code.ACCOUNTING_RESPONSE, 3])
    assert is_genuine_response(decision.octets, AUTHENTICATOR, SECRET)


@pytest.mark.parametrize(
    ("octets", "cause"),
    [
        (reported(secret=b"another"), "Message-Authenticator is wrong"),
        (build_packet(RadiusPacket(4, 7, bytes(16), tuple(attributes()))), "Request Authenticator is wrong"),
        (reported(Attribute(40, bytes(4))), "the record cannot be kept"),
        (asked(), "this port serves no such code"),
        (b"", "the packet is malformed"),
    ],
)
def test_what_is_not_genuine_or_not_whole_gets_silence(octets: bytes, cause: str) -> None:
    decision = front().receive(octets, SOURCE, 0.0, MOMENT)
    assert isinstance(decision, Discard)
    assert (decision.cause.startswith(cause), decision.client) == (True, "lab")


def test_strangers_and_floods_get_silence() -> None:
    assert front().receive(reported(), ("192.0.2.1", 9), 0.0, MOMENT) == Discard(
        "no client is configured for this address"
    )
    served = front(limit=1)
    kept(served, reported())
    decision = served.receive(reported(identifier=8), SOURCE, 0.0, MOMENT)
    assert decision == Discard("too many requests in progress", "lab")


def test_client_that_a_connection_has_proved_needs_no_address() -> None:
    assert isinstance(front().receive(reported(), ("192.0.2.1", 9), 0.0, MOMENT, CLIENT), Keep)


def test_client_may_account_for_users_by_whatever_name_they_were_given_here() -> None:
    limited = replace(CLIENT, policy=ClientPolicy(realms=frozenset({"wlan.example.org"})))
    assert isinstance(front().receive(reported(), SOURCE, 0.0, MOMENT, limited), Keep)
    theirs = Routes([RealmConfig(realm="example.org", servers=("a",))], "aaa.example")
    served = AccountingFront(table(), duplicates=DuplicateCache(), routes=theirs)
    decision = served.receive(reported(), SOURCE, 0.0, MOMENT, limited)
    assert decision == Discard("the client may not ask for this realm", "lab")
    assert isinstance(served.receive(reported(), SOURCE, 0.0, MOMENT, CLIENT), Forward)
