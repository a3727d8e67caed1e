"""What a Binding Acknowledgement that accepts grants (RFC 6275 §11.7.3, RFC 5555 §4.4.2)."""

from ipaddress import IPv4Interface

from ue_sim.mobility import Bound, CareOf
from wire.mip6.binding_ack import AckFlag, BindingAck
from wire.mip6.ipv4_options import NO_KEEPALIVE, Ipv4AddressAck, NatDetection
from wire.mip6.ipv6_options import LIFETIME_UNIT, BindingRefreshAdvice
from wire.mip6.options import find
from wire.mip6.statuses import BindingStatus, is_accepted

_REFRESH_SHARE = 0.75
_LEAST_REFRESH = 1.0


def bound_by(ack: BindingAck, *, care_of: CareOf, sent_at: float, now: float, asked: int, wants_ipv4: bool) -> Bound:
    """The binding of an update that was sent at `sent_at` for `asked` seconds, from which its lifetime counts."""
    granted = float(min(ack.lifetime_seconds, asked))
    nat = find(ack.options, NatDetection)
    ipv4_ack = find(ack.options, Ipv4AddressAck)
    confirmed = wants_ipv4 and ipv4_ack is not None and is_accepted(ipv4_ack.status)
    return Bound(
        care_of=care_of,
        sequence=ack.sequence,
        lifetime=granted,
        expires_at=sent_at + granted,
        refresh_at=max(sent_at + _refresh_after(ack, nat, granted), now + min(_LEAST_REFRESH, granted / 2)),
        nat_detected=None if nat is None else nat.refresh != NO_KEEPALIVE,
        ipv4_home_address=_interface(ipv4_ack) if confirmed and ipv4_ack is not None else None,
        moves_ike=bool(ack.flags & AckFlag.KEY_MANAGEMENT),
        prefix_ends=ack.status == BindingStatus.ACCEPTED_PREFIX_DISCOVERY_NECESSARY,
    )


def _interface(ack: Ipv4AddressAck) -> IPv4Interface:
    """The address that was granted; a prefix length of 0 says nothing about its network (RFC 5555 §3.2.1)."""
    return IPv4Interface((ack.address, ack.prefix_length if 0 < ack.prefix_length <= 32 else 32))


def _refresh_after(ack: BindingAck, nat: NatDetection | None, granted: float) -> float:
    """Seconds until the next update: well before the end, or sooner when the home agent or a NAT wants it."""
    wanted = [granted * _REFRESH_SHARE]
    advice = find(ack.options, BindingRefreshAdvice)
    if advice is not None and 0 < advice.interval * LIFETIME_UNIT < granted:
        wanted.append(float(advice.interval * LIFETIME_UNIT))
    if nat is not None and nat.refresh not in {0, NO_KEEPALIVE}:
        wanted.append(float(nat.refresh))
    return min(wanted)
