"""Where a UE lets itself be sent from one gateway to the next, and how often (RFC 5685 §5, §6)."""

from dataclasses import dataclass, field
from ipaddress import IPv6Address

from ue_sim.discovery import Discovered
from wire.ikev2.redirect import GatewayIdentity

MOST = 5
WITHIN = 300.0
"""Redirections in so many seconds that are followed; one more is a loop."""


@dataclass(slots=True)
class Redirections:
    """Counts them over all IKE SAs of one UE."""

    _followed: list[float] = field(default_factory=list)

    def refuse(self, now: float) -> str | None:
        """Why one more is not to be followed; None where it is, which then counts."""
        self._followed = [at for at in self._followed if now - at < WITHIN]
        if len(self._followed) >= MOST:
            return f"redirected more than {MOST} times in {WITHIN:.0f} s"
        self._followed.append(now)
        return None

    def follow(self, elsewhere: GatewayIdentity, here: Discovered, version: int, now: float) -> Discovered | str:
        """The PDN GW that `here` sends a UE to, which is in a network of that IP version; or why it does not go.

        A gateway that is named and not addressed is not looked up.
        """
        address = elsewhere.gateway
        if isinstance(address, str) or address.version != version:
            return f"redirected to {elsewhere}, which is no address of this network"
        refusal = self.refuse(now)
        if refusal is not None:
            return refusal
        name = f"REDIRECT of {here.name}"
        if isinstance(address, IPv6Address):
            return Discovered(name, address, None)
        return Discovered(name, here.ipv6, address)
