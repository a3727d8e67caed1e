"""How long SAs live and how large IKE messages are, the same in [pdngw] and [ue] (RFC 7296 §2.8, RFC 7383)."""

from pydantic import Field

from runtime.config import Section
from wire.ikev2.upkeep.states import Lifetimes

_HEADERS_OCTETS = 40 + 8 + 4
_LEAST_OCTETS = 128


class SaConfig(Section):
    """The part of a section that both ends of IKEv2 share."""

    ike_lifetime: float = Field(default=14_400.0, ge=0, description="seconds that an IKE SA lives at most; 0: for ever")
    child_lifetime: float = Field(default=3_600.0, ge=0, description="seconds that ESP SAs live at most; 0: for ever")
    child_octets: int = Field(
        default=0, ge=0, description="octets after nine tenths of which a tunnel gets a new ESP SA; 0: any number"
    )
    liveness_interval: float = Field(
        default=60.0, gt=0, description="seconds of silence after which the other end is asked whether it is there"
    )

    fragment_size: int = Field(
        default=1280, ge=0, le=65535, description="octets of an IP packet with a part of an IKE message; 0: never apart"
    )

    @property
    def fragment_octets(self) -> int | None:
        """Of an IKE message (RFC 7383 §2.5.1), in the largest headers that there are: IPv6, UDP, the marker."""
        return max(self.fragment_size - _HEADERS_OCTETS, _LEAST_OCTETS) if self.fragment_size else None

    @property
    def lifetimes(self) -> Lifetimes:
        """The same for the machine that keeps the SAs."""
        return Lifetimes(
            ike=self.ike_lifetime or None, child=self.child_lifetime or None, octets=self.child_octets or None
        )
