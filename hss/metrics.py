"""What the HSS counts; labels are names of the configuration and causes, never a subscriber."""

from time import perf_counter
from types import TracebackType

from hss.api import ServiceRefused
from runtime.metrics.families import OTHER, Counter, Gauge, Histogram

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


class Measured:
    """Around the work on one `request`: counts it, how it ended and how long it took."""

    __slots__ = ("_began", "_request", "_resynchronising")

    def __init__(self, request: str, resynchronising: bool = False) -> None:
        self._request = request
        self._resynchronising = resynchronising
        self._began = perf_counter()

    def __enter__(self) -> None:
        """It has begun already."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        REQUEST_SECONDS.observe(perf_counter() - self._began, self._request)
        result = "ok" if error is None else _result_of(error)
        REQUESTS.count(self._request, result)
        if self._resynchronising:
            RESYNCHRONISATIONS.count(result)


def _result_of(error: BaseException) -> str:
    return error.refusal.name.lower() if isinstance(error, ServiceRefused) else OTHER
