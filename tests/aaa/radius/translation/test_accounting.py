"""Accounting-Requests as ACR, read by python-diameter too."""

from datetime import timedelta
from ipaddress import IPv6Address

import pytest

from aaa.radius.accounting.record import to_record
from aaa.radius.translation.accounting import is_final, to_acr
from aaa.radius.translation.conversation import Conversation, Conversations
from tests.aaa.radius.accounting.reports import MOMENT, packet
from tests.aaa.radius.samples import SESSION_ID
from tests.aaa.radius.translation.home import AAA, REALM
from tests.wire.diameter.foreign import plain, tree
from wire.diameter.accounting import ACR, AccountingAnswer, AccountingRecordType, AccountingRequest
from wire.diameter.grammar import check
from wire.diameter.groups import GROUPS
from wire.radius.accounting import AcctStatusType
from wire.radius.packet import Attribute

SESSION = Conversation(bytes.fromhex("0000000700000002"), f"a.{REALM}")


def acr(*more: Attribute, status: int = AcctStatusType.STOP) -> AccountingRequest:
    said = packet(*more, status=status)
    record = to_record(said, "lab", "192.0.2.1", MOMENT)
    return to_acr(said, record, SESSION, identity=AAA, client="lab", realm=REALM)


def test_stop_says_what_was_used_and_why_it_ended() -> None:
    own = Conversations([SESSION.server], bytes).class_of(SESSION) or b""
    request = acr(
        Attribute.of("Acct-Session-Time", 60),
        Attribute.of("Acct-Input-Octets", 7),
        Attribute.of("Acct-Input-Gigawords", 2),
        Attribute.of("Acct-Output-Packets", 9),
        Attribute.of("Acct-Terminate-Cause", 4),
        Attribute.of("Acct-Delay-Time", 5),
        Attribute.of("Class", own),
    )
    assert (request.session_id, request.destination_host) == (SESSION.session_id("aaa.example", "lab"), f"a.{REALM}")
    assert (request.accounting_record_type, request.acct_application_id) == (AccountingRecordType.STOP, 3)
    assert (request.acct_session_time, request.accounting_output_packets) == (60, 9)
    assert (request.accounting_input_octets, request.accounting_output_octets) == ((2 << 32) + 7, None)
    assert request.termination_cause == 14, "IDLE_TIMEOUT"
    assert request.event_timestamp == MOMENT - timedelta(seconds=5)
    assert request.classes == (SESSION_ID,), "the Class of ours is no word to the server"
    check(ACR, request.message().avps, groups=GROUPS)
    read = dict(tree(plain(request.message().build()).avps))
    assert read["Acct-Session-Id"] == b"0001"
    assert [avp.data for avp in request.extra if avp.code == 168] == [IPv6Address("2001:db8::7").packed]
    assert read["NAS-Identifier"] == "ap1"
    assert read["Calling-Station-Id"] == "00-10-A4-23-19-C0"


def test_records_of_a_session_have_numbers_of_their_own_and_a_retransmission_has_the_same() -> None:
    first = acr(status=AcctStatusType.START)
    interims = [acr(Attribute.of("Acct-Session-Time", t), status=AcctStatusType.INTERIM_UPDATE) for t in (60, 120)]
    last = acr()
    numbers = [each.accounting_record_number for each in (first, *interims, last)]
    assert numbers[0] == 0
    assert len(set(numbers)) == 4
    assert acr(Attribute.of("Acct-Delay-Time", 9)).accounting_record_number == numbers[-1]


@pytest.mark.parametrize("cause", [0, 23])
def test_cause_that_has_no_word_in_diameter_is_left_out(cause: int) -> None:
    assert acr(Attribute.of("Acct-Terminate-Cause", cause)).termination_cause is None


@pytest.mark.parametrize(
    ("result", "is_over"), [(2001, True), (5002, True), (3001, True), (3002, False), (3004, False), (4002, False)]
)
def test_what_may_be_kept_later_is_told_again(result: int, *, is_over: bool) -> None:
    answer = AccountingAnswer(session_id="s", origin_host="a", origin_realm=REALM, result_code=result)
    assert is_final(answer) is is_over
