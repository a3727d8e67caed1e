"""What one client is offered: the choices that EAP-AKA leaves to the server (RFC 4187, RFC 9048)."""

from dataclasses import field

from wire.eap.constants import KDF_CK_PRIME
from wire.frozen import dataclass
from wire.identity import EapMethod


@dataclass(frozen=True, slots=True)
class AkaPolicy:
    """The server's choices towards one client.

    `network_name` is the access network identity (TS 24.302 §8.1.1); without it EAP-AKA' is not offered. `allowed`
    are the methods that may be offered at all, the preferred one first. `kdfs` are offered in this order; the keys are
    those of KDF 1, the only one of EAP-AKA'. `result_ind` offers protected success, which costs a round.
    `always_ask_identity` starts with AKA-Identity whatever EAP-Response/Identity says, as RFC 4187 §4.1.4 recommends;
    without it a plain identity is believed, as over IKEv2 nothing between UE and gateway can change it. What is not
    believed does not choose EAP-AKA either where EAP-AKA' is preferred. `hss_limit` is in seconds.
    """

    network_name: str | None = None
    allowed: tuple[EapMethod, ...] = (EapMethod.AKA_PRIME, EapMethod.AKA)
    kdfs: tuple[int, ...] = (KDF_CK_PRIME,)
    result_ind: bool = False
    always_ask_identity: bool = False
    hss_limit: float = 5.0

    methods: tuple[EapMethod, ...] = field(init=False, compare=False, repr=False)
    """Those on offer, the preferred one first: EAP-AKA' is the stronger (RFC 9048 §7)."""

    def __post_init__(self) -> None:
        offered = tuple(one for one in self.allowed if self.network_name or one is not EapMethod.AKA_PRIME)
        # every round asks, and a network's policy is made once
        object.__setattr__(self, "methods", offered)

    def name_for(self, method: EapMethod) -> str | None:
        """The access network identity where `method` uses one."""
        return self.network_name if method is EapMethod.AKA_PRIME else None
