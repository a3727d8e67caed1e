"""What the AAA server counts; labels are methods and kinds of identity, never a subscriber."""

from runtime.metrics.families import Counter
from wire.identity import EapMethod, IdentityKind

LOGINS = Counter(
    "akadia_aaa_logins",
    "Logins by the identity that they used, and whether anybody on the way could read the IMSI.",
    ("method", "identity", "imsi"),
)

CONVERSATIONS_KEPT = Counter(
    "akadia_aaa_conversations_kept",
    "Rounds whose state was too long to be sealed into State, and that only this process can go on with.",
)


def count_login(method: EapMethod, kind: IdentityKind, *, imsi_shown: bool) -> None:
    """One login that succeeded; the share of IMSIs shown is imsi="shown" of all."""
    LOGINS.count(method.name, kind.name.lower(), "shown" if imsi_shown else "hidden")
