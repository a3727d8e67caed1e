"""Faults put into the PDN GW and the UE on purpose, each of which the fuzzer of whole ends has to find."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from pdngw_proxy.gateway import Gateway
from pdngw_proxy.home_agent import HomeAgent
from pdngw_proxy.ike.table import ResponderTable
from pdngw_proxy.mobility import AgentEffect, MobilityArrived
from pdngw_proxy.sessions import GatewaySession
from tests.fuzz.whole.pdngw import PdngwTarget
from tests.fuzz.whole.running import Progress, run
from tests.fuzz.whole.server import Broken
from tests.fuzz.whole.ue import UeTarget
from wire.esp.replay import ReplayWindow
from wire.ikev2.association import Association
from wire.ikev2.exchanges import Exchanges, Ignored, Received

MOST = 8_000
"""Cases within which a fault has to be found."""

Plant = Callable[[pytest.MonkeyPatch], None]


def _nothing_checked(name: str) -> Plant:
    return lambda patch: patch.setattr(name, lambda *_: None)


def _any_home_address(patch: pytest.MonkeyPatch) -> None:
    """Neither selectors nor the home agent look whose Home Address a Binding Update is for."""
    receive = HomeAgent._receive

    def believe(self: HomeAgent, arrived: MobilityArrived, now: float) -> list[AgentEffect]:
        return receive(self, replace(arrived, sa_home_address=arrived.source), now)

    patch.setattr(Association, "check_mobility", lambda *_: None)
    patch.setattr(HomeAgent, "_receive", believe)


def _limits_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ResponderTable, "_no_room", lambda *_: None)
    patch.setattr(ResponderTable, "_make_room", lambda *_: [])
    patch.setattr(ResponderTable, "_missing_cookie", lambda *_: None)


def _deadlines_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("pdngw_proxy.ike.table._SLACK", 1 << 30)


def _every_sequence_number(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ReplayWindow, "check", lambda *_: None)


def _malformed_request_crashes(patch: pytest.MonkeyPatch) -> None:
    receive = Exchanges.receive

    def fragile(self: Exchanges, octets: bytes) -> Received:
        received = receive(self, octets)
        if not isinstance(received, Ignored) and getattr(received, "fault", None) is not None:
            raise IndexError("out of range")
        return received

    patch.setattr(Exchanges, "receive", fragile)


def _path_of_anybody(patch: pytest.MonkeyPatch) -> None:
    """ESP moves a session to where it came from before it is known to be genuine."""
    receive_ike = Gateway._receive_ike

    def follow(self: Gateway, event: object, now: float) -> object:
        session: GatewaySession | None = self.sessions.of_spi(int.from_bytes(event.octets[:4], "big"))  # type: ignore[attr-defined]
        if session is not None:
            session.peer = event.source  # type: ignore[attr-defined]
        return receive_ike(self, event, now)  # type: ignore[arg-type]

    patch.setattr(Gateway, "_receive_ike", follow)


def _first_refusal_is_for_ever(patch: pytest.MonkeyPatch) -> None:
    """Half-open IKE SAs are refused without a cookie, so that a flood keeps good UEs out."""
    no_room = ResponderTable._no_room

    def full(self: ResponderTable) -> str | None:
        return "too many" if self.half_open >= 8 else no_room(self)

    patch.setattr(ResponderTable, "_no_room", full)


@pytest.mark.parametrize(
    ("plant", "found"),
    [
        (_nothing_checked("pdngw_proxy.ike.attachment.check_shared_key_proof"), "let in with another proof"),
        (_any_home_address, "another UE's session was"),
        (_path_of_anybody, "another UE's session was"),
        (_limits_forgotten, "the table '(half-open|IKE SAs)"),
        (_deadlines_kept, "the table 'deadlines' has"),
        (_every_sequence_number, "another UE's session was|packets were"),
        (_malformed_request_crashes, "IndexError"),
        (_first_refusal_is_for_ever, "a good UE does not attach"),
    ],
)
async def test_fault_of_a_gateway_is_found(plant: Plant, found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    with pytest.raises(Broken, match=found):
        await run([PdngwTarget(1)], Progress(MOST), [])


@pytest.mark.parametrize(
    ("plant", "found"),
    [
        (_nothing_checked("ue_sim.ike.attachment.check_signature"), "attached to a gateway without its proof"),
        (_nothing_checked("ue_sim.ike.attachment.check_shared_key_proof"), "attached to a gateway without its proof"),
        (_every_sequence_number, "an old message made the UE"),
        (_malformed_request_crashes, "IndexError"),
    ],
)
async def test_fault_of_a_ue_is_found(plant: Plant, found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    with pytest.raises(Broken, match=found):
        await run([UeTarget(1)], Progress(MOST), [])
