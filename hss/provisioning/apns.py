"""The APNs of a new subscription, from what an operator asks for (TS 23.003 §9.1, TS 29.272 §7.3.35)."""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

from hss.api import Ambr, ApnProfile, PdnType

WILDCARD = "*"
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_NETWORK_IDENTIFIER_MAX = 63
_BANDWIDTH_MAX = (1 << 32) - 1
_WITH_IPV4 = (PdnType.IPV4, PdnType.IPV4V6, PdnType.IPV4_OR_IPV6)
_WITH_IPV6 = (PdnType.IPV6, PdnType.IPV4V6, PdnType.IPV4_OR_IPV6)


class ApnRefused(ValueError):
    """No such subscription can be; one line that says what to write."""


def apn_profiles(
    names: Sequence[str], *, pdn_type: PdnType = PdnType.IPV6, home_addresses: Sequence[str] = (), ambr: Ambr | None
) -> tuple[ApnProfile, ...]:
    """One profile for each of `names`, the first of them the default and the owner of the static Home Addresses."""
    cleaned = [_name(name) for name in names]
    if not cleaned:
        raise ApnRefused("a subscriber needs an APN; name one with --apn")
    twice = next((name for name in cleaned if cleaned.count(name) > 1), None)
    if twice is not None:
        raise ApnRefused(f"APN {twice} is there twice; name it once")
    v6, v4 = _home_addresses(home_addresses, pdn_type)
    _check_ambr(ambr)
    return tuple(
        ApnProfile(
            context_id=number,
            name=name,
            pdn_type=pdn_type,
            home_address=v6 if number == 1 else None,
            home_address_v4=v4 if number == 1 else None,
            ambr=ambr,
        )
        for number, name in enumerate(cleaned, start=1)
    )


def _name(name: str) -> str:
    lowered = name.lower()
    if lowered == WILDCARD:
        return lowered
    labels = lowered.split(".")
    # TS 23.003 §9.1.1: what an APN Network Identifier may be
    reserved = labels[0].startswith(("rac", "lac", "sgsn", "rnc")) or labels[-1] == "gprs"
    if len(lowered) >= _NETWORK_IDENTIFIER_MAX or reserved or not all(_LABEL.fullmatch(label) for label in labels):
        raise ApnRefused(f"{name!r} is no APN; write labels of letters, digits and hyphens such as internet, or *")
    return lowered


def _home_addresses(texts: Sequence[str], pdn_type: PdnType) -> tuple[IPv6Address | None, IPv4Address | None]:
    v6: IPv6Address | None = None
    v4: IPv4Address | None = None
    for text in texts:
        try:
            address = ip_address(text)
        except ValueError:
            raise ApnRefused(f"{text!r} is no IP address; write one such as 2001:db8::5") from None
        if not _is_of_a_node(address):
            raise ApnRefused(f"{text!r} is no Home Address; write one that a packet may go to, such as 2001:db8::5")
        if isinstance(address, IPv6Address) and v6 is None and pdn_type in _WITH_IPV6:
            v6 = address
        elif isinstance(address, IPv4Address) and v4 is None and pdn_type in _WITH_IPV4:
            v4 = address
        else:
            raise ApnRefused(f"Home Address {text} has no place in PDN type {pdn_type.name}; give one for each version")
    return v6, v4


def _is_of_a_node(address: IPv6Address | IPv4Address) -> bool:
    """Whether one node can have it, wherever it is: the zone of an IPv6 address is lost on its way."""
    of_nobody = address.is_multicast or address.is_unspecified or address.is_loopback or address.is_link_local
    return not of_nobody and getattr(address, "scope_id", None) is None


def _check_ambr(ambr: Ambr | None) -> None:
    # Max-Requested-Bandwidth-UL and -DL are Unsigned32 (TS 29.272 §7.3.41)
    if ambr is not None and not (0 < ambr.uplink <= _BANDWIDTH_MAX and 0 < ambr.downlink <= _BANDWIDTH_MAX):
        raise ApnRefused(f"an AMBR is 1 to {_BANDWIDTH_MAX} bit/s each way")
