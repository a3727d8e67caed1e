"""What the HSS counts; labels are names of the configuration and causes, never a subscriber."""

from runtime.metrics.families import Counter

POLICY_REFUSALS = Counter(
    "akadia_hss_policy_refusals", "Requests that the policy of their peer refused.", ("peer", "cause")
)
