"""Accounting records in RADIUS, and that they wait for a server that takes them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv6Address

import pytest
import structlog.testing
from pyrad.packet import AcctPacket

from pdngw_proxy.aaa_link import radius_accounting
from pdngw_proxy.aaa_link.radius_accounting import Accounting, accounting_attributes
from pdngw_proxy.aaa_link.radius_messages import Nas
from pdngw_proxy.aaa_link.records import EndedBy, Moment, SessionRecord, Usage
from runtime.radius.requests import RadiusUnavailable
from wire.radius.dictionary import definition, pyrad_dictionary
from wire.radius.messages import signed_request
from wire.radius.packet import Attribute, Code

NAS = Nas("pgw", IPv4Address("192.0.2.1"))
SECRET = b"xyzzy5461"
STOP = SessionRecord(
    session="5a5a",
    moment=Moment.STOP,
    identity="0001010000000001@nai",
    user_name="user@nai",
    apn="internet",
    home_address=IPv6Address("2001:db8::100"),
    care_of=IPv4Address("198.51.100.7"),
    seconds=3661,
    usage=Usage(octets_in=(3 << 32) + 7, octets_out=1500, packets_in=9, packets_out=1),
    ended_by=EndedBy.UE,
    ipv4_home_address=IPv4Address("10.1.2.3"),
)
REPEATED = (
    Attribute.of("Class", b"class one"),
    Attribute.of("Class", b"class two"),
    Attribute.of("Chargeable-User-Identity", b"who"),
)


def values(attributes: Sequence[Attribute], name: str) -> list[bytes]:
    return [attribute.value for attribute in attributes if attribute.key == definition(name).key]


def test_pyrad_reads_a_stop_as_it_was_meant() -> None:
    attributes = accounting_attributes(STOP, NAS, REPEATED, at=1_800_000_000, delay=4)
    octets = signed_request(Code.ACCOUNTING_REQUEST, identifier=1, secret=SECRET, attributes=attributes)
    packet = AcctPacket(packet=octets, dict=pyrad_dictionary(), secret=SECRET)
    assert packet.VerifyAcctRequest()
    said = {
        "Acct-Status-Type": [2], "Acct-Session-Id": ["5a5a"], "User-Name": ["user@nai"], "NAS-Identifier": ["pgw"],
        "Chargeable-User-Identity": [b"who"],
        "NAS-IP-Address": ["192.0.2.1"], "Class": [b"class one", b"class two"], "Called-Station-Id": ["internet"],
        "Framed-IPv6-Address": ["2001:db8::100"], "Framed-IP-Address": ["10.1.2.3"],
        "Calling-Station-Id": ["198.51.100.7"], "Acct-Session-Time": [3661],
        "Acct-Input-Octets": [7], "Acct-Input-Gigawords": [3], "Acct-Output-Octets": [1500],
        "Acct-Output-Gigawords": [0], "Acct-Input-Packets": [9], "Acct-Output-Packets": [1],
        "Acct-Terminate-Cause": [1], "Event-Timestamp": [1_800_000_000], "Acct-Delay-Time": [4],
    }  # fmt: skip
    assert {name: packet[name] for name in said} == said


def test_start_has_no_usage_and_no_end() -> None:
    start = replace(STOP, moment=Moment.START, ended_by=None, user_name=None, home_address=None, ipv4_home_address=None)
    attributes = accounting_attributes(start, NAS, (), at=0, delay=0)
    assert values(attributes, "Acct-Status-Type") == [bytes((0, 0, 0, 1))]
    assert values(attributes, "User-Name") == [b"0001010000000001@nai"]
    for name in (
        "Acct-Session-Time",
        "Acct-Input-Octets",
        "Acct-Terminate-Cause",
        "Framed-IPv6-Address",
        "Framed-IP-Address",
        "Class",
    ):
        assert values(attributes, name) == []


@pytest.mark.parametrize(
    ("ended_by", "cause"),
    [
        (EndedBy.UE, 1),
        (EndedBy.SILENCE, 2),
        (EndedBy.TIMEOUT, 5),
        (EndedBy.AAA, 6),
        (EndedBy.GATEWAY, 7),
        (EndedBy.ANOTHER, 10),
        (EndedBy.FAULT, 9),
        (EndedBy.UNUSED, 15),
    ],
)
def test_every_end_has_its_terminate_cause(ended_by: EndedBy, cause: int) -> None:
    attributes = accounting_attributes(replace(STOP, ended_by=ended_by), NAS, (), at=0, delay=0)
    assert values(attributes, "Acct-Terminate-Cause") == [cause.to_bytes(4, "big")]


@dataclass
class Servers:
    """They take nothing for the first `deaf` times."""

    deaf: int = 0
    told: list[Sequence[Attribute]] = field(default_factory=list)

    async def ask(self, attributes: Sequence[Attribute]) -> None:
        self.told.append(attributes)
        if len(self.told) <= self.deaf:
            raise RadiusUnavailable("no answer")


async def test_record_is_told_until_a_server_has_it_and_says_how_late_it_is() -> None:
    servers, clock = Servers(deaf=2), iter([100.0, 100.0, 107.5, 119.0])
    accounting = Accounting(servers.ask, NAS, lambda: next(clock), retry=0.0)
    with structlog.testing.capture_logs() as lines:
        await accounting.tell(STOP, REPEATED)
    assert [values(told, "Acct-Delay-Time") for told in servers.told] == [
        [(0).to_bytes(4, "big")],
        [(7).to_bytes(4, "big")],
        [(19).to_bytes(4, "big")],
    ]
    assert {tuple(values(told, "Event-Timestamp")) for told in servers.told} == {((100).to_bytes(4, "big"),)}
    assert [line["event"] for line in lines] == ["accounting waits"]
    assert accounting.waiting == 0


async def test_gateway_that_begins_says_that_it_has_no_session_of_before() -> None:
    servers, clock = Servers(deaf=1), iter([100.0, 100.0, 130.0])
    await Accounting(servers.ask, NAS, lambda: next(clock), retry=0.0).begin("0102")
    octets = signed_request(Code.ACCOUNTING_REQUEST, identifier=1, secret=SECRET, attributes=servers.told[-1])
    packet = AcctPacket(packet=octets, dict=pyrad_dictionary(), secret=SECRET)
    said = {
        "Acct-Status-Type": [7], "Acct-Session-Id": ["0102"], "NAS-Identifier": ["pgw"],
        "NAS-IP-Address": ["192.0.2.1"], "Event-Timestamp": [99], "Acct-Delay-Time": [31],
    }  # fmt: skip
    assert {name: packet[name] for name in said} == said


async def test_record_that_is_lost_at_the_end_is_said() -> None:
    accounting = Accounting(Servers(deaf=9).ask, NAS, lambda: 0.0, retry=60.0)
    telling = asyncio.create_task(accounting.tell(STOP, ()))
    await asyncio.sleep(0)
    assert accounting.waiting == 1
    with structlog.testing.capture_logs() as lines:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
    assert [(line["event"], line["cause"]) for line in lines] == [("accounting record lost", "no server took its stop")]


@pytest.mark.parametrize(("deaf", "said"), [(1, []), (2, ["accounting record lost"])])
async def test_record_that_waits_is_told_once_more_when_the_gateway_stops(deaf: int, said: list[str]) -> None:
    servers = Servers(deaf)
    accounting = Accounting(servers.ask, NAS, lambda: 0.0, retry=60.0)
    telling = asyncio.create_task(accounting.tell(STOP, ()))
    await asyncio.sleep(0)
    with structlog.testing.capture_logs() as lines:
        accounting.hurry()
        async with asyncio.timeout(5):
            await telling
    assert (len(servers.told), accounting.waiting) == (2, 0)
    assert [line["event"] for line in lines] == said


@pytest.mark.parametrize("deaf", [0, 1])
async def test_gateway_that_stops_says_once_that_it_has_no_session_any_more(deaf: int) -> None:
    servers = Servers(deaf)
    with structlog.testing.capture_logs() as lines:
        await Accounting(servers.ask, NAS, lambda: 100.0).end("0102")
    octets = signed_request(Code.ACCOUNTING_REQUEST, identifier=1, secret=SECRET, attributes=servers.told[-1])
    packet = AcctPacket(packet=octets, dict=pyrad_dictionary(), secret=SECRET)
    said = {
        "Acct-Status-Type": [8], "Acct-Session-Id": ["0102"], "NAS-Identifier": ["pgw"],
        "NAS-IP-Address": ["192.0.2.1"], "Event-Timestamp": [100], "Acct-Delay-Time": [0],
    }  # fmt: skip
    assert {name: packet[name] for name in said} == said
    assert (len(servers.told), lines) == (1, [])


async def test_usage_is_not_kept_when_too_many_records_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(radius_accounting, "MOST_WAITING", 0)
    servers = Servers()
    accounting = Accounting(servers.ask, NAS, lambda: 0.0)
    await accounting.tell(replace(STOP, moment=Moment.INTERIM, ended_by=None), ())
    assert servers.told == []
    await accounting.tell(STOP, ())
    assert len(servers.told) == 1


async def test_only_so_many_records_are_on_their_way_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(radius_accounting, "MOST_ASKED", 2)
    asked, answered = list[str](), asyncio.Event()

    async def ask(attributes: Sequence[Attribute]) -> None:
        asked.append(values(attributes, "Acct-Session-Id")[0].decode())
        await answered.wait()

    accounting = Accounting(ask, NAS, lambda: 0.0)
    telling = [asyncio.create_task(accounting.tell(replace(STOP, session=name), ())) for name in "abcde"]
    await asyncio.sleep(0)
    assert (asked, accounting.waiting) == (["a", "b"], 5)
    answered.set()
    await asyncio.gather(*telling)
    assert asked == ["a", "b", "c", "d", "e"]
