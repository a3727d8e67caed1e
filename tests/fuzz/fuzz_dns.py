"""The DNS server's answers: any datagram may come, and every reply must be readable."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

import dns.message

from akadia.dns_server import Gateway, answer, gateway_zone
from wire.names import Plmn

REALM = "epc.mnc001.mcc001.3gppnetwork.org"
ZONE = gateway_zone(
    plmn=Plmn("001", "01"),
    realm=REALM,
    apns=("internet",),
    gateway=Gateway(f"pgw.{REALM}", IPv4Address("127.1.2.4"), IPv6Address("2001:db8::1"), 5500),
)

SEEDS = tuple(
    dns.message.make_query(name, kind, id=number, use_edns=edns).to_wire()
    for number, (name, kind, edns) in enumerate(
        (
            ("internet.ha-apn.mnc001.mcc001.pub.3gppnetwork.org", "AAAA", False),
            ("internet.ha-apn.mnc001.mcc001.pub.3gppnetwork.org", "A", 0),
            (f"_mip6._ipv6.{REALM}", "SRV", False),
            ("example.org", "A", 0),
        )
    )
)


def answered(datagram: bytes) -> dns.message.Message | None:
    reply = answer(ZONE, datagram).datagram
    return None if reply is None else dns.message.from_wire(reply)


ENTRIES: dict[str, tuple[Callable[[bytes], object], tuple[bytes, ...]]] = {
    "akadia.dns_server.answer": (answered, SEEDS),
}
