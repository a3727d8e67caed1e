"""The AAA server in the HSS's own process hears of every notice that is for it."""

import asyncio

from sqlalchemy import insert

from hss.models import Registration
from hss.registrations import forget
from hss.store.database import Database
from hss.store.engines import transaction
from hss.store.location import Location
from hss.telling.near_server import NEAR, NearServer, telling
from hss.telling.notices import tell_deregistered
from hss.telling.routes import Route
from tests.hss.conftest import Registry
from tests.hss.telling.test_notice_sender import IMSI
from wire.diameter.command import Identity
from wire.diameter.message import Message
from wire.diameter.swx import RegistrationTerminationAnswer, RegistrationTerminationRequest

HSS, AAA = Identity("hss.example", "example"), Identity("AAA.example", "example")


async def test_near_server_is_told_what_waits(database: Database, registry: Registry, location: Location) -> None:
    registry.add(IMSI)
    with transaction(location) as connection:
        connection.execute(insert(Registration).values(imsi=IMSI, aaa_name=AAA.origin_host.lower()))
        tell_deregistered(connection, IMSI, "barred")
        forget(connection, IMSI)
    told = asyncio.get_running_loop().create_future()

    async def serve(peer: str, message: Message) -> Message:
        if not told.done():
            told.set_result((peer, RegistrationTerminationRequest.parse(message)))
        return RegistrationTerminationAnswer(
            session_id="s", origin_host=AAA.origin_host, origin_realm=AAA.origin_realm, result_code=2001
        ).message(message)

    async with telling(database, HSS, AAA, serve):
        peer, request = await asyncio.wait_for(told, 10)
    assert (peer, request.user_name, request.destination_host) == (NEAR, IMSI, "aaa.example")


async def test_near_server_is_always_there_by_any_case_of_its_name() -> None:
    async def serve(_peer: str, message: Message) -> Message:
        return message

    near = NearServer(AAA, serve)
    assert near.reachable() == {"aaa.example": Route(NEAR, "example")}
    message = Message(304, 16777265, 0x80, 0, 0, ())
    assert await near.request(NEAR, message) is message
