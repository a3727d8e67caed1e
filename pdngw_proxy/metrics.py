"""What the PDN GW counts; labels are words of this program, never a subscriber or what a stranger sends."""

from pdngw_proxy.aaa_link.port import RelayAccept, RelayAnswer, RelayChallenge, RelayReject, RelayUnavailable
from pdngw_proxy.sessions import SessionBook
from runtime.metrics.families import Counter, Gauge, Histogram

AAA_SECONDS = Histogram(
    "akadia_pdngw_aaa_round_seconds",
    'From a round of EAP to its answer by the AAA server: "challenge", "accept", "reject", "unavailable".',
    ("answer",),
)
EVENTS = Counter(
    "akadia_pdngw_events",
    "What befell sessions, bindings and packets, as the log has it, those lines that it withholds among them.",
    ("event", "level"),
)
MOBILITY = Counter(
    "akadia_pdngw_mobility_rejected",
    "Messages of Mobile IPv6 that were dropped, by the clause that says so, or refused, by their status.",
    ("why",),
)
SESSIONS = Gauge("akadia_pdngw_sessions", "UEs that the AAA server has accepted.")
ATTACHING = Gauge("akadia_pdngw_attaching", "UEs that are being authenticated.")

_ANSWERS = {
    RelayChallenge: "challenge",
    RelayAccept: "accept",
    RelayReject: "reject",
    RelayUnavailable: "unavailable",
}


def measure_round(answer: RelayAnswer, seconds: float) -> None:
    """The AAA server has answered one round after so many seconds."""
    AAA_SECONDS.observe(seconds, _ANSWERS[type(answer)])


def sample(sessions: SessionBook) -> None:
    """How many there are at this moment."""
    every = sessions.all()
    accepted = sum(session.accepted for session in every)
    SESSIONS.set(accepted)
    ATTACHING.set(len(every) - accepted)
