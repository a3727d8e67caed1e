"""Sending a UE to another gateway: the data of REDIRECT and REDIRECTED_FROM (RFC 5685 §9.2, RFC 5685 §9.3)."""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from wire.buffer import Reader
from wire.frozen import dataclass
from wire.ikev2.constants import NotifyType
from wire.ikev2.payloads.notify import Notify

_IPV4, _IPV6, _FQDN = 1, 2, 3
_NAME = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*")
"""What DNS can be asked for: labels of 63 octets at most, 255 with their lengths and the root (RFC 1035 §2.3.4)."""


@dataclass(frozen=True, slots=True)
class GatewayIdentity:
    """The other gateway: an address, or an FQDN."""

    gateway: IPv4Address | IPv6Address | str

    @classmethod
    def of(cls, text: str) -> "GatewayIdentity":
        """What an operator writes; ValueError when it is neither an address nor a name."""
        for kind in (IPv4Address, IPv6Address):
            try:
                return cls(kind(text))
            except AddressValueError:
                continue
        if _NAME.fullmatch(text) is None:
            raise ValueError(f"{text!r} is neither an address nor a name of a gateway")
        return cls(text)

    def __str__(self) -> str:
        return str(self.gateway)

    def build(self) -> bytes:
        """Type, length and value."""
        if isinstance(self.gateway, str):
            kind, value = _FQDN, self.gateway.encode("ascii")
        else:
            kind, value = (_IPV4 if self.gateway.version == 4 else _IPV6), self.gateway.packed
        return bytes((kind, len(value))) + value


def redirect(to: GatewayIdentity, nonce: bytes = b"") -> Notify:
    """REDIRECT; in IKE_SA_INIT with the nonce of the request, by which the UE knows it for an answer (RFC 5685 §3)."""
    return Notify(NotifyType.REDIRECT, to.build() + nonce)


def redirect_support(redirected_from: GatewayIdentity | None = None) -> Notify:
    """What a UE says in IKE_SA_INIT: that it can be redirected, and by whom it was (RFC 5685 §3)."""
    if redirected_from is None:
        return Notify(NotifyType.REDIRECT_SUPPORTED)
    return Notify(NotifyType.REDIRECTED_FROM, redirected_from.build())


def read_redirect(notify: Notify) -> tuple[GatewayIdentity, bytes]:
    """The other gateway and the nonce of a REDIRECT; DecodeError when its data is malformed."""
    reader = Reader(notify.data)
    kind = reader.u8()
    body = reader.sub(reader.u8())
    gateway: IPv4Address | IPv6Address | str
    if kind == _IPV4:
        gateway = IPv4Address(body.take(4))
    elif kind == _IPV6:
        gateway = IPv6Address(body.take(16))
    elif kind == _FQDN:
        gateway = body.rest().decode("latin-1")
        if _NAME.fullmatch(gateway) is None:
            raise reader.error("a gateway whose name is none")
    else:
        raise reader.error(f"a gateway of unknown type {kind}")
    body.finish()
    return GatewayIdentity(gateway), reader.rest()
