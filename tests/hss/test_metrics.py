"""What is counted is named, and no label can be a subscriber."""

from prometheus_client.exposition import generate_latest

from hss.metrics import POLICY_REFUSALS
from tests.runtime.metrics.exposed import Snapshot


def test_refusals_are_exposed_by_peer_and_cause() -> None:
    POLICY_REFUSALS.add(0, "aaa", "imsi")
    text = generate_latest(Snapshot()).decode()
    assert 'akadia_hss_policy_refusals_total{cause="imsi",peer="aaa"}' in text
