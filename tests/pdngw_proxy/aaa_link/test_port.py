"""The port: both adapters fit it, and no answer shows its key."""

from pdngw_proxy.aaa_link.diameter import DiameterLink
from pdngw_proxy.aaa_link.port import AaaLink, RelayAccept, RelayRequest
from pdngw_proxy.aaa_link.radius import RadiusLink
from wire.secret import Secret


def test_both_links_are_adapters_of_the_port() -> None:
    adapters: tuple[type[AaaLink], ...] = (RadiusLink, DiameterLink)
    methods = {"authenticate", "end_session", "close"}
    assert all(methods <= set(dir(adapter)) for adapter in adapters)


def test_accept_never_prints_the_msk() -> None:
    msk = Secret(bytes(range(64)))
    shown = f"{RelayAccept(b'', msk)!r} {RelayAccept(b'', msk)}"
    assert msk.hex() not in shown
    assert "secret of 64 octets" in shown


def test_first_round_brings_no_state() -> None:
    assert RelayRequest(session="s", eap=b"", identity="ue", apn=None).state is None
