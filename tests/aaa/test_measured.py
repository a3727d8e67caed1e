"""The meters: they change no answer, and count each by how it ended."""

import pytest

from aaa.measured import MeasuredHss, MeasuredService
from aaa.messages import AccessAnswer, AccessRequest, Challenge, Client, Ignore
from aaa.metrics import HSS_SECONDS, RESYNCHRONISATIONS, ROUND_SECONDS, ROUNDS
from hss.api import Assignment, AssignmentRequest, Refusal, Resynchronisation, ServiceRefused, VectorRequest
from tests.aaa.memory_hss import IMSI, MemoryHss
from wire.identity import EapMethod

NODE = "aaa.example"
AP = Client("measured-ap")


class Scripted:
    """A service that answers what it is told to."""

    def __init__(self, *answers: AccessAnswer) -> None:
        self._answers = list(answers)

    async def authenticate(self, _request: AccessRequest) -> AccessAnswer:
        """The next one."""
        return self._answers.pop(0)


async def test_rounds_are_counted_by_client_and_answer() -> None:
    before = ROUND_SECONDS.value("radius")
    service = MeasuredService(Scripted(Challenge(b"eap", b"state"), Ignore("no"), Challenge(b"eap", b"state")))
    answers = [await service.authenticate(AccessRequest(AP, b"")) for _ in range(3)]
    assert answers[1] == Ignore("no")
    assert ROUNDS.value("radius", "measured-ap", "challenge") == 2
    assert ROUNDS.value("radius", "measured-ap", "ignore") == 1
    assert ROUND_SECONDS.value("radius") - before == 3


async def test_hss_is_measured_by_request_and_refusal() -> None:
    memory = MemoryHss()
    hss = MeasuredHss(memory)
    before = [HSS_SECONDS.value(*labels) for labels in (("vectors", "ok"), ("registration", "ok"))]
    assert len(await hss.vectors(VectorRequest(IMSI, NODE, EapMethod.AKA))) == 1
    assert await hss.assign(AssignmentRequest(IMSI, NODE, Assignment.REGISTRATION)) is not None
    after = [HSS_SECONDS.value(*labels) for labels in (("vectors", "ok"), ("registration", "ok"))]
    assert [b - a for a, b in zip(before, after, strict=True)] == [1, 1]


async def test_resynchronisations_are_counted_by_what_came_of_them() -> None:
    hss = MeasuredHss(MemoryHss())
    before = RESYNCHRONISATIONS.value("resynchronisation_rejected")
    request = VectorRequest(IMSI, NODE, EapMethod.AKA, resynchronisation=Resynchronisation(bytes(16), bytes(14)))
    with pytest.raises(ServiceRefused) as refused:
        await hss.vectors(request)
    assert refused.value.refusal is Refusal.RESYNCHRONISATION_REJECTED
    assert RESYNCHRONISATIONS.value("resynchronisation_rejected") - before == 1
