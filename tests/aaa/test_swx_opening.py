"""A connection to every HSS that the configuration names."""

from typing import Any, NoReturn

import pytest
from structlog.testing import capture_logs

from aaa.config import AaaConfig, HssConnectionConfig, SwxConfig
from aaa.swx_opening import local_node, open_swx
from runtime.capture import NullCapture
from runtime.config import SocketAddress
from runtime.diameter.client import DiameterClient
from runtime.worker import Worker
from wire.diameter.message import Message


async def nobody(_peer: str, _message: Message) -> NoReturn:
    raise AssertionError("no HSS is there to ask")


async def test_every_hss_has_a_client_as_it_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    class Client(DiameterClient):
        def __init__(self, **options: Any) -> None:  # noqa: ANN401
            made.append((options["peer"], options["address"], options["timing"].twinit))
            super().__init__(**options)

        def start(self) -> None:
            """Nobody is there."""

    monkeypatch.setattr("aaa.swx_opening.DiameterClient", Client)
    monkeypatch.setattr("aaa.swx_opening.HSS_WAIT", 0.0)
    other = HssConnectionConfig(
        hss=SocketAddress("192.0.2.2", 3868), hss_origin_host="two.example", hss_realm="example", agent="relay.example"
    )
    swx = SwxConfig(
        hss=SocketAddress("192.0.2.1", 3868),
        hss_origin_host="one.example",
        hss_realm="example",
        watchdog=6,
        alternate=(other,),
    )
    with capture_logs():
        async with open_swx(
            AaaConfig(origin_host="aaa.example", origin_realm="example"), swx, NullCapture(), nobody, None
        ):
            pass
    assert [(peer.name, peer.origin_host, peer.agent) for peer, _, _ in made] == [
        ("hss", "one.example", False),
        ("relay.example", "relay.example", True),
    ]
    assert [(address.host, twinit) for _, address, twinit in made] == [("192.0.2.1", 6), ("192.0.2.2", 6)]


@pytest.mark.parametrize(("worker", "began"), [(None, 2000), (Worker(2, 1000), 1000)])
def test_workers_have_one_origin_state_id_on_swx(worker: Worker | None, began: int) -> None:
    aaa = AaaConfig(origin_host="aaa.example", origin_realm="example")
    assert local_node(aaa, worker, 2000.9).origin_state_id == began
