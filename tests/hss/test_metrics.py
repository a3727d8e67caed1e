"""What is counted is named, and no label can be a subscriber."""

from prometheus_client import REGISTRY, generate_latest

from hss.metrics import POLICY_REFUSALS


def test_refusals_are_exposed_by_peer_and_cause() -> None:
    POLICY_REFUSALS.labels(peer="aaa", cause="imsi").inc(0)
    text = generate_latest(REGISTRY).decode()
    assert 'akadia_hss_policy_refusals_total{cause="imsi",peer="aaa"}' in text
