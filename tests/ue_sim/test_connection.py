"""IKE SA, EAP conversation and Child SAs of one UE, as the network in memory leaves them."""

from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address
from random import Random

import pytest

from tests.aaa.memory_hss import IMSI, OPC, K, usim
from tests.network import GATEWAY_NAME, NATT, Network, VirtualUe, ue_settings
from ue_sim.connection import Connection, Gone
from ue_sim.ike.events import CloseRequested, Connect, Transmit
from ue_sim.ue_events import EspKeysReady, Step, StepTaken
from ue_sim.usim import SoftwareUsim
from wire.errors import DecodeError, ProtocolViolation
from wire.esp.encapsulation import NON_ESP_MARKER
from wire.ikev2.child import Mode
from wire.ikev2.nat import Endpoint
from wire.ip.ipv6 import PROTO_UDP, Ipv6Packet
from wire.sansio import Tick
from wire.secret import Secret

OWN = Endpoint(IPv4Address("192.0.2.10"), 4500)
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def fresh(give_up_after: float = 20.0) -> Connection:
    settings = ue_settings(IMSI, OWN, give_up_after=give_up_after)
    return Connection(settings=settings, usim=SoftwareUsim(K, OPC), random=Random(1).randbytes)


def established(network: Network | None = None) -> tuple[VirtualUe, Connection]:
    network = network or Network()
    phone = network.attach()
    network.run(until=2.0)
    connection = phone.machine.links.current
    assert connection is not None
    return phone, connection


def inner(source: IPv6Address) -> bytes:
    packet = Ipv6Packet(source=source, destination=IPv6Address("2001:db8::2"), next_header=PROTO_UDP, payload=bytes(8))
    return packet.build()


def test_connection_has_no_gateway_before_it_connects() -> None:
    connection = fresh()
    with pytest.raises(ProtocolViolation, match="no gateway yet"):
        _ = connection.gateway
    assert (connection.transport, connection.tunnel, connection.deadline) == (None, None, None)


def test_connection_begins_with_ike_behind_the_marker() -> None:
    connection = fresh()
    (first,) = connection.handle(Connect(OWN, NATT, NOW), 0.0)
    assert isinstance(first, Transmit)
    assert first.octets.startswith(NON_ESP_MARKER)
    assert connection.gateway == NATT
    assert connection.open(first.octets) is None


@pytest.mark.parametrize("limit", [3.0, 15.0])
def test_connection_gives_up_after_the_time_of_its_settings(limit: float) -> None:
    connection = fresh(limit)
    list(connection.handle(Connect(OWN, NATT, NOW), 0.0))
    effects = []
    while (deadline := connection.deadline) is not None:
        now = deadline
        effects += list(connection.handle(Tick(), now))
    assert now == limit
    assert effects[-1] == Gone("waited in vain for the gateway's IKE_SA_INIT")


def test_closed_connection_says_why() -> None:
    connection = fresh()
    list(connection.handle(Connect(OWN, NATT, NOW), 0.0))
    assert list(connection.handle(CloseRequested("the user wants it"), 1.0)) == [Gone("the user wants it")]
    assert connection.deadline is None


def test_connection_has_one_association_for_each_purpose_bound_to_the_home_address() -> None:
    phone, connection = established()
    transport, tunnel = connection.transport, connection.tunnel
    assert transport is not None
    assert tunnel is not None
    assert (transport.child.mode, tunnel.child.mode) == (Mode.TRANSPORT, Mode.TUNNEL)
    home_address = phone.attached.home_address
    assert transport.home_address == tunnel.home_address == home_address
    assert tunnel.seal_tunnelled(inner(home_address))
    with pytest.raises(ProtocolViolation, match="outside the selectors"):
        tunnel.seal_tunnelled(inner(IPv6Address("2001:db8:7::101")))


def test_connection_hands_out_the_keys_of_both_associations_for_a_capture() -> None:
    phone, connection = established()
    ready = phone.said(EspKeysReady)
    assert [one.child for one in ready] == [
        association.child for association in (connection.transport, connection.tunnel) if association
    ]
    assert all(one.home_address == phone.attached.home_address for one in ready)


def test_connection_names_both_ends_and_the_eap_session() -> None:
    phone, _ = established()
    (eap,) = (taken.evidence for taken in phone.said(StepTaken) if taken.step is Step.EAP)
    assert eap["identity"] == "0001010000000001@nai.epc.mnc001.mcc001.3gppnetwork.org"
    assert eap["gateway"] in {GATEWAY_NAME, "internet"}
    # RFC 5247 §1.4: the type, then RAND and AUTN of 16 octets each
    assert len(bytes.fromhex(eap["Session-Id"])) == 33


@pytest.mark.parametrize(
    ("octets", "kind", "said"),
    [
        (b"\xff", ProtocolViolation, "a keepalive"),
        (b"\x12\x34\x56\x78" + bytes(40), ProtocolViolation, "no tunnel with SPI 0x12345678"),
        (b"\x00\x00", DecodeError, "2 octets are neither IKE, ESP nor a keepalive"),
    ],
)
def test_connection_opens_nothing_that_is_not_its_own(octets: bytes, kind: type[Exception], said: str) -> None:
    _, connection = established()
    with pytest.raises(kind, match=said):
        connection.open(octets)


def test_connection_takes_no_mobility_header_s_esp_for_a_tunnel_s() -> None:
    _, connection = established()
    assert connection.transport is not None
    spi = connection.transport.child.spi_in.to_bytes(4, "big")
    with pytest.raises(ProtocolViolation, match="no tunnel with SPI"):
        connection.open(spi + bytes(60))


def test_cause_of_the_card_goes_before_the_gateway_s() -> None:
    network = Network()
    phone = network.attach(usim=usim(k=Secret(bytes(16))))
    network.run(until=2.0)
    assert phone.failed.cause.startswith("MAC of AUTN is wrong")
