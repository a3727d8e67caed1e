"""What is counted is named, and no label can be a subscriber."""

from collections.abc import Coroutine
from typing import Any

import pytest
from prometheus_client.exposition import generate_latest

from hss.api import Assignment, AssignmentRequest, Resynchronisation, ServiceRefused, VectorRequest
from hss.metrics import OK, POLICY_REFUSALS, REQUEST_SECONDS, REQUESTS, RESYNCHRONISATIONS, count_request
from hss.service import HssService
from hss.store.database import Database
from tests.hss.conftest import Registry
from tests.runtime.metrics.exposed import Snapshot
from wire.identity import Imsi

KNOWN, UNKNOWN = "001010000000001", "001019999999999"


def test_refusals_are_exposed_by_peer_and_cause() -> None:
    POLICY_REFUSALS.add(0, "aaa", "imsi")
    text = generate_latest(Snapshot()).decode()
    assert 'akadia_hss_policy_refusals_total{cause="imsi",peer="aaa"}' in text


def test_request_is_counted_by_how_it_ended() -> None:
    before = [REQUESTS.value("m", result) for result in (OK, "user_unknown", "other")]
    count_request("m", 0.001, OK)
    count_request("m", 0.002, "user_unknown", resynchronising=True)
    count_request("m", 0.003, "other")
    after = [REQUESTS.value("m", result) for result in (OK, "user_unknown", "other")]
    assert [b - a for a, b in zip(before, after, strict=True)] == [1, 1, 1]
    assert REQUEST_SECONDS.value("m") == 3
    assert RESYNCHRONISATIONS.value("user_unknown") >= 1


@pytest.mark.parametrize("kind", ["vectors", "eps_vectors", "registration"])
async def test_service_counts_what_is_asked_of_it_by_how_it_ended(
    kind: str, registry: Registry, service: HssService, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(imsi: str, resynchronisation: Resynchronisation | None = None) -> Coroutine[Any, Any, object]:
        if kind == "registration":
            return service.assign(AssignmentRequest(Imsi(imsi), "aaa", Assignment.REGISTRATION))
        request = VectorRequest(Imsi(imsi), "aaa", None, 1, None, resynchronisation, serving_network=b"\0\xf1\x10")
        return service.vectors(request) if kind == "vectors" else service.eps_vectors(request)

    async def fail(*_: object) -> None:
        raise LookupError

    registry.add(KNOWN)
    before = [REQUESTS.value(kind, result) for result in (OK, "user_unknown", "other")]
    resynchronised, seconds = RESYNCHRONISATIONS.value("user_unknown"), REQUEST_SECONDS.value(kind)
    await ask(KNOWN)
    with pytest.raises(ServiceRefused):
        await ask(UNKNOWN, Resynchronisation(bytes(16), bytes(14)))
    monkeypatch.setattr(Database, "at_once", fail)
    monkeypatch.setattr(Database, "read_at_once", fail)
    with pytest.raises(LookupError):
        await ask(KNOWN)
    after = [REQUESTS.value(kind, result) for result in (OK, "user_unknown", "other")]
    assert [b - a for a, b in zip(before, after, strict=True)] == [1, 1, 1]
    assert REQUEST_SECONDS.value(kind) - seconds == 3
    assert RESYNCHRONISATIONS.value("user_unknown") - resynchronised == (kind != "registration")
