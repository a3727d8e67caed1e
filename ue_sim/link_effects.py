"""What comes of a UE's IKE SAs: what the UE is told, and what it has to do (ue_sim.links)."""

from dataclasses import dataclass
from ipaddress import IPv6Address

from ue_sim.connection import EapDone, Gone, NoTunnel, TunnelReady
from ue_sim.discovery import Discovered
from ue_sim.ike import events as ike
from ue_sim.ue_events import EspKeysReady, Note, NotReauthenticated, Send
from wire.ikev2.redirect import GatewayIdentity
from wire.ip.packet import IpPacket


@dataclass(frozen=True, slots=True)
class Renewed:
    """Another IKE SA with `gateway` is in use, with SAs of its own for `home_address`; the old one is being deleted."""

    ready: TunnelReady
    gateway: Discovered
    home_address: IPv6Address
    prefix_length: int


@dataclass(frozen=True, slots=True)
class Break:
    """The IKE SA is to be deleted for `cause`, and then another one begun with `there`.

    That is the same PDN GW, or the one that `redirected_from` has named (RFC 5685 §5).
    """

    cause: str
    there: Discovered
    redirected_from: GatewayIdentity | None = None


LinkEffect = (
    Send | ike.IkeKeysReady | EapDone | ike.AddressAssigned | EspKeysReady | TunnelReady | NoTunnel | Break
    | ike.GatewayAnswered | Renewed | NotReauthenticated | Gone | Note | IpPacket
)  # fmt: skip
