"""What an operator is shown of each step: enough to believe it, and no key."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, IPv6Network

import pytest

from ue_sim import evidence
from ue_sim.connection import EapDone, TunnelReady
from ue_sim.discovery import Discovered
from ue_sim.mobility import Bound
from wire.ciphers import AES_CBC_128, AES_GCM_16_256, HMAC_SHA2_256_128, keymat_octets
from wire.identity import EapMethod
from wire.ikev2.algorithms import PRF_HMAC_SHA2_256, EspSuite, IkeSuite
from wire.ikev2.association import Association
from wire.ikev2.child import Mode, child_sa
from wire.ikev2.groups import GROUPS
from wire.ikev2.keys import ChildKeys
from wire.ikev2.nat import Endpoint
from wire.ikev2.selectors import TrafficSelector
from wire.mip6.binding_update import BindingFlag, BindingUpdate
from wire.secret import Secret

HOME_ADDRESS = IPv6Address("2001:db8:1::100")
HOME = (TrafficSelector.address(HOME_ADDRESS),)
ANYWHERE = (TrafficSelector.network(IPv6Network("::/0")),)
BOUND = Bound(
    care_of=IPv4Address("192.0.2.10"),
    sequence=7,
    lifetime=1800.0,
    expires_at=1900.0,
    refresh_at=1700.0,
    nat_detected=False,
    ipv4_home_address=None,
    moves_ike=False,
)


def association(mode: Mode, spi_in: bytes, spi_out: bytes) -> tuple[Association, ChildKeys]:
    suite = EspSuite(AES_GCM_16_256, None, esn=True)
    octets = keymat_octets(suite.encryption, None)
    keys = ChildKeys(Secret(bytes(range(1, octets + 1))), Secret(bytes(range(101, octets + 101))))
    child = child_sa(
        suite, keys, mode=mode, spi_in=spi_in, spi_out=spi_out, local=HOME, remote=ANYWHERE, initiator=True
    )
    return Association(child, HOME_ADDRESS, random=bytes), keys


def test_discovery_shows_the_name_and_both_addresses() -> None:
    found = Discovered("internet.example", IPv6Address("2001:db8::1"), IPv4Address("192.0.2.4"))
    assert evidence.of_discovery(found) == {
        "name": "internet.example",
        "home agent": "2001:db8::1",
        "PDN GW": "192.0.2.4",
    }


def test_proposal_names_every_algorithm() -> None:
    group = next(iter(GROUPS.values()))
    suite = IkeSuite(AES_CBC_128, HMAC_SHA2_256_128, PRF_HMAC_SHA2_256, group)
    shown = evidence.of_suite(suite)["proposal"]
    assert shown.split() == ["AES_CBC_128", "HMAC_SHA2_256_128", "PRF_HMAC_SHA2_256", *group.name.split()]


@pytest.mark.parametrize(("method", "name"), [(EapMethod.AKA, "EAP-AKA"), (EapMethod.AKA_PRIME, "EAP-AKA'")])
def test_eap_shows_the_method_and_the_session(method: EapMethod, name: str) -> None:
    done = EapDone(method, b"\x17" + bytes(32), "0001010000000001@realm", "pgw.example")
    assert evidence.of_eap(done) == {
        "method": name,
        "Session-Id": "17" + "00" * 32,
        "identity": "0001010000000001@realm",
        "gateway": "pgw.example",
    }


def test_every_eap_method_has_a_name() -> None:
    for method in EapMethod:
        assert evidence.of_eap(EapDone(method, b"", "", ""))["method"].startswith("EAP-")


def test_tunnel_shows_the_spis_and_no_key() -> None:
    transport, keys = association(Mode.TRANSPORT, b"\x00\x00\x10\x01", b"\xc0\x00\x00\x02")
    tunnel, _ = association(Mode.TUNNEL, b"\x00\x00\x10\x03", b"\xc0\x00\x00\x04")
    shown = evidence.of_tunnel(TunnelReady(transport, tunnel))
    assert shown == {
        "Mobility Header": "transport SPIs 0x00001001 in, 0xc0000002 out",
        "tunnel": "tunnel SPIs 0x00001003 in, 0xc0000004 out",
        "algorithms": "AES_GCM_16_256 ESN",
    }
    assert keys.initiator_to_responder.hex()[:16] not in str(shown)
    assert "Mobility Header" not in evidence.of_tunnel(TunnelReady(None, tunnel))


def test_update_shows_its_lifetime_in_seconds() -> None:
    flags = BindingFlag.ACKNOWLEDGE | BindingFlag.HOME_REGISTRATION
    update = BindingUpdate(sequence=65535, flags=flags, lifetime=900)
    assert evidence.of_update(update, Endpoint(IPv4Address("192.0.2.10"), 4500)) == {
        "sequence": "65535",
        "Care-of Address": "192.0.2.10",
        "lifetime asked": "3600 s",
    }


@pytest.mark.parametrize(("detected", "said"), [(None, "not said"), (True, "detected"), (False, "none")])
def test_binding_shows_what_was_granted(detected: bool | None, said: str) -> None:
    shown = evidence.of_binding(replace(BOUND, nat_detected=detected))
    assert shown == {"status": "0 accepted", "sequence": "7", "lifetime": "1800 s", "NAT": said}
