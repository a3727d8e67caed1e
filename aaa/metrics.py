"""What the AAA server counts; labels are clients, methods and kinds of identity, never a subscriber."""

from collections.abc import Mapping

from aaa.eap.states import (
    AkaState,
    AwaitingIdentity,
    Challenged,
    Done,
    EapState,
    FailureNotified,
    IdentityRequested,
    MethodProposed,
    MethodRunning,
    Reauthenticating,
    SimChallenged,
    SuccessNotified,
)
from aaa.messages import RejectCause
from runtime.metrics.families import OTHER, Counter, Gauge, Histogram
from wire.identity import EapMethod, IdentityKind

LOGINS = Counter(
    "akadia_aaa_logins",
    "Logins by the identity that they used, and whether anybody on the way could read the IMSI.",
    ("method", "identity", "imsi"),
)
REJECTIONS = Counter("akadia_aaa_rejections", "Authentications that failed.", ("front", "client", "method", "cause"))
LOGIN_SECONDS = Histogram(
    "akadia_aaa_login_seconds", "From a login's first packet to its success, the UE's time included.", ("method",)
)
STEPS = Counter("akadia_aaa_eap_requests", "EAP requests that were sent, by what they asked for.", ("method", "step"))
ROUNDS = Counter(
    "akadia_aaa_rounds", "Rounds of authentications by their answers, over both fronts.", ("front", "client", "answer")
)
ROUND_SECONDS = Histogram(
    "akadia_aaa_round_seconds", "From a client's request to its answer, the HSS's time included.", ("front",)
)
HSS_SECONDS = Histogram(
    "akadia_aaa_hss_seconds",
    'From a question to the HSS to its answer; "ok", a refusal, or "failed" where it took too long.',
    ("request", "result"),
)
RESYNCHRONISATIONS = Counter(
    "akadia_aaa_resynchronisations", "USIMs out of step, and what the HSS said to their AUTS.", ("result",)
)
CONVERSATIONS_KEPT = Counter(
    "akadia_aaa_conversations_kept",
    "Rounds whose state was too long to be sealed into State, and that only this process can go on with.",
)
FAILURE_RECORDS = Counter(
    "akadia_aaa_failure_records",
    "Records of authentications that failed: kept, or dropped where the store was busy or too many came at once.",
    ("outcome",),
)
ACCESS_REQUESTS = Counter(
    "akadia_aaa_radius_access_requests",
    'Access-Requests by whether they have a Message-Authenticator: "no" is not ready for CVE-2024-3596.',
    ("client", "message_authenticator"),
)
DISCARDED = Counter(
    "akadia_aaa_radius_discarded", 'RADIUS packets that were passed over; client "" for strangers.', ("client", "cause")
)
DUPLICATES = Counter(
    "akadia_aaa_radius_duplicates", "RADIUS requests that came again: answered as before, or still being served.",
    ("outcome",),
)  # fmt: skip
ACCOUNTING = Counter(
    "akadia_aaa_accounting_records", "Accounting records that are kept, each once.", ("client", "status")
)
IN_PROGRESS = Gauge("akadia_aaa_radius_in_progress", "RADIUS requests that are being served.")
SERVER_ALIVE = Gauge(
    "akadia_aaa_radius_server_alive", "Whether a server of another realm lives, to every process.", ("server",),
    together="min",
)  # fmt: skip

NOT_ADMITTED, BY_ANOTHER_REALM = "not_admitted", "rejected_by_realm"
"""Causes of authentications that were not ours to decide, or not to begin."""

# Enum.name is a call, and a union of classes is made anew each time: for each request these are there already.
_METHODS: Mapping[EapMethod, str] = {method: method.name for method in EapMethod}
_KINDS: Mapping[IdentityKind, str] = {kind: kind.name.lower() for kind in IdentityKind}
_IN_METHOD = (MethodProposed, MethodRunning)
_STEPS: Mapping[type[AkaState], str] = {
    AwaitingIdentity: "identity",
    Challenged: "challenge",
    SimChallenged: "challenge",
    Reauthenticating: "reauthentication",
    SuccessNotified: "success notification",
    FailureNotified: "failure notification",
}


def count_login(method: EapMethod, kind: IdentityKind, *, imsi_shown: bool, seconds: float = 0.0) -> None:
    """One login that succeeded after `seconds`; the share of IMSIs shown is imsi="shown" of all."""
    name = _METHODS[method]
    LOGINS.count(name, _KINDS[kind], "shown" if imsi_shown else "hidden")
    LOGIN_SECONDS.observe(seconds, name)


def count_rejection(owner: str, method: EapMethod | None, cause: RejectCause) -> None:
    """One authentication of `owner`, front/client, that failed; `method` is None before there was one."""
    front, _, client = owner.partition("/")
    REJECTIONS.count(front, client, "" if method is None else method.name, cause.name.lower())


def count_unheard(front: str, client: str, cause: str) -> None:
    """One authentication that was rejected before our EAP server heard of it, or by that of another realm."""
    REJECTIONS.count(front, client, "", cause)


def count_step(state: EapState) -> None:
    """One EAP request that leads to `state`."""
    if isinstance(state, _IN_METHOD):
        aka = state.aka
        if not isinstance(aka, Done):
            STEPS.count(_METHODS[aka.exchange.method], _STEPS.get(type(aka), OTHER))
    elif isinstance(state, IdentityRequested):
        STEPS.count("", "identity")
