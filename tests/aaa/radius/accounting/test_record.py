"""What an Accounting-Request says, attribute by attribute."""

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from aaa.radius.accounting.record import STATUSES, to_record
from aaa.radius.chargeable import Chargeable
from aaa.radius.translate import class_of
from aaa.radius.translation.conversation import Conversation, Conversations
from aaa.sessions import session_name
from hss.session_api import COUNTER_MAX, AccountingStatus, Usage
from tests.aaa.radius.accounting.reports import MOMENT, packet
from tests.aaa.radius.samples import SESSION_ID, accept
from wire.errors import DecodeError
from wire.identity import Imsi
from wire.radius.accounting import AcctStatusType
from wire.radius.packet import Attribute, Code, RadiusPacket
from wire.secret import Secret

SOURCE = "198.51.100.1"


def test_start_is_translated_whole() -> None:
    record = to_record(packet(), "lab", SOURCE, MOMENT)
    assert record.status is AccountingStatus.START
    assert (record.client, record.nas, record.source, record.session_id) == ("lab", "ap1", SOURCE, "0001")
    assert (record.user_name, record.calling_station) == ("anonymous@example.org", "00-10-A4-23-19-C0")
    assert (record.framed_address, record.radius_class) == ("2001:db8::7", SESSION_ID)
    assert (record.at, record.received, record.usage, record.end_cause) == (MOMENT, MOMENT, Usage(), None)
    assert (len(record.fingerprint), len(record.session_key or b"")) == (32, 16)


def test_session_keeps_its_key_where_the_name_of_its_nas_reads_like_an_address() -> None:
    """A session that goes on was kept before the two were told apart."""
    said = (Attribute.of("Acct-Status-Type", AcctStatusType.START), Attribute.of("Acct-Session-Id", "0001"))
    by_address, by_name = [
        to_record(RadiusPacket(4, 1, bytes(16), (*said, Attribute.of(name, "192.0.2.1"))), "lab", SOURCE, MOMENT)
        for name in ("NAS-IP-Address", "NAS-Identifier")
    ]
    assert by_address.session_key == by_name.session_key
    assert by_address.nas != by_name.nas


def test_session_is_his_whom_the_client_calls_so_where_no_class_of_ours_says_it() -> None:
    """RFC 4372 §2.2."""
    chargeable, imsi = Chargeable(Secret(b"key")), Imsi("001010000000001")
    said = (Attribute.of("Acct-Status-Type", AcctStatusType.START), Attribute.of("Acct-Session-Id", "0001"))

    def whose(name: str, *more: Attribute, known: Chargeable | None = chargeable) -> Imsi | None:
        cui = Attribute.of("Chargeable-User-Identity", chargeable.name(name, imsi))
        return to_record(RadiusPacket(4, 1, bytes(16), (*said, cui, *more)), "lab", SOURCE, MOMENT, known).imsi

    assert whose("lab") == imsi
    assert whose("lab", Attribute.of("Class", b"of a proxy")) == imsi
    assert whose("lab", Attribute.of("Class", SESSION_ID)) is None
    assert whose("another client") is None
    assert whose("lab", known=None) is None
    bare, strange = (), (Attribute(89, b"\xff\0"),)
    for more in (bare, strange):
        record = to_record(RadiusPacket(4, 1, bytes(16), (*said, *more)), "lab", SOURCE, MOMENT, chargeable)
        assert record.imsi is None


def test_stop_counts_with_gigawords_and_says_why() -> None:
    more = [
        Attribute.of(name, value)
        for name, value in {
            "Acct-Session-Time": 600, "Acct-Input-Octets": 7, "Acct-Input-Gigawords": 3, "Acct-Output-Octets": 1,
            "Acct-Input-Packets": 11, "Acct-Output-Packets": 12, "Acct-Terminate-Cause": 4, "Acct-Delay-Time": 5,
        }.items()
    ]  # fmt: skip
    record = to_record(packet(*more, status=AcctStatusType.STOP), "lab", SOURCE, MOMENT)
    assert record.usage == Usage(600, (3 << 32) + 7, 1, 11, 12)
    assert (record.end_cause, record.at) == ("idle-timeout", MOMENT - timedelta(seconds=5))


def test_counter_that_no_table_holds_is_the_largest_that_one_does() -> None:
    more = [Attribute.of("Acct-Input-Gigawords", 0xFFFFFFFF), Attribute.of("Acct-Delay-Time", 0xFFFFFFFF)]
    record = to_record(packet(*more), "lab", SOURCE, MOMENT)
    assert record.usage.octets_in == COUNTER_MAX
    assert record.at == MOMENT - timedelta(days=30)


def test_stop_is_kept_however_its_counters_are_written() -> None:
    more = [
        Attribute(46, b"\1"),
        Attribute.of("Acct-Input-Octets", 7),
        Attribute.of("Acct-Input-Octets", 8),
        Attribute.of("Acct-Delay-Time", 5),
        Attribute.of("Acct-Delay-Time", 9),
        Attribute(49, b""),
        Attribute(44, b"another"),
    ]
    record = to_record(packet(*more, status=AcctStatusType.STOP), "lab", SOURCE, MOMENT)
    assert (record.status, record.session_id, record.end_cause) == (AccountingStatus.STOP, "0001", None)
    assert (record.usage, record.at) == (Usage(octets_in=7), MOMENT - timedelta(seconds=5))


@pytest.mark.parametrize("number", STATUSES)
def test_every_status_has_its_word(number: int) -> None:
    record = to_record(packet(status=number), "lab", SOURCE, MOMENT)
    assert record.status is STATUSES[number]
    assert (record.session_key is None) == (number >= 7)


def test_retransmission_has_the_same_fingerprint_and_nothing_else_has() -> None:
    first = to_record(packet(), "lab", SOURCE, MOMENT)
    again = packet(Attribute.of("Acct-Delay-Time", 9), Attribute.of("Proxy-State", b"p"), Attribute(80, bytes(16)))
    assert to_record(again, "lab", SOURCE, MOMENT).fingerprint == first.fingerprint
    others = [
        to_record(packet(Attribute.of("Event-Timestamp", 9)), "lab", SOURCE, MOMENT),
        to_record(packet(status=AcctStatusType.STOP), "lab", SOURCE, MOMENT),
        to_record(packet(), "other", SOURCE, MOMENT),
    ]
    assert len({record.fingerprint for record in (first, *others)}) == 4
    assert [other.session_key == first.session_key for other in others] == [True, True, False]


def test_fingerprint_is_what_every_version_makes_it() -> None:
    # what was kept by another version is a duplicate all the same
    vendor = Attribute((14122, 1), b"x" * 200)
    made = to_record(packet(vendor, Attribute.of("Acct-Delay-Time", 9), Attribute(46, b"")), "lab", SOURCE, MOMENT)
    said = [b"lab"]
    for key, value in (*packet().attributes, vendor, Attribute(46, b"")):
        said += [repr(key).encode(), value]
    parts = b"".join(len(part).to_bytes(4, "big") + part for part in said)
    assert made.fingerprint == hashlib.sha256(parts).digest()
    of_session = b"".join(len(part).to_bytes(4, "big") + part for part in (b"lab", b"ap1", b"0001"))
    assert made.session_key == hashlib.sha256(of_session).digest()[:16]


@pytest.mark.parametrize(
    ("attribute", "address"),
    [(Attribute(8, bytes((192, 0, 2, 9))), "192.0.2.9"), (Attribute(8, b"192"), None), (Attribute(8, bytes(16)), None)],
)
def test_framed_address_may_be_ipv4(attribute: Attribute, address: str | None) -> None:
    named = tuple(one for one in packet().attributes if one[0] != 168)
    record = to_record(RadiusPacket(4, 1, bytes(16), (*named, attribute)), "lab", SOURCE, MOMENT)
    assert record.framed_address == address


def test_our_class_is_found_among_those_of_proxies() -> None:
    named = tuple(one for one in packet().attributes if one[0] != 25)
    classes = [Attribute(25, b""), Attribute(25, b"a proxy's"), Attribute(25, SESSION_ID)]
    record = to_record(RadiusPacket(4, 1, bytes(16), (*named, *classes)), "lab", SOURCE, MOMENT)
    assert record.radius_class == SESSION_ID
    assert to_record(RadiusPacket(4, 1, bytes(16), (*named, classes[1])), "lab", SOURCE, MOMENT).radius_class == (
        b"a proxy's"
    )
    assert to_record(RadiusPacket(4, 1, bytes(16), named), "lab", SOURCE, MOMENT).radius_class is None


def test_our_class_is_known_as_an_access_accept_says_it() -> None:
    named = tuple(one for one in packet().attributes if one[0] != 25)
    three = bytes([18]) + bytes(64)
    for session_id in (SESSION_ID, bytes([50]) + SESSION_ID[1:], three, bytes([18]) + SESSION_ID[1:]):
        for session in ("", session_name(1_800_000_000_000, 77)):
            ours = class_of(replace(accept(), session_id=session_id, session=session))
            classes = (Attribute(25, b"a proxy's"), Attribute(25, ours))
            record = to_record(RadiusPacket(4, 1, bytes(16), (*named, *classes)), "lab", SOURCE, MOMENT)
            assert record.radius_class == ours


def test_our_class_is_not_taken_for_another_that_looks_like_it() -> None:
    named = tuple(one for one in packet().attributes if one[0] != 25)
    another = Attribute(25, b"2027-01-02T12:00:00Z/of-its-own-server")
    at_diameter = Attribute(25, Conversations((), bytes).class_of(Conversation(bytes(8), "aaa.example.org")) or b"")
    for classes, ours in (
        ((another, Attribute(25, SESSION_ID)), SESSION_ID),
        ((another, at_diameter), at_diameter.value),
        ((at_diameter, Attribute(25, SESSION_ID)), at_diameter.value),
    ):
        record = to_record(RadiusPacket(4, 1, bytes(16), (*named, *classes)), "lab", SOURCE, MOMENT)
        assert record.radius_class == ours


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ([], "no Acct-Status-Type"),
        ([Attribute.of("Acct-Status-Type", 1)], "no Acct-Session-Id"),
        ([Attribute.of("Acct-Status-Type", 1), Attribute(44, b"")], "no Acct-Session-Id"),
        ([Attribute.of("Acct-Status-Type", 15)], "Acct-Status-Type 15 is not kept"),
        ([Attribute(40, b"\1")], "is no integer"),
        ([Attribute.of("Acct-Status-Type", 1), Attribute.of("Acct-Status-Type", 2)], "2 attributes"),
    ],
)
def test_what_cannot_be_kept_says_why(attributes: list[Attribute], reason: str) -> None:
    with pytest.raises(DecodeError, match=reason):
        to_record(RadiusPacket(Code.ACCOUNTING_REQUEST, 1, bytes(16), tuple(attributes)), "lab", SOURCE, MOMENT)
