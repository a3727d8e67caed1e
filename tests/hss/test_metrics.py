"""What is counted is named, and no label can be a subscriber."""

import pytest
from prometheus_client.exposition import generate_latest

from hss.api import Refusal, ServiceRefused
from hss.metrics import POLICY_REFUSALS, REQUEST_SECONDS, REQUESTS, RESYNCHRONISATIONS, Measured
from tests.runtime.metrics.exposed import Snapshot


def test_refusals_are_exposed_by_peer_and_cause() -> None:
    POLICY_REFUSALS.add(0, "aaa", "imsi")
    text = generate_latest(Snapshot()).decode()
    assert 'akadia_hss_policy_refusals_total{cause="imsi",peer="aaa"}' in text


def test_work_is_measured_by_how_it_ended() -> None:
    before = [REQUESTS.value("m", result) for result in ("ok", "user_unknown", "other")]
    with Measured("m"):
        pass
    with pytest.raises(ServiceRefused), Measured("m", resynchronising=True):
        raise ServiceRefused(Refusal.USER_UNKNOWN)
    with pytest.raises(LookupError), Measured("m"):
        raise LookupError
    after = [REQUESTS.value("m", result) for result in ("ok", "user_unknown", "other")]
    assert [b - a for a, b in zip(before, after, strict=True)] == [1, 1, 1]
    assert REQUEST_SECONDS.value("m") == 3
    assert RESYNCHRONISATIONS.value("user_unknown") >= 1
