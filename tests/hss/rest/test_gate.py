"""Who comes in, how often, and with how much."""

import asyncio

import pytest
from starlette.types import Message, Receive, Scope, Send
from structlog.testing import capture_logs

from hss.provisioning.tokens import Role
from hss.rest import gate as gate_module
from hss.rest.gate import Gate
from tests.hss.rest.asking import Client
from tests.hss.rest.conftest import IMSI, SUBSCRIBER, Api

PATH = "/v1/subscribers"


async def test_nothing_is_answered_without_a_good_token(api: Api) -> None:
    client = api.client(Role.READER)
    for header in ("", "Basic eDp5", "Bearer", "Bearer nonsense", f"Bearer {client.token}x"):
        for path in (PATH, "/openapi.json", "/nowhere", "/docs"):
            reply = await Client(api.gate, host=header)("GET", path, headers={"authorization": header})
            assert reply.problem[0] == 401, (header, path)
            assert reply.headers["www-authenticate"] == 'Bearer realm="akadia"'
    assert (await client("GET", PATH)).status == 200


async def test_token_ends_when_it_is_revoked_or_expires(api: Api, admin: Client) -> None:
    client = api.client(Role.READER)
    assert (await client("GET", PATH)).status == 200
    assert (await admin("DELETE", "/v1/tokens/reader")).status == 204
    assert (await client("GET", PATH)).problem[0] == 401


async def test_token_that_asks_too_often_waits(api: Api) -> None:
    slow = Gate(api.gate._app, api.transactions, rate=1, strangers=1, file_max=10, clock=lambda: api.clock[0])
    client = Client(slow, api.client(Role.READER).token)
    assert [(await client("GET", PATH)).status for _ in range(3)] == [200, 200, 429]
    reply = await client("GET", PATH)
    assert (reply.problem[1], reply.headers["retry-after"]) == ("token reader asks too often", "2")
    api.clock[0] += 1
    assert (await client("GET", PATH)).status == 200


async def test_strangers_wait_and_keep_nobody_else_out(api: Api) -> None:
    good = api.client(Role.READER)
    assert (await good("GET", PATH)).status == 200
    stranger = Client(api.gate, "guess")
    found = [(await stranger("GET", PATH)).status for _ in range(25)]
    assert found[0] == 401
    assert found[-1] == 429
    assert (await good("GET", PATH)).status == 200, "it has shown a good token from the same address"
    assert (await Client(api.gate, "guess", host="192.0.2.9")("GET", PATH)).status == 401


async def test_large_body_is_refused_by_its_head_and_by_its_octets(provisioner: Client) -> None:
    size = str(gate_module.BODY_MAX + 1)
    announced = await provisioner("POST", PATH, headers={"content-length": size})
    assert announced.problem == (413, "the body has more than 1048576 octets")
    sent = await provisioner("POST", PATH, pieces=[b"x" * 600_000] * 2)
    assert sent.problem[0] == 413


async def test_slow_body_is_given_up(api: Api, provisioner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "BODY_SECONDS", 0.01)

    async def never(scope: Scope, _receive: Receive, send: Send) -> None:
        async def receive() -> Message:
            await asyncio.sleep(3600)
            return {"type": "http.disconnect"}

        await api.gate(scope, receive, send)

    slow = Client(never, provisioner.token)
    assert (await slow("POST", PATH, {})).problem[0] == 408


async def test_every_request_is_one_line_and_no_answer_is_kept(api: Api, provisioner: Client) -> None:
    await provisioner("GET", PATH)
    with capture_logs() as lines:
        reply = await provisioner("PUT", f"{PATH}/{IMSI}", SUBSCRIBER)
        await Client(api.gate, "guess")("GET", PATH)
    assert reply.headers["cache-control"] == "no-store"
    shown = [(line["event"], line["method"], line["status"], line["caller"]) for line in lines]
    assert shown == [("api request", "PUT", 201, "provisioner"), ("api request", "GET", 401, "-")]


async def test_head_is_answered_as_get_without_a_body(api: Api, provisioner: Client) -> None:
    """RFC 9110 §9.3.2."""
    await provisioner("PUT", f"{PATH}/{IMSI}", SUBSCRIBER)
    for path, client in (
        (f"{PATH}/{IMSI}", provisioner),
        (PATH, provisioner),
        (f"{PATH}?limit=none", provisioner),
        (f"{PATH}/001019999999999", provisioner),
        ("/nowhere", provisioner),
        (PATH, Client(api.gate, "guess")),
    ):
        shown = await client("GET", path)
        with capture_logs() as lines:
            told = await client("HEAD", path)
        assert shown.body
        assert (told.status, told.headers, told.body) == (shown.status, shown.headers, b"")
        assert [(line["method"], line["status"]) for line in lines] == [("HEAD", shown.status)]


async def test_head_of_what_cannot_be_shown_is_no_method_of_it(api: Api) -> None:
    told = await api.client(Role.VECTORS)("HEAD", f"/v1/subscribers/{IMSI}/vectors")
    assert (told.status, told.headers["allow"], told.body) == (405, "POST", b"")


async def test_strangers_do_not_fill_the_log(api: Api) -> None:
    with capture_logs() as lines:
        for _ in range(60):
            await Client(api.gate, "guess")("GET", PATH)
        api.clock[0] += 1
        await Client(api.gate, "guess")("GET", PATH)
    assert 2 <= len(lines) <= 25, "a burst of each status"
    assert lines[-1]["withheld"] > 0


async def test_store_that_is_away_is_told_to_whoever_asks(api: Api) -> None:
    client = api.client(Role.READER)
    await api.transactions._database.close()
    assert (await client("GET", PATH)).problem == (503, "the store is closed")
