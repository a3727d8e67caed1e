"""What the UE may decide in IKEv2."""

from tests.ike_link import initiator_policy
from wire.ikev2.constants import PrfId, TransformType
from wire.ikev2.groups import CURVE25519


def test_default_offer_is_modern() -> None:
    policy = initiator_policy()
    offered = {(t.kind, t.transform_id) for proposal in policy.ike_proposals for t in proposal.transforms}
    assert (TransformType.DH, CURVE25519.transform_id) in offered
    assert (TransformType.PRF, PrfId.HMAC_SHA1) not in offered


def test_every_wait_has_a_limit() -> None:
    policy = initiator_policy()
    limits = (policy.setup_limit, policy.method_limit, policy.liveness_interval, policy.retransmission.first)
    assert all(0 < limit < 120 for limit in limits)
