"""REDIRECT, octet by octet."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from wire.errors import DecodeError
from wire.ikev2.constants import NotifyType
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.redirect import GatewayIdentity, read_redirect, redirect

FORMS = {
    "192.0.2.5": "0104c0000205",
    "2001:db8::5": "021020010db8000000000000000000000005",
    "pgw2.example": "030c" + b"pgw2.example".hex(),
}


@pytest.mark.parametrize(("text", "octets"), FORMS.items())
def test_gateway_is_named_as_rfc_5685_has_it(text: str, octets: str) -> None:
    """RFC 5685 §9.2: GW Ident Type, GW Ident Len, the identity, and the nonce behind it."""
    identity = GatewayIdentity.of(text)
    assert str(identity) == text
    notify = redirect(identity, b"nonce")
    assert (notify.notify_type, notify.data.hex()) == (16407, octets + b"nonce".hex())
    assert read_redirect(notify) == (identity, b"nonce")
    assert read_redirect(redirect(identity)) == (identity, b"")


def test_address_is_an_address() -> None:
    assert GatewayIdentity.of("192.0.2.5").gateway == IPv4Address("192.0.2.5")
    assert GatewayIdentity.of("2001:db8::5").gateway == IPv6Address("2001:db8::5")


@pytest.mark.parametrize("text", ["", "a b", "é.example", "x" * 64, "a..b", ".b", f"{'x.' * 127}x", "a\n"])
def test_gateway_needs_a_name(text: str) -> None:
    with pytest.raises(ValueError, match="neither an address nor a name"):
        GatewayIdentity.of(text)


@pytest.mark.parametrize(
    "data", ["", "01", "0103c00002", "0105c000020500", "0300", "0301ff", "0302612e", "0901ff", "0210c0"]
)
def test_malformed_redirect_is_refused(data: str) -> None:
    with pytest.raises(DecodeError):
        read_redirect(Notify(NotifyType.REDIRECT, bytes.fromhex(data)))
