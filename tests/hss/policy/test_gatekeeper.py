"""Requests pass to their face, or are refused, counted and told apart by cause; learning refuses nothing."""

from dataclasses import replace

import pytest

from hss.metrics import POLICY_REFUSALS
from hss.policy.gatekeeper import Gatekeeper
from hss.policy.learning import Learning
from hss.policy.rules import PeerPolicies, PeerRule
from hss.telling.routes import Route, Routes
from tests.wire.diameter.samples import AIR, EAP_DER, MAR, SAR
from wire.diameter.applications import Application
from wire.diameter.avp import AvpFault
from wire.diameter.capabilities import PeerPolicy
from wire.diameter.message import Message

RULE = PeerRule("relay", frozenset({Application.SWX, Application.S6A}), imsi_prefixes=("00101",), vectors_per_minute=2)
ELSEWHERE = "262010000000001"


class Faces:
    """Notes what comes through."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, Message]] = []
        self.now = 0.0
        self.routes = Routes([PeerPolicy("relay", "relay", "transit", agent=True)], lambda: ("relay",))

    async def swx(self, _peer: str, message: Message) -> Message:
        self.seen.append(("swx", message))
        return message

    async def s6a(self, _peer: str, message: Message) -> Message:
        self.seen.append(("s6a", message))
        return message

    def gatekeeper(self, rule: PeerRule = RULE, learning: Learning | None = None) -> Gatekeeper:
        return Gatekeeper(
            {Application.SWX: self.swx, Application.S6A: self.s6a},
            PeerPolicies([rule]),
            learning=learning,
            routes=self.routes,
            clock=lambda: self.now,
        )


def counted(cause: str) -> float:
    return POLICY_REFUSALS.value("relay", cause)


@pytest.fixture
def faces() -> Faces:
    return Faces()


async def test_each_application_has_its_face(faces: Faces) -> None:
    gatekeeper = faces.gatekeeper()
    for message in (SAR.message(), replace(AIR, requested_utran_geran=None).message()):
        await gatekeeper.serve("relay", message)
    assert [name for name, _ in faces.seen] == ["swx", "s6a"]
    with pytest.raises(AvpFault) as caught:
        await gatekeeper.serve("relay", EAP_DER.message())
    assert caught.value.result == 3001


async def test_foreign_imsi_is_refused_and_counted(faces: Faces) -> None:
    before = counted("imsi")
    with pytest.raises(AvpFault) as caught:
        await faces.gatekeeper().serve("relay", replace(SAR, user_name=ELSEWHERE).message())
    assert (caught.value.result, faces.seen) == (5003, [])
    assert ELSEWHERE not in caught.value.reason
    assert counted("imsi") == before + 1


async def test_more_vectors_than_a_minute_has_are_refused_and_counted(faces: Faces) -> None:
    gatekeeper, before = faces.gatekeeper(), counted("rate")
    message = replace(MAR, number_auth_items=2).message()
    await gatekeeper.serve("relay", message)
    with pytest.raises(AvpFault) as caught:
        await gatekeeper.serve("relay", message)
    assert caught.value.result == 3004
    assert counted("rate") == before + 1
    faces.now = 60.0
    await gatekeeper.serve("relay", message)
    assert len(faces.seen) == 2


async def test_learning_refuses_nothing(faces: Faces) -> None:
    learning = Learning({Application.SWX: "swx"})
    gatekeeper = faces.gatekeeper(learning=learning)
    for _ in range(3):
        await gatekeeper.serve("relay", replace(MAR, user_name=ELSEWHERE, number_auth_items=2).message())
    assert len(faces.seen) == 3
    assert 'imsi_prefixes = ["26201"]' in learning.proposal()
    assert "vectors_per_minute = 12 " in learning.proposal()


async def test_node_behind_an_agent_can_be_reached_afterwards(faces: Faces) -> None:
    await faces.gatekeeper().serve("relay", SAR.message())
    assert faces.routes.reachable() == {SAR.origin_host: Route("relay", SAR.origin_realm)}
