"""The NAS of a session is asked over UDP, or by the process that its client is connected to."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network
from random import Random

import pytest

from aaa.errands import ErrandDesk, ErrandFailed
from aaa.ledger import SharedStore
from aaa.messages import Client
from aaa.radius.asking import NasAsking
from aaa.radius.clients import ClientTable, RadiusClient
from aaa.radius.dynamic import Done, Outcome, Refused, Unanswered
from tests.aaa.radius.test_dynamic import NOON, SECRET, Nas, session
from wire.radius.codec import parse_packet
from wire.radius.exchange import Timers
from wire.radius.messages import reply
from wire.radius.packet import Attribute, Code

pytestmark = pytest.mark.stack

CHANGE = [Attribute.of("Session-Timeout", 60)]


def now() -> datetime:
    return datetime.now(UTC)


def asking(shared: SharedStore, nas: Nas | None = None) -> NasAsking:
    coa = None if nas is None else nas.endpoint.local
    lab = RadiusClient(ip_network("127.0.0.0/8"), SECRET, Client("lab"), coa)
    timers = Timers(irt=0.02, mrd=0.1)
    desk = ErrandDesk(shared.errands, now)
    return NasAsking(ClientTable([lab]), {"proxy"}, desk, random=Random(1).randbytes, timers=timers)


async def test_nas_is_asked_over_udp(shared: SharedStore) -> None:
    nas = Nas("127.0.0.1")
    nas.code = Code.DISCONNECT_ACK
    assert await asking(shared, nas).ask(session(), NOON, None) == Done()
    nas.code, nas.cause = Code.COA_NAK, 503
    assert await asking(shared, nas).ask(session(), NOON, CHANGE) == Refused("session context not found (503)", True)
    nas.code = None
    silent = await asking(shared, nas).ask(session(), NOON, None)
    assert isinstance(silent, Unanswered)
    assert silent.cause.endswith("is coa of its [[aaa.radius.client]] right?")
    assert not silent.is_final
    assert [octets[0] for octets in nas.asked[:2]] == [Code.DISCONNECT_REQUEST, Code.COA_REQUEST]
    nas.endpoint.close()


async def test_client_that_is_gone_is_named(shared: SharedStore) -> None:
    outcome = await asking(shared).ask(replace(session(), client="old"), NOON, None)
    assert outcome == Unanswered("its RADIUS client old is not in the configuration any more", is_final=True)


async def test_nas_that_takes_no_requests_is_tried_once(shared: SharedStore) -> None:
    # nobody listens on the usual port of this address
    outcome = await asking(shared).ask(replace(session(), source="127.99.0.9"), NOON, None)
    assert isinstance(outcome, Unanswered)
    assert outcome.is_final
    assert "has no coa" in outcome.cause


async def over_tls(shared: SharedStore, code: Code | None, changes: list[Attribute] | None) -> tuple[Outcome, bytes]:
    """The outcome, and what the process with the connection was given."""
    given: list[bytes] = []

    async def perform(name: str, octets: bytes) -> bytes:
        given.append(octets)
        if code is None:
            raise ErrandFailed("its connection was lost")
        return reply(parse_packet(octets), code, secret=b"radsec")

    other = ErrandDesk(shared.errands, now)
    other.serve("radsec", lambda: ("proxy",), perform)
    task = asyncio.create_task(asking(shared).ask(replace(session(), client="proxy"), NOON, changes))
    while not task.done():
        await other.look()
        await asyncio.sleep(0.01)
    return await task, given[0]


async def test_client_on_tls_is_asked_by_the_process_that_it_is_connected_to(shared: SharedStore) -> None:
    outcome, octets = await over_tls(shared, Code.COA_ACK, CHANGE)
    packet = parse_packet(octets)
    assert outcome == Done()
    assert (packet.code, packet.integer("Session-Timeout"), packet.text("Acct-Session-Id")) == (43, 60, "0001")
    outcome, octets = await over_tls(shared, Code.DISCONNECT_NAK, None)
    assert outcome == Refused("no Error-Cause", is_unknown=False)
    assert octets[0] == Code.DISCONNECT_REQUEST


async def test_connection_that_is_lost_there_is_told_here(shared: SharedStore) -> None:
    outcome, _ = await over_tls(shared, None, None)
    assert outcome == Unanswered("its connection was lost")
