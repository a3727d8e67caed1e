"""What every Diameter node counts, by peer of the configuration, command and result."""

from collections.abc import Iterable
from typing import Protocol

from runtime.metrics.families import OTHER, Counter, Gauge, Histogram
from wire.diameter.avp import Avp, AvpFault
from wire.diameter.commands import COMMANDS
from wire.diameter.message import Message
from wire.diameter.results import VENDOR_3GPP, ExperimentalResultCode, ResultCode

SERVED = Counter(
    "akadia_diameter_requests",
    "Requests of peers, by the Result-Code or vendor:Experimental-Result-Code of their answers.",
    ("peer", "command", "result"),
)
SERVED_SECONDS = Histogram(
    "akadia_diameter_request_seconds", "From the beginning of work on a peer's request to its answer.", ("command",)
)
DROPPED = Counter(
    "akadia_diameter_dropped", "Requests of peers that waited for room in vain and were answered 3004.", ("peer",)
)
ASKED = Counter(
    "akadia_diameter_client_requests",
    'Requests to peers, by the result of their answers; "none" where there was no answer in time.',
    ("peer", "command", "result"),
)
ASKED_SECONDS = Histogram(
    "akadia_diameter_client_request_seconds", "From a request to a peer to its answer.", ("peer", "command")
)
HELD_BACK = Counter(
    "akadia_diameter_held_back", "Requests that were not sent because their server had asked for fewer (RFC 7683)."
)
SUSPICIONS = Counter(
    "akadia_diameter_suspicions", "How often a peer left a watchdog request unanswered (RFC 3539 §3.4).", ("peer",)
)
CONNECTIONS = Gauge("akadia_diameter_connections", "Connections that are open, over all processes.", ("peer",))
SERVING = Gauge("akadia_diameter_serving", "Requests of a peer that are being served.", ("peer",))
WAITING = Gauge("akadia_diameter_waiting", "Requests of a peer that wait for room.", ("peer",))
OUTSTANDING = Gauge("akadia_diameter_outstanding", "Requests to a peer that wait for their answers.", ("peer",))
REDUCTION = Gauge(
    "akadia_diameter_reduction_percent",
    "By how much a peer is asked to reduce what it asks (RFC 7683), in the process that asks for most.",
    ("peer",),
    together="max",
)

_RESULT_CODE, _EXPERIMENTAL_RESULT, _EXPERIMENTAL_RESULT_CODE, _VENDOR_ID = 268, 297, 298, 266
_TGPP = VENDOR_3GPP.to_bytes(4, "big")
_RESULTS = {int(code).to_bytes(4, "big"): str(int(code)) for code in ResultCode}
_COMMANDS = {key: command.name for key, command in COMMANDS.items()}
_NAMES = {int(code): str(int(code)) for code in ResultCode}
_EXPERIMENTAL_RESULTS = {int(code).to_bytes(4, "big"): f"{VENDOR_3GPP}:{int(code)}" for code in ExperimentalResultCode}


class Burdened(Protocol):
    """One state machine of a peer, and how much it carries."""

    @property
    def open(self) -> bool:
        """Whether it has a connection."""

    @property
    def serving(self) -> int:
        """Requests that are being served."""

    @property
    def waiting(self) -> int:
        """Requests that wait for room."""

    @property
    def outstanding(self) -> int:
        """Requests that wait for the peer's answer."""

    @property
    def reduction(self) -> int:
        """Per cent that the peer is asked to ask less."""


def command_of(message: Message) -> str:
    """The name of its request, such as `DER`; a command that nobody here knows makes no label of its own."""
    return _COMMANDS.get((message.application, message.command), OTHER)


def result_of(answer: Message) -> str:
    """Result-Code, such as "2001", or vendor and code of Experimental-Result, such as "10415:5001".

    Of a code that has no name here only the class: "5xxx".
    """
    avps = answer.avps
    if not isinstance(avps, tuple) and avps.result is not None:
        return _NAMES.get(avps.result) or _class_of(avps.result.to_bytes(4, "big"))
    for one in avps:
        if one.code == _RESULT_CODE and not one.vendor:
            return _RESULTS.get(one.data) or _class_of(one.data)
        if one.code == _EXPERIMENTAL_RESULT and not one.vendor:
            return _experimental(one)
    return OTHER


def _experimental(result: Avp) -> str:
    try:
        inner = {part.code: part.data for part in result.children}
    except AvpFault:
        return OTHER
    code = inner.get(_EXPERIMENTAL_RESULT_CODE, b"")
    known = _EXPERIMENTAL_RESULTS.get(code) if inner.get(_VENDOR_ID) == _TGPP else None
    return known or _class_of(code)


def _class_of(code: bytes) -> str:
    first = int.from_bytes(code, "big") // 1000
    return f"{first}xxx" if 1 <= first <= 5 else OTHER


def count_burden(peer: str, links: Iterable[Burdened]) -> None:
    """Set the gauges of `peer`, which has `links`."""
    known = tuple(links)
    CONNECTIONS.set(sum(link.open for link in known), peer)
    SERVING.set(sum(link.serving for link in known), peer)
    WAITING.set(sum(link.waiting for link in known), peer)
    OUTSTANDING.set(sum(link.outstanding for link in known), peer)
    REDUCTION.set(max((link.reduction for link in known), default=0), peer)
