"""What the HSS counts; labels are names of the configuration and causes, never a subscriber."""

from runtime.metrics.families import Counter, Gauge, Histogram

POLICY_REFUSALS = Counter(
    "akadia_hss_policy_refusals", "Requests that the policy of their peer refused.", ("peer", "cause")
)
REQUESTS = Counter(
    "akadia_hss_requests",
    'What was asked of the HSS over any face or in process, and "ok" or the refusal.',
    ("request", "result"),
)
REQUEST_SECONDS = Histogram("akadia_hss_request_seconds", "From a question to the HSS to its answer.", ("request",))
VECTORS = Counter("akadia_hss_vectors", "Authentication vectors that were given.", ("method",))
RESYNCHRONISATIONS = Counter(
    "akadia_hss_resynchronisations", 'AUTS that USIMs sent, and "ok" or the refusal.', ("result",)
)
STORE_SECONDS = Histogram(
    "akadia_hss_store_transaction_seconds", "A transaction, which all share that waited when it began.", ("lane",)
)
STORE_REQUESTS = Counter("akadia_hss_store_requests", "What shared those transactions.", ("lane",))
STORE_WAITING = Gauge("akadia_hss_store_waiting", "Requests that wait for the store, or are being served.")
API_REQUESTS = Counter("akadia_hss_api_requests", "Requests to the REST API.", ("status",))


OK = "ok"
"""The result of what was not refused; "other" is that of a fault."""


def count_request(request: str, seconds: float, result: str, resynchronising: bool = False) -> None:
    """One `request` that took so long, and how it ended."""
    REQUEST_SECONDS.observe(seconds, request)
    REQUESTS.count(request, result)
    if resynchronising:
        RESYNCHRONISATIONS.count(result)
