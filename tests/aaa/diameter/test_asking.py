"""A gateway is asked by the process that it is connected to."""

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime

import pytest

from aaa.diameter.asking import GATEWAY_LIMIT, GatewayAsking
from aaa.diameter.gateways import Gateways
from aaa.errands import ErrandDesk
from aaa.ledger import SharedStore
from runtime.diameter.settings import DiameterUnavailable
from tests.aaa.diameter.samples import AAA
from tests.aaa.diameter.test_gateways import Gateway
from tests.aaa.test_user_sessions import ONE
from wire.diameter.message import Message
from wire.diameter.results import ResultCode
from wire.diameter.sessions import AbortSessionRequest


class Node:
    """Has connections to `connected`."""

    def __init__(self, gateway: Gateway, *connected: str) -> None:
        self.gateway, self._connected = gateway, connected

    @property
    def connected(self) -> Collection[str]:
        return self._connected

    async def request(self, peer: str, message: Message, within: float | None = None) -> Message:
        assert within == GATEWAY_LIMIT
        return await self.gateway.ask(peer, Message.parse(message.build()))


def now() -> datetime:
    return datetime.now(UTC)


async def abort(shared: SharedStore, gateway: Gateway, *connected: str) -> ResultCode | None:
    """Ask from a process that has no connection; another one has those to `connected`."""
    here, there = ErrandDesk(shared.errands, now), ErrandDesk(shared.errands, now)
    GatewayAsking(Node(gateway, *connected), there)
    asking = asyncio.create_task(Gateways(AAA, GatewayAsking(Node(Gateway()), here).ask).abort(ONE))
    while not asking.done():
        await there.look()
        await asyncio.sleep(0.01)
    return await asking


async def test_another_process_asks_the_gateway(shared: SharedStore) -> None:
    gateway = Gateway()
    assert await abort(shared, gateway, "pgw") is ResultCode.SUCCESS
    ((peer, message),) = gateway.asked
    assert (peer, AbortSessionRequest.parse(message).session_id) == ("pgw", ONE.session_id)


async def test_gateway_that_does_not_answer_there_has_not_answered(shared: SharedStore) -> None:
    assert await abort(shared, Gateway(None), "pgw") is None


async def test_gateway_that_does_not_know_the_session_says_so_there(shared: SharedStore) -> None:
    assert await abort(shared, Gateway(5002), "pgw") is ResultCode.UNKNOWN_SESSION_ID


async def test_own_connection_is_used_without_an_errand(shared: SharedStore) -> None:
    gateway = Gateway()
    asking = GatewayAsking(Node(gateway, "pgw"), ErrandDesk(shared.errands, now))
    assert await Gateways(AAA, asking.ask).abort(ONE) is ResultCode.SUCCESS
    assert not await shared.errands.waiting(["diameter/pgw"], now())


async def test_process_alone_asks_by_itself() -> None:
    with pytest.raises(DiameterUnavailable):
        await GatewayAsking(Node(Gateway(None)), None).ask("pgw", AbortSessionRequest(
            session_id=ONE.session_id, auth_application_id=ONE.application, origin_host="a", origin_realm="b",
            destination_realm="c", destination_host="d",
        ).message())  # fmt: skip
