"""The UE's shell: sockets, the clock, and a limit on every wait."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv6Address, IPv6Interface
from types import SimpleNamespace

import pytest
import pytest_asyncio
import structlog.testing
from structlog.typing import EventDict

from runtime.address_watch import AddressWatch
from runtime.config import ConfigError
from tests.aaa.memory_hss import IMSI
from tests.network import ue_settings
from tests.pdngw_proxy.associations import pair
from tests.silent_network import SilentNetwork
from ue_sim import shell, sockets
from ue_sim.faults import FaultScript, MessageFault
from ue_sim.ike.events import EVERY_CHILD, GatewayAnswered, IkeKeysReady, ProbeRequested, RekeyRequested
from ue_sim.mobility import Unanswered
from ue_sim.pinger import EchoMissed, EchoTimed, PingFinished, PingRequested
from ue_sim.settings import UeSettings
from ue_sim.shell import StepReport, UeFailed, UeShell
from ue_sim.ue_events import (
    Attached,
    AttachFailed,
    AttachRequested,
    Channel,
    DatagramArrived,
    DeliverPacket,
    DeliverTrain,
    Detached,
    DetachRequested,
    EspKeysReady,
    IkeRequested,
    Moved,
    Note,
    NotReauthenticated,
    PacketsToSend,
    ReauthenticationRequested,
    Send,
    SendTrain,
    Step,
    StepTaken,
    TrainArrived,
    TrainedEvent,
    UeEffect,
)
from ue_sim.usim import SoftwareUsim
from wire.ciphers import AES_GCM_16_256
from wire.ikev2.algorithms import PRF_HMAC_SHA2_256, IkeSuite
from wire.ikev2.child import ChildSa, Mode
from wire.ikev2.groups import CURVE25519
from wire.ikev2.keys import IkeKeys
from wire.ikev2.nat import Endpoint
from wire.sansio import Failed
from wire.secret import Secret

HOME, AGENT = IPv6Address("2001:db8::100"), IPv6Address("2001:db8::1")
OWN = IPv4Address("127.9.9.10")
SETTINGS = ue_settings(IMSI, Endpoint(OWN, 0), give_up_after=0.1)
ATTACHED = Attached(HOME, AGENT)
SUITE = IkeSuite(AES_GCM_16_256, None, PRF_HMAC_SHA2_256, CURVE25519)
KEYS = IkeKeys(*(Secret(bytes(4)) for _ in range(7)))


@dataclass
class ScriptedUe:
    """A machine that answers each kind of event with what a test wrote down."""

    script: dict[type, Sequence[UeEffect]] = field(default_factory=dict)
    events: list[TrainedEvent] = field(default_factory=list)
    settings: UeSettings | None = None
    deadline: float | None = None

    def __call__(self, *, settings: UeSettings, **_rest: object) -> "ScriptedUe":
        self.settings = settings
        return self

    def handle(self, event: TrainedEvent, _now: float) -> list[UeEffect]:
        self.events.append(event)
        return list(self.script.get(type(event), ()))


class OneByOne:
    """Stands in for ue_sim.trains.Trains: a scripted UE gets each datagram by itself."""

    deadline = None

    def __init__(self, ue: ScriptedUe, *, device: bool) -> None:
        self._ue = ue
        self.device = device

    def handle(self, event: TrainedEvent, now: float) -> list[UeEffect]:
        if not isinstance(event, TrainArrived):
            return self._ue.handle(event, now)
        events = (DatagramArrived(Channel.IKE, octets) for octets in event.datagrams)
        return [effect for one in events for effect in self._ue.handle(one, now)]


@dataclass
class Tables:
    """Stands in for runtime.wireshark.KeyTables."""

    ike: list[tuple[bytes, bytes]] = field(default_factory=list)
    esp: list[ChildSa] = field(default_factory=list)

    def add_ike(self, spi_i: bytes, spi_r: bytes, _suite: IkeSuite, _keys: IkeKeys) -> None:
        self.ike.append((spi_i, spi_r))

    def add_esp(self, child: ChildSa) -> None:
        self.esp.append(child)


@dataclass
class Ground:
    """A shell around a scripted machine."""

    ue: UeShell
    machine: ScriptedUe
    network: SilentNetwork
    steps: list[StepReport]
    tables: Tables

    def arrive(self, channel: Channel, octets: bytes = b"hello") -> None:
        self.network.endpoints[list(Channel).index(channel)].on_datagram(octets, ("127.9.9.4", 4500))


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> SilentNetwork:
    silent = SilentNetwork()
    monkeypatch.setattr(sockets, "UdpEndpoint", silent)
    monkeypatch.setattr(sockets, "TrainEndpoint", silent.trains)
    return silent


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> ScriptedUe:
    scripted = ScriptedUe()
    monkeypatch.setattr(shell, "Ue", scripted)
    monkeypatch.setattr(shell, "Trains", OneByOne)
    return scripted


@pytest_asyncio.fixture
async def ground(network: SilentNetwork, machine: ScriptedUe, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ground]:
    monkeypatch.setattr(shell, "_SLACK", 0.2)
    monkeypatch.setattr(shell, "_LEAVE_LIMIT", 0.3)
    steps: list[StepReport] = []
    tables = Tables()
    card = SoftwareUsim(Secret(bytes(16)), Secret(bytes(16)))
    ue = UeShell(SETTINGS, card, on_step=steps.append, tables=tables)  # type: ignore[arg-type]
    async with ue:
        yield Ground(ue, machine, network, steps, tables)
    assert all(endpoint.closed for endpoint in network.endpoints)


@pytest.fixture
def lines() -> Iterator[list[EventDict]]:
    with structlog.testing.capture_logs() as captured:
        yield captured


@pytest.mark.asyncio
async def test_orders_for_the_ike_sa_reach_the_machine_and_are_awaited(ground: Ground) -> None:
    fresh = EspKeysReady(pair(HOME, Mode.TUNNEL, 0x1000)[1].child, HOME)
    ready = IkeKeysReady(bytes(8), bytes(8), SUITE, KEYS)
    ground.machine.script[IkeRequested] = [GatewayAnswered(), fresh, ready, fresh]
    await ground.ue.rekey(ike=True)
    await ground.ue.rekey(ike=False)
    assert await ground.ue.probe() < 1.0
    wishes = [event.wish for event in ground.machine.events if isinstance(event, IkeRequested)]
    assert wishes == [RekeyRequested(), RekeyRequested(EVERY_CHILD), ProbeRequested()]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ([Note("the gateway does not rekey it: TEMPORARY_FAILURE")], "0 s: the gateway does not rekey it: TEMPORARY"),
        ([Detached("waited 21 s in vain")], "waited 21 s in vain"),
        ([], "not replaced within"),
    ],
)
async def test_rekeying_that_does_not_happen_is_told(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, said: list[UeEffect], cause: str
) -> None:
    monkeypatch.setattr(shell, "_IKE_LIMIT", 0.1)
    ground.machine.script[IkeRequested] = said
    with pytest.raises(UeFailed, match=cause):
        await ground.ue.rekey(ike=True)


@pytest.mark.asyncio
async def test_ue_authenticates_anew_or_says_why_not(ground: Ground) -> None:
    attached = Attached(HOME, AGENT)
    for way in (None, True, False):
        ground.machine.script[ReauthenticationRequested] = [Note("EAP"), attached]
        assert await ground.ue.reauthenticate(make_before_break=way) == attached
        assert ground.machine.events[-1] == ReauthenticationRequested(way)
    for effect, cause in (
        (NotReauthenticated("the network said no"), "step 3: the network said no"),
        (AttachFailed(Step.IPSEC_SA, "no tunnel"), "step 5: no tunnel"),
        (Detached("the gateway deleted the IKE SA"), "step 8: the gateway deleted"),
    ):
        ground.machine.script[ReauthenticationRequested] = [effect]
        with pytest.raises(UeFailed, match=cause):
            await ground.ue.reauthenticate()


@pytest.mark.asyncio
async def test_ue_whose_updates_over_ipv6_are_not_answered_moves_to_ipv4(
    network: SilentNetwork, machine: ScriptedUe, monkeypatch: pytest.MonkeyPatch
) -> None:
    six = IPv6Address("2001:db8:b::77")
    monkeypatch.setattr(shell, "is_here", lambda _address: True)
    monkeypatch.setattr(AddressWatch, "open", lambda _changed: SimpleNamespace(close=lambda: None))
    machine.script[IkeRequested] = [Unanswered(six), GatewayAnswered()]
    settings = replace(SETTINGS, mobility=False, ike=Endpoint(six, 4500), further_addresses=(SETTINGS.ike.address,))
    card = SoftwareUsim(Secret(bytes(16)), Secret(bytes(16)))
    async with UeShell(settings, card, on_step=lambda _report: None) as ue:
        assert ue.local.address == six
        await ue.probe()
        await asyncio.sleep(0)
        assert ue.local.address == SETTINGS.ike.address
        assert [event for event in machine.events if isinstance(event, Moved)] == [Moved(ue.local)]
    assert all(endpoint.closed for endpoint in network.endpoints)


@pytest.mark.asyncio
async def test_ue_that_moves_has_another_socket_and_says_which(ground: Ground) -> None:
    (old, *_) = [endpoint for endpoint in ground.network.endpoints if endpoint.local[1] == 4500]
    ground.ue.move(IPv4Address("127.9.9.11"))
    (new,) = [endpoint for endpoint in ground.network.endpoints if endpoint.local == ("127.9.9.11", 4500)]
    assert (old.closed, new.closed) == (True, False)
    (event,) = ground.machine.events
    assert event == Moved(Endpoint(IPv4Address("127.9.9.11"), 4500))


# Sockets


def test_ue_begins_ike_from_the_nat_traversal_port(ground: Ground) -> None:
    # RFC 7296 §2.23
    ports = dict(zip(Channel, (endpoint.local[1] for endpoint in ground.network.endpoints), strict=True))
    assert ports[Channel.IKE] == SETTINGS.gateway_port
    assert len(set(ports.values())) == 3
    assert {endpoint.local[0] for endpoint in ground.network.endpoints} == {str(OWN)}
    assert ground.machine.settings == replace(SETTINGS, ike=Endpoint(OWN, SETTINGS.gateway_port))


async def test_second_ue_of_an_address_takes_any_other_port(network: SilentNetwork, machine: ScriptedUe) -> None:
    network.taken.add((str(OWN), SETTINGS.gateway_port))
    async with UeShell(SETTINGS, SoftwareUsim(Secret(bytes(16)), Secret(bytes(16))), on_step=print):
        assert machine.settings is not None
        assert machine.settings.ike.port > 40000


@pytest.mark.parametrize("channel", Channel)
async def test_shell_knows_on_which_socket_a_datagram_came_and_goes(ground: Ground, channel: Channel) -> None:
    ground.machine.script[DatagramArrived] = [Send(channel, b"answer", Endpoint(IPv4Address("127.9.9.4"), 4500))]
    ground.arrive(channel)
    assert ground.machine.events == [DatagramArrived(channel, b"hello")]
    sent = [endpoint.sent for endpoint in ground.network.endpoints]
    assert sent[list(Channel).index(channel)] == [(b"answer", ("127.9.9.4", 4500))]
    assert sum(map(len, sent)) == 1


async def test_train_goes_by_the_socket_of_ike(ground: Ground) -> None:
    there = Endpoint(IPv4Address("127.9.9.4"), 4500)
    ground.machine.script[DatagramArrived] = [SendTrain((b"one", b"two"), there)]
    ground.arrive(Channel.IKE)
    sent = ground.network.at(SETTINGS.gateway_port).sent
    assert sent == [(b"one", ("127.9.9.4", 4500)), (b"two", ("127.9.9.4", 4500))]


async def test_faults_befall_each_datagram_of_a_train(network: SilentNetwork, machine: ScriptedUe) -> None:
    lost = MessageFault(channel="ike", number=2, do="drop")
    there = Endpoint(IPv4Address("127.9.9.4"), 4500)
    machine.script[DatagramArrived] = [SendTrain((b"one", b"two", b"three"), there)]
    card = SoftwareUsim(Secret(bytes(16)), Secret(bytes(16)))
    async with UeShell(SETTINGS, card, on_step=print, faults=FaultScript(messages=(lost,))):
        ike = network.at(SETTINGS.gateway_port)
        ike.on_datagram(b"hello", ("127.9.9.4", 4500))
        assert [octets for octets, _ in ike.sent] == [b"one", b"three"]


async def test_faults_befall_what_is_sent_and_what_arrives(network: SilentNetwork, machine: ScriptedUe) -> None:
    lost = MessageFault(channel="ike", way="in", number=1, do="drop")
    late = MessageFault(channel="ike", number=1, do="delay", seconds=0.05)
    there = Endpoint(IPv4Address("127.9.9.4"), 4500)
    machine.script[DatagramArrived] = [Send(Channel.IKE, b"answer", there)]
    card = SoftwareUsim(Secret(bytes(16)), Secret(bytes(16)))
    async with UeShell(SETTINGS, card, on_step=print, faults=FaultScript(messages=(lost, late))):
        ike = network.at(SETTINGS.gateway_port)
        ike.on_datagram(b"lost", ("127.9.9.4", 4500))
        assert machine.events == []
        ike.on_datagram(b"hello", ("127.9.9.4", 4500))
        assert machine.events == [DatagramArrived(Channel.IKE, b"hello")]
        assert ike.sent == []
        await asyncio.sleep(0.2)
        assert ike.sent == [(b"answer", ("127.9.9.4", 4500))]


# Attaching


async def test_attach_returns_where_the_ue_is_at_home(ground: Ground) -> None:
    ground.machine.script[AttachRequested] = [ATTACHED]
    assert ground.ue.ended.is_set()
    assert await ground.ue.attach() == ATTACHED
    assert not ground.ue.ended.is_set()
    (event,) = ground.machine.events
    assert isinstance(event, AttachRequested)
    assert event.at.tzinfo is not None


async def test_attach_that_fails_names_step_and_cause_in_one_line(ground: Ground, lines: list[EventDict]) -> None:
    ground.machine.script[AttachRequested] = [AttachFailed(Step.EAP, "wrong K"), Detached("wrong K")]
    with pytest.raises(UeFailed) as caught:
        await ground.ue.attach()
    assert (caught.value.step, caught.value.cause, str(caught.value)) == (Step.EAP, "wrong K", "step 3: wrong K")
    (warning,) = [line for line in lines if line["log_level"] == "warning"]
    assert (warning["event"], warning["step"], warning["cause"]) == ("attach failed", 3, "wrong K")


async def test_attach_that_fails_waits_until_everything_is_given_up(ground: Ground) -> None:
    ground.machine.script[AttachRequested] = [AttachFailed(Step.BINDING_ACK, "no answer")]
    ground.machine.script[DatagramArrived] = [Detached("no answer")]
    task = asyncio.create_task(ground.ue.attach())
    await asyncio.sleep(0.01)
    assert not task.done()
    ground.arrive(Channel.IKE)
    with pytest.raises(UeFailed):
        await task
    assert ground.ue.ended.is_set()


async def test_attach_that_fails_does_not_wait_for_ever(ground: Ground) -> None:
    ground.machine.script[AttachRequested] = [AttachFailed(Step.BINDING_ACK, "no answer")]
    async with asyncio.timeout(5.0):
        with pytest.raises(UeFailed, match="step 7: no answer"):
            await ground.ue.attach()


async def test_attach_of_a_machine_that_says_nothing_is_given_up(ground: Ground) -> None:
    async with asyncio.timeout(5.0):
        with pytest.raises(UeFailed, match="did not come to an end"):
            await ground.ue.attach()


async def test_steps_are_told_as_they_hold_with_their_times(ground: Ground) -> None:
    ground.machine.script[AttachRequested] = [StepTaken(Step.DISCOVERY, {"name": "x"})]
    ground.machine.script[DatagramArrived] = [StepTaken(Step.IKE_SA_INIT, {"proposal": "y"}), ATTACHED]
    task = asyncio.create_task(ground.ue.attach())
    await asyncio.sleep(0.02)
    assert [(report.step, report.evidence) for report in ground.steps] == [(Step.DISCOVERY, {"name": "x"})]
    ground.arrive(Channel.IKE)
    await task
    first, second = ground.steps
    assert (second.step, second.evidence) == (Step.IKE_SA_INIT, {"proposal": "y"})
    assert first.milliseconds >= 0
    assert second.milliseconds >= 19


async def test_step_of_the_caller_is_told_like_any_other(ground: Ground) -> None:
    ground.ue.step_done(Step.TUNNEL, {"pings": "5 of 5"})
    assert [(report.step, report.evidence) for report in ground.steps] == [(Step.TUNNEL, {"pings": "5 of 5"})]


# The tunnel


async def test_ping_returns_what_came_back(ground: Ground) -> None:
    finished = PingFinished(2, 1, (0.001,))
    ground.machine.script[PingRequested] = [EchoTimed(1, 0.001), EchoMissed(2, "no reply"), finished]
    assert await ground.ue.ping(AGENT, 2) == finished
    (event,) = ground.machine.events
    assert isinstance(event, PingRequested)
    assert (event.destination, event.count) == (AGENT, 2)
    assert 0 <= event.identifier <= 0xFFFF


async def test_missed_echo_is_one_line_with_its_cause(ground: Ground, lines: list[EventDict]) -> None:
    ground.machine.script[PingRequested] = [EchoMissed(1, "no reply"), PingFinished(1, 0, ())]
    await ground.ue.ping(AGENT, 1)
    (warning,) = [line for line in lines if line["log_level"] == "warning"]
    assert (warning["event"], warning["cause"]) == ("no echo reply", "no reply")


async def test_ping_ends_when_the_session_does(ground: Ground) -> None:
    ground.machine.script[PingRequested] = [Detached("the gateway stops")]
    with pytest.raises(UeFailed, match="step 8: the gateway stops"):
        await ground.ue.ping(AGENT, 1)


async def test_ping_does_not_wait_for_ever(ground: Ground) -> None:
    async with asyncio.timeout(5.0):
        with pytest.raises(UeFailed, match="step 8: the pings did not end"):
            await ground.ue.ping(AGENT, -5)


# Leaving


async def test_detach_says_how_it_went(ground: Ground) -> None:
    ground.machine.script[AttachRequested] = [ATTACHED]
    ground.machine.script[DetachRequested] = [Detached("detached")]
    await ground.ue.attach()
    assert await ground.ue.detach() == "detached"
    assert ground.ue.ended.is_set()


async def test_detach_of_a_ue_that_is_off_is_over_at_once(ground: Ground) -> None:
    assert await ground.ue.detach() == "the session had ended before"
    assert ground.machine.events == []


async def test_detach_does_not_wait_for_ever(ground: Ground) -> None:
    ground.machine.script[AttachRequested] = [ATTACHED]
    await ground.ue.attach()
    async with asyncio.timeout(5.0):
        assert (await ground.ue.detach()).startswith("the gateway did not answer within")


async def test_end_by_the_gateway_is_seen_without_asking(ground: Ground, lines: list[EventDict]) -> None:
    ground.machine.script[AttachRequested] = [ATTACHED]
    ground.machine.script[DatagramArrived] = [Detached("the gateway deleted the IKE SA")]
    await ground.ue.attach()
    ground.arrive(Channel.IKE)
    assert ground.ue.ended.is_set()
    assert lines[-1]["cause"] == "the gateway deleted the IKE SA"


# A TUN device


@dataclass
class SilentDevice:
    """Stands in for runtime.tun.TunDevice, and for its `open`."""

    refuses: str = ""
    refuses_address: str = ""
    opened: list[str] = field(default_factory=list)
    addresses: list[IPv6Interface] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    on_packets: Callable[[list[bytes]], None] = lambda _packets: None
    on_lost: Callable[[str], None] = lambda _cause: None
    closed: int = 0

    def open(
        self, name: str, on_packets: Callable[[list[bytes]], None], on_lost: Callable[[str], None]
    ) -> "SilentDevice":
        if self.refuses:
            raise ConfigError(self.refuses)
        self.opened.append(name)
        self.on_packets, self.on_lost = on_packets, on_lost
        return self

    def add_address(self, address: IPv6Interface) -> None:
        if self.refuses_address:
            raise ConfigError(self.refuses_address)
        self.addresses.append(address)

    def send_train(self, packets: Sequence[bytes]) -> None:
        self.sent += packets

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> SilentDevice:
    silent = SilentDevice()
    monkeypatch.setattr(shell, "TunDevice", silent)
    return silent


@pytest_asyncio.fixture
async def on_device(network: SilentNetwork, machine: ScriptedUe, device: SilentDevice) -> AsyncIterator[Ground]:
    machine.script[AttachRequested] = [Attached(HOME, AGENT, 64)]
    card = SoftwareUsim(Secret(bytes(16)), Secret(bytes(16)))
    async with UeShell(SETTINGS, card, on_step=lambda _report: None, tun="ak0") as ue:
        yield Ground(ue, machine, network, [], Tables())


async def test_device_has_the_home_address_as_long_as_the_ue_is_attached(
    on_device: Ground, device: SilentDevice
) -> None:
    assert on_device.machine.settings is not None
    assert on_device.machine.settings.device
    assert device.opened == []
    await on_device.ue.attach()
    assert (device.opened, device.addresses, device.closed) == (["ak0"], [IPv6Interface(f"{HOME}/64")], 0)
    on_device.machine.script[DetachRequested] = [Detached("detached")]
    await on_device.ue.detach()
    assert device.closed == 1
    await on_device.ue.attach()
    assert device.opened == ["ak0", "ak0"]


async def test_device_is_made_anew_for_another_home_address_alone(on_device: Ground, device: SilentDevice) -> None:
    await on_device.ue.attach()
    for home_address, opened in ((HOME, 1), (AGENT, 2), (AGENT, 2)):
        on_device.machine.script[ReauthenticationRequested] = [Attached(home_address, AGENT, 64)]
        await on_device.ue.reauthenticate()
        assert (len(device.opened), device.closed) == (opened, opened - 1)
    assert device.addresses == [IPv6Interface(f"{HOME}/64"), IPv6Interface(f"{AGENT}/64")]


async def test_packets_go_between_device_and_machine(on_device: Ground, device: SilentDevice) -> None:
    await on_device.ue.attach()
    device.on_packets([b"from an application", b"from another"])
    assert on_device.machine.events[-1] == PacketsToSend((b"from an application", b"from another"))
    on_device.machine.script[DatagramArrived] = [DeliverPacket(b"one"), DeliverTrain((b"two", b"three"))]
    on_device.arrive(Channel.IKE)
    assert device.sent == [b"one", b"two", b"three"]


async def test_device_that_cannot_be_made_stops_the_attach_before_it_begins(
    on_device: Ground, device: SilentDevice
) -> None:
    device.refuses = "run as root"
    with pytest.raises(ConfigError, match="run as root"):
        await on_device.ue.attach()
    assert on_device.machine.events == []
    assert on_device.ue.ended.is_set()


async def test_device_without_its_address_ends_the_attach(on_device: Ground, device: SilentDevice) -> None:
    device.refuses_address = "IPv6 is switched off"
    on_device.machine.script[DetachRequested] = [Detached("IPv6 is switched off")]
    with pytest.raises(UeFailed, match="step 8: IPv6 is switched off"):
        await on_device.ue.attach()
    assert (on_device.ue.ended.is_set(), device.closed) == (True, 1)


async def test_ue_whose_device_is_taken_away_detaches(on_device: Ground, device: SilentDevice) -> None:
    await on_device.ue.attach()
    on_device.machine.script[DetachRequested] = [Detached("TUN device ak0 is gone")]
    device.on_lost("TUN device ak0 is gone")
    assert on_device.machine.events[-1] == DetachRequested("TUN device ak0 is gone")
    assert on_device.ue.ended.is_set()
    assert on_device.ue.end == "TUN device ak0 is gone"


async def test_device_is_closed_with_the_shell(
    network: SilentNetwork, machine: ScriptedUe, device: SilentDevice
) -> None:
    machine.script[AttachRequested] = [ATTACHED]
    async with UeShell(SETTINGS, SoftwareUsim(Secret(bytes(16)), Secret(bytes(16))), on_step=print, tun="ak0") as ue:
        await ue.attach()
    assert device.closed == 1


async def test_packet_for_a_device_that_is_gone_is_lost(ground: Ground) -> None:
    ground.machine.script[DatagramArrived] = [DeliverPacket(b"for nobody")]
    ground.arrive(Channel.IKE)


# Keys and notes


async def test_keys_go_to_the_tables_of_the_capture_and_nowhere_else(ground: Ground, lines: list[EventDict]) -> None:
    child = pair(HOME, Mode.TUNNEL, 0x1000)[1].child
    ground.machine.script[DatagramArrived] = [
        IkeKeysReady(b"initiato", b"responde", SUITE, KEYS),
        EspKeysReady(child, HOME),
    ]
    ground.arrive(Channel.IKE)
    assert (ground.tables.ike, ground.tables.esp) == ([(b"initiato", b"responde")], [child])
    assert lines == []


async def test_keys_without_a_capture_are_written_nowhere(network: SilentNetwork, machine: ScriptedUe) -> None:
    child = pair(HOME, Mode.TUNNEL, 0x1000)[1].child
    machine.script[DatagramArrived] = [IkeKeysReady(bytes(8), bytes(8), SUITE, KEYS), EspKeysReady(child, HOME)]
    async with UeShell(SETTINGS, SoftwareUsim(Secret(bytes(16)), Secret(bytes(16))), on_step=print):
        network.endpoints[0].on_datagram(b"hello", ("127.9.9.4", 4500))
    assert len(machine.events) == 1


async def test_note_is_for_whoever_debugs(ground: Ground, lines: list[EventDict]) -> None:
    ground.machine.script[DatagramArrived] = [Note("nonsense came")]
    ground.arrive(Channel.DSMIP)
    (line,) = lines
    assert (line["log_level"], line["cause"]) == ("debug", "nonsense came")


async def test_what_broke_its_handler_is_said_in_one_line(ground: Ground, lines: list[EventDict]) -> None:
    ground.machine.script[DatagramArrived] = [Failed(RuntimeError("broken"), "the PDN GW")]
    ground.arrive(Channel.DSMIP)
    (line,) = lines
    assert (line["event"], line["log_level"], line["peer"], line["cause"]) == (
        "datagram handler failed", "error", "the PDN GW", "RuntimeError('broken')"
    )  # fmt: skip
