"""The gateway's shell: what the machine wants is done, and everything has a limit."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from pathlib import Path
from types import SimpleNamespace

import pytest
import structlog.testing

from pdngw_proxy import server
from pdngw_proxy.aaa_link.port import RelayAnswer, RelayReject, RelayRequest, RelayUnavailable, SessionKeeper
from pdngw_proxy.aaa_link.records import EndedBy, Moment, SessionRecord, Usage
from pdngw_proxy.config import PdnGwConfig
from pdngw_proxy.control import Load
from pdngw_proxy.gateway_events import (
    AaaAnswered,
    Account,
    AskAaa,
    Channel,
    DatagramArrived,
    DeliverHome,
    DeliverTrain,
    DrainRequested,
    EndAaaSession,
    GatewayEffect,
    GatewayEvent,
    HomeTrainArrived,
    Level,
    LiveDrainCancelled,
    LiveDrainRequested,
    ReauthenticationWanted,
    Report,
    Send,
    SendTrain,
    SessionAborted,
    SessionLimited,
    TrainArrived,
    UsageWanted,
)
from pdngw_proxy.home_link import AddressWanted, Intercept, LetGo, LinkPacketArrived, ListenFor, SendOnLink
from pdngw_proxy.ike.policy import Admission
from pdngw_proxy.metrics import MOBILITY
from pdngw_proxy.mobility import Clause, Dropped, HomeAgentPolicy
from pdngw_proxy.reports import of_mobility
from pdngw_proxy.server import GatewayShell
from pdngw_proxy.sessions import GatewaySession, SessionBook
from pdngw_proxy.settings import GatewaySettings
from runtime.capture import NullCapture
from runtime.config import ConfigError
from runtime.udp_place import place_of
from tests.network import responder_policy
from tests.silent_network import SilentNetwork
from wire.ikev2.nat import Endpoint
from wire.ikev2.redirect import GatewayIdentity
from wire.sansio import Failed

ADDRESS = IPv4Address("127.9.9.4")
HA_ADDRESS = IPv6Address("2001:db8:7::1")
CONFIG = PdnGwConfig(
    address=ADDRESS,
    id="pgw",
    certificate=Path("unread"),
    key=Path("unread"),
    ha_address=HA_ADDRESS,
    home_prefix=IPv6Network("2001:db8:7::/64"),
)
IKE, NATT, DSMIP = (Endpoint(ADDRESS, port) for port in (5500, 4500, 4191))
UE = Endpoint(IPv4Address("127.9.9.10"), 4500)
REQUEST = RelayRequest(session="one", eap=b"eap", identity="somebody", apn=None)
ASK = AskAaa(b"12345678", REQUEST)
END = EndAaaSession("one", "user", EndedBy.UE)


@dataclass
class ScriptedGateway:
    """A machine that answers each kind of event with what a test wrote down."""

    script: dict[type, Sequence[GatewayEffect]] = field(default_factory=dict)
    events: list[GatewayEvent] = field(default_factory=list)
    sessions: list[str] = field(default_factory=list)
    ends_by: type = DrainRequested
    deadline: float | None = None
    draining: SimpleNamespace = field(default_factory=SimpleNamespace)

    def handle(self, event: GatewayEvent, _now: float) -> list[GatewayEffect]:
        self.events.append(event)
        if isinstance(event, self.ends_by):
            self.sessions.clear()
        return list(self.script.get(type(event), ()))


@dataclass
class ScriptedLink:
    """An AAA server that gives one answer, or raises it; `held` makes it wait, `one_by_one` takes its time."""

    answer: RelayAnswer | Exception = field(default_factory=lambda: RelayReject(b"", "no"))
    asked: list[RelayRequest] = field(default_factory=list)
    ended: list[tuple[str, str | None]] = field(default_factory=list)
    records: list[SessionRecord] = field(default_factory=list)
    begun: int = 0
    over: int = 0
    hurried: bool = False
    thrice: asyncio.Event = field(default_factory=asyncio.Event)
    held: asyncio.Event | None = None
    one_by_one: asyncio.Lock | None = None
    keeper: SessionKeeper | None = None

    async def authenticate(self, request: RelayRequest) -> RelayAnswer:
        self.asked.append(request)
        if self.held is not None:
            await self.held.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def called(self, session: str) -> str:
        return f"pgw.example;{session}"

    async def end_session(self, session: str, user_name: str | None, ended_by: EndedBy | None) -> None:
        assert ended_by is END.ended_by
        if self.held is not None:
            await self.held.wait()
        if self.one_by_one is not None:
            async with self.one_by_one:
                await asyncio.sleep(0.01)
        self.ended.append((session, user_name))

    async def begin(self) -> None:
        self.begun += 1

    def hurry(self) -> None:
        self.hurried = True

    async def end(self) -> None:
        self.over += 1

    async def account(self, record: SessionRecord) -> None:
        self.records.append(record)
        if len(self.records) >= 3:
            self.thrice.set()

    def obey(self, keeper: SessionKeeper) -> None:
        self.keeper = keeper

    async def close(self) -> None:
        """Nothing is open."""


@dataclass
class Ground:
    """A shell around a scripted machine."""

    shell: GatewayShell
    machine: ScriptedGateway
    link: ScriptedLink
    network: SilentNetwork

    def arrive(self, octets: bytes, to: Endpoint, source: Endpoint = UE) -> None:
        self.network.at(to.port).on_datagram(octets, (str(source.address), source.port))


SETTINGS = GatewaySettings(
    responder=responder_policy(),
    admission=Admission(),
    agent=HomeAgentPolicy(ha_address=HA_ADDRESS, home_prefix=CONFIG.home_prefix),
    dsmip=DSMIP,
)


@pytest.fixture
async def ground(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ground]:
    network, machine, link = SilentNetwork(), ScriptedGateway(), ScriptedLink()
    monkeypatch.setattr(server, "UdpEndpoint", network)
    monkeypatch.setattr(server, "TrainEndpoint", network.trains)
    monkeypatch.setattr(server, "Gateway", lambda **_settings: machine)
    monkeypatch.setattr(server, "_DRAIN_LIMIT", 0.05)
    monkeypatch.setattr(server, "_FAREWELL_LIMIT", 0.05)
    monkeypatch.setattr(server, "_REDIRECT_LIMIT", 0.05)
    shell = GatewayShell(SETTINGS, link, capture=NullCapture())
    shell.open(CONFIG)
    yield Ground(shell, machine, link, network)
    shell.close()


@pytest.fixture
def lines() -> Iterator[list[structlog.typing.EventDict]]:
    with structlog.testing.capture_logs() as captured:
        yield captured


async def settle() -> None:
    """Let every task that can run do so."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_shell_says_on_which_port_a_datagram_came(ground: Ground) -> None:
    for to in (IKE, NATT, DSMIP):
        ground.arrive(b"hello", to)
    assert ground.machine.events == [
        TrainArrived([b"hello"], UE, IKE),
        TrainArrived([b"hello"], UE, NATT),
        DatagramArrived(Channel.DSMIP, b"hello", UE, DSMIP),
    ]


@pytest.mark.parametrize("source", [IKE, NATT, DSMIP])
async def test_shell_sends_from_the_port_that_the_machine_names(ground: Ground, source: Endpoint) -> None:
    ground.machine.script[TrainArrived] = [Send(Channel.IKE, b"answer", source, UE)]
    ground.arrive(b"hello", NATT)
    assert ground.network.at(source.port).sent == [(b"answer", ("127.9.9.10", 4500))]


@pytest.mark.parametrize("source", [IKE, NATT])
async def test_shell_sends_a_train_from_the_port_that_the_machine_names(ground: Ground, source: Endpoint) -> None:
    ground.machine.script[TrainArrived] = [SendTrain((b"one", b"two"), source, UE)]
    ground.arrive(b"hello", NATT)
    peer = ("127.9.9.10", 4500)
    assert ground.network.at(source.port).sent == [(b"one", peer), (b"two", peer)]


async def test_shell_at_every_address_says_and_uses_the_one_that_was_asked(ground: Ground) -> None:
    ground.network.endpoints.clear()
    shell = GatewayShell(SETTINGS, ScriptedLink(), capture=NullCapture())
    shell.open(CONFIG.model_copy(update={"address": IPv4Address("0.0.0.0")}))
    asked = IPv4Address("127.9.9.44")
    for port, event in ((4500, TrainArrived), (4191, DatagramArrived)):
        own = Endpoint(asked, port)
        ground.machine.script[event] = [Send(Channel.IKE, b"answer", own, UE)]
        ground.network.at(port).place = place_of(asked)
        ground.arrive(b"hello", own)
        arrived = ground.machine.events.pop()
        assert isinstance(arrived, TrainArrived | DatagramArrived)
        assert arrived.destination == own
        assert ground.network.at(port).places == [place_of(asked)]
    ground.machine.script[TrainArrived] = [SendTrain((b"one", b"two"), Endpoint(asked, 4500), UE)]
    ground.arrive(b"hello", NATT)
    assert ground.network.at(4500).places[1:] == [place_of(asked)] * 2
    shell.close()


async def test_shell_gives_every_port_back_when_one_is_taken(ground: Ground) -> None:
    ground.network.taken.add((str(ADDRESS), 4191))
    with pytest.raises(OSError, match="already in use"):
        ground.shell.open(CONFIG)
    ground.shell.close()
    assert [endpoint.closed for endpoint in ground.network.endpoints[-2:]] == [True, True]


async def test_shell_lets_the_aaa_server_end_a_session_that_it_has_or_is_about_to_accept(
    monkeypatch: pytest.MonkeyPatch, ground: Ground
) -> None:
    book = SessionBook()
    monkeypatch.setattr(ground.machine, "sessions", book)
    session = GatewaySession(b"12345678", "one", local=NATT, peer=UE)
    book.open(session)
    keeper = ground.link.keeper
    assert keeper is ground.shell
    assert (keeper.abort("two", "why"), ground.machine.events) == (False, [])
    for accepted in (False, True):
        session.accepted = accepted
        assert keeper.abort("one", "why") is accepted
        assert ground.machine.events.pop() == SessionAborted("one", "why")


async def test_shell_lets_the_aaa_server_change_an_accepted_session_and_no_other(
    monkeypatch: pytest.MonkeyPatch, ground: Ground
) -> None:
    book = SessionBook()
    monkeypatch.setattr(ground.machine, "sessions", book)
    session = GatewaySession(b"12345678", "one", local=NATT, peer=UE)
    book.open(session)
    keeper = ground.shell
    assert (keeper.limit("one", 60), keeper.reauthenticate("one"), ground.machine.events) == (False, False, [])
    session.accepted = True
    assert keeper.limit("one", 60)
    assert keeper.reauthenticate("one")
    assert ground.machine.events == [SessionLimited("one", 60), ReauthenticationWanted("one")]


# The home network's device


@dataclass
class SilentDevice:
    """Stands in for runtime.tun.TunDevice, and for its `open`."""

    refuses: str = ""
    name: str = ""
    routes: list[IPv6Network] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    closed: bool = False
    on_packets: Callable[[list[bytes]], None] = lambda _packets: None
    on_lost: Callable[[str], None] = lambda _cause: None

    def open(
        self, name: str, on_packets: Callable[[list[bytes]], None], on_lost: Callable[[str], None]
    ) -> "SilentDevice":
        if self.refuses:
            raise ConfigError(self.refuses)
        self.name, self.on_packets, self.on_lost = name, on_packets, on_lost
        return self

    def add_route(self, network: IPv6Network) -> None:
        self.routes.append(network)

    def send_train(self, packets: Sequence[bytes]) -> None:
        self.sent += packets

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> SilentDevice:
    silent = SilentDevice()
    monkeypatch.setattr(server, "TunDevice", silent)
    return silent


WITH_DEVICE = CONFIG.model_copy(update={"tun": "home0", "ike_port": 5501, "natt_port": 4501, "dsmip_port": 4192})


async def test_home_prefix_leads_to_the_device(ground: Ground, device: SilentDevice) -> None:
    assert device.name == ""
    ground.shell.open(WITH_DEVICE)
    assert (device.name, device.routes) == ("home0", [CONFIG.home_prefix])
    ground.shell.close()
    assert device.closed


async def test_packets_go_between_device_and_machine(ground: Ground, device: SilentDevice) -> None:
    ground.shell.open(WITH_DEVICE)
    ground.machine.script[HomeTrainArrived] = [DeliverHome(b"one"), DeliverTrain((b"two", b"three"))]
    device.on_packets([b"packet", b"other"])
    assert ground.machine.events == [HomeTrainArrived([b"packet", b"other"])]
    assert device.sent == [b"one", b"two", b"three"]


async def test_packet_without_a_device_is_lost(ground: Ground) -> None:
    ground.machine.script[TrainArrived] = [DeliverHome(b"for nobody")]
    ground.arrive(b"hello", NATT)


async def test_device_that_cannot_be_made_stops_the_start(ground: Ground, device: SilentDevice) -> None:
    device.refuses = "run as root"
    with pytest.raises(ConfigError, match="run as root"):
        ground.shell.open(WITH_DEVICE)
    ground.shell.close()
    assert all(endpoint.closed for endpoint in ground.network.endpoints)


async def test_lost_device_is_one_line(
    ground: Ground, device: SilentDevice, lines: list[structlog.typing.EventDict]
) -> None:
    ground.shell.open(WITH_DEVICE)
    device.on_lost("TUN device home0 is gone: deleted")
    (line,) = lines
    assert (line["log_level"], line["event"]) == ("error", "home network lost")
    assert line["cause"] == "TUN device home0 is gone: deleted; start the gateway anew"


@dataclass
class SilentLink:
    """Stands in for NeighborLink and Interception at once, and for their `open`; `done` is what they were told."""

    done: list[str] = field(default_factory=list)
    on_packet: Callable[[bytes], None] = lambda _octets: None

    def open(self, name: str, *rest: object) -> "SilentLink":
        self.done.append(f"open {name}")
        for one in rest:
            if callable(one):
                self.on_packet = one
        return self

    def send(self, octets: bytes) -> None:
        self.done.append(f"send {octets.decode()}")

    def listen(self, address: IPv6Address) -> None:
        self.done.append(f"listen {address}")

    def forget(self, address: IPv6Address) -> None:
        self.done.append(f"forget {address}")

    def begin(self, address: IPv6Address, *, is_own: bool = False) -> None:
        self.done.append(f"begin {address}" + " of our own" * is_own)

    def end(self, address: IPv6Address) -> None:
        self.done.append(f"end {address}")

    def close(self) -> None:
        self.done.append("close")


async def test_home_link_is_opened_for_the_own_addresses_first(
    ground: Ground, device: SilentDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = SilentLink()
    monkeypatch.setattr(server, "NeighborLink", silent)
    monkeypatch.setattr(server, "Interception", silent)
    ground.shell.open(WITH_DEVICE.model_copy(update={"home_link": "eth1"}))
    assert silent.done == ["open eth1", "open eth1", "begin 2001:db8:7:0:fdff:ffff:ffff:fffe"]
    assert ground.machine.events == [AddressWanted(HA_ADDRESS, is_own=True)]
    assert device.routes == [], "the home prefix is on the link"
    silent.done.clear()
    effects: list[GatewayEffect] = [
        ListenFor(HA_ADDRESS),
        SendOnLink(b"octets"),
        Intercept(HA_ADDRESS, is_own=True),
        LetGo(HA_ADDRESS),
    ]
    ground.machine.script[LinkPacketArrived] = effects
    silent.on_packet(b"heard")
    assert ground.machine.events[1:] == [LinkPacketArrived(b"heard")]
    ground.shell.close()
    assert silent.done == [
        f"listen {HA_ADDRESS}",
        "send octets",
        f"begin {HA_ADDRESS} of our own",
        f"forget {HA_ADDRESS}",
        f"end {HA_ADDRESS}",
        f"forget {HA_ADDRESS}",
        "close",
        "close",
    ]


async def test_what_a_machine_wants_of_a_link_that_is_not_there_is_lost(ground: Ground) -> None:
    ground.machine.script[TrainArrived] = [SendOnLink(b"octets")]
    ground.arrive(b"hello", NATT)


# AAA rounds


async def test_shell_carries_the_answer_of_the_aaa_server_to_the_machine(ground: Ground) -> None:
    ground.machine.script[TrainArrived] = [ASK]
    ground.arrive(b"hello", NATT)
    await settle()
    assert ground.link.asked == [REQUEST]
    assert ground.machine.events[1:] == [AaaAnswered(b"12345678", RelayReject(b"", "no"))]


async def test_broken_link_is_an_answer_too_and_one_line(
    ground: Ground, lines: list[structlog.typing.EventDict]
) -> None:
    ground.link.answer = RuntimeError("broken")
    ground.machine.script[TrainArrived] = [ASK]
    ground.arrive(b"hello", NATT)
    await settle()
    assert ground.machine.events[1:] == [AaaAnswered(b"12345678", RelayUnavailable("the AAA link failed"))]
    (line,) = lines
    assert (line["log_level"], line["event"], line["cause"]) == ("error", "AAA link failed", "RuntimeError('broken')")


async def test_shell_tells_the_aaa_server_that_a_session_is_over(ground: Ground) -> None:
    ground.machine.script[TrainArrived] = [END]
    ground.arrive(b"hello", NATT)
    await settle()
    assert ground.link.ended == [("one", "user")]


RECORD = SessionRecord("one", Moment.STOP, "somebody", "user", None, None, UE.address, 60, Usage(1, 2, 3, 4))


async def test_shell_tells_once_that_it_has_begun(ground: Ground) -> None:
    await settle()
    assert ground.link.begun == 1


async def test_shell_tells_what_sessions_have_come_to(ground: Ground) -> None:
    ground.machine.script[TrainArrived] = [Account(RECORD)]
    ground.arrive(b"hello", NATT)
    await settle()
    assert ground.link.records == [RECORD]


async def test_shell_asks_for_usage_again_and_again(ground: Ground) -> None:
    ground.machine.script[UsageWanted] = [Account(RECORD)]
    ground.shell.begin_accounting(0.001)
    await ground.link.thrice.wait()
    ground.shell.close()


async def test_task_that_fails_is_logged(
    ground: Ground, lines: list[structlog.typing.EventDict], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_session: str, _user_name: str | None, _ended_by: EndedBy | None) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(ground.link, "end_session", broken)
    ground.machine.script[TrainArrived] = [END]
    ground.arrive(b"hello", NATT)
    await settle()
    (line,) = lines
    assert (line["log_level"], line["cause"]) == ("error", "RuntimeError('broken')")


# The log


async def test_report_becomes_one_line_with_its_details(
    ground: Ground, lines: list[structlog.typing.EventDict]
) -> None:
    ground.machine.script[TrainArrived] = [Report(Level.WARNING, "UE refused", {"cause": "no reason"})]
    ground.arrive(b"hello", NATT)
    assert lines == [
        {"event": "UE refused", "log_level": "warning", "cause": "no reason", "logger_name": "pdngw"},
    ]


async def test_rejected_messages_of_mobile_ipv6_are_counted_by_their_clause(ground: Ground) -> None:
    clause = Clause.FOREIGN_HOME_ADDRESS
    before = MOBILITY.value(clause.value)
    ground.machine.script[DatagramArrived] = [of_mobility(Dropped(clause, "not yours"))]
    for _ in range(50):
        ground.arrive(b"hello", DSMIP)
    assert MOBILITY.value(clause.value) - before == 50


async def test_users_are_not_limited_in_their_lines(ground: Ground, lines: list[structlog.typing.EventDict]) -> None:
    ground.machine.script[TrainArrived] = [Report(Level.INFO, "UE authenticated")]
    for _ in range(50):
        ground.arrive(b"hello", NATT)
    assert len(lines) == 50


async def test_strangers_are_limited_in_their_lines_and_the_rest_is_counted(
    ground: Ground, lines: list[structlog.typing.EventDict], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(ground.shell, "_clock", lambda: now)
    stranger = Report(Level.WARNING, "datagram dropped", {"cause": "nonsense", "source": str(UE)}, by_stranger=True)
    ground.machine.script[TrainArrived] = [stranger]
    for _ in range(500):
        ground.arrive(b"hello", NATT)
    assert len(lines) == 10
    now = 1002.0
    ground.arrive(b"hello", NATT)
    assert len(lines) == 11
    assert lines[-1]["withheld"] == 490


# Stopping


async def test_drain_waits_for_the_last_session_and_its_farewell(ground: Ground) -> None:
    ground.machine.sessions.append("one")
    ground.machine.script[DrainRequested] = [END, Report(Level.INFO, "session ended")]
    await ground.shell.drain()
    assert ground.machine.events == [
        DrainRequested("the gateway stops"),
        DrainRequested("the gateway stops", at_once=True),
    ]
    assert ("one", "user") in ground.link.ended
    assert (ground.link.hurried, ground.link.over) == (True, 1)


async def test_drain_sends_ues_to_another_gateway_first(ground: Ground) -> None:
    """RFC 5685 §5: those that have not left by then are deleted."""
    elsewhere = GatewayIdentity.of("192.0.2.5")
    shell = GatewayShell(replace(SETTINGS, drain_to=elsewhere), ground.link, capture=NullCapture())
    ground.machine.sessions.append("one")
    await shell.drain()
    first, *others = ground.machine.events
    assert first == DrainRequested("the gateway stops, and sends UEs to 192.0.2.5", to=elsewhere, seconds=0.05)
    assert others == [DrainRequested("the gateway stops"), DrainRequested("the gateway stops", at_once=True)]
    shell.close()


async def test_drain_without_sessions_is_over_at_once(ground: Ground) -> None:
    async with asyncio.timeout(0.04):
        await ground.shell.drain()


async def test_drain_does_not_wait_for_ever_for_a_ue_or_an_aaa_server(ground: Ground) -> None:
    ground.link.held = asyncio.Event()
    ground.machine.sessions.append("one")
    ground.machine.ends_by = AaaAnswered
    ground.machine.script[DrainRequested] = [END]
    async with asyncio.timeout(5.0):
        await ground.shell.drain()
    ground.shell.close()
    await settle()
    assert ground.link.ended == []
    assert ground.link.over == 0, "of some sessions it has not been told"


async def test_drain_goes_on_while_the_aaa_server_takes_what_it_is_told(ground: Ground) -> None:
    """Of as many sessions as it takes longer to tell of than the AAA server has to show that it is there."""
    ground.link.one_by_one = asyncio.Lock()
    ground.machine.script[DrainRequested] = [END] * 15
    await ground.shell.drain()
    ground.shell.close()
    await settle()
    assert len(ground.link.ended) == 30


async def test_closed_shell_hears_and_does_nothing_more(ground: Ground) -> None:
    ground.link.held = asyncio.Event()
    ground.machine.script[TrainArrived] = [ASK]
    ground.arrive(b"hello", NATT)
    await settle()
    ground.shell.close()
    await settle()
    assert all(endpoint.closed for endpoint in ground.network.endpoints)
    ground.arrive(b"hello", NATT)
    assert len(ground.machine.events) == 1


async def test_what_broke_its_handler_is_said_in_one_line(
    ground: Ground, lines: list[structlog.typing.EventDict]
) -> None:
    answer = Send(Channel.IKE, b"answer", NATT, UE)
    ground.machine.script[TrainArrived] = [Failed(RuntimeError("broken"), str(UE)), answer]
    ground.arrive(b"hello", NATT)
    (line,) = lines
    assert (line["event"], line["log_level"], line["peer"], line["cause"]) == (
        "datagram handler failed", "error", "127.9.9.10:4500", "RuntimeError('broken')"
    )  # fmt: skip
    assert len(ground.network.at(NATT.port).sent) == 1


async def test_operator_sends_ues_away_and_calls_it_off(
    ground: Ground, lines: list[structlog.typing.EventDict]
) -> None:
    elsewhere = GatewayIdentity.of("pgw2.example")
    ground.machine.draining = SimpleNamespace(order=None, redirected=2, unable=1)
    ground.machine.sessions += ["one", "two"]
    assert ground.shell.load == Load(sessions=2)
    ground.shell.begin_drain(elsewhere, 5.0)
    order = LiveDrainRequested(elsewhere, 5.0, 30.0)
    assert ground.machine.events == [order]
    ground.machine.draining.order = order
    assert ground.shell.load == Load(sessions=2, to="pgw2.example", redirected=2, unable=1)
    ground.shell.cancel_drain()
    assert ground.machine.events[1:] == [LiveDrainCancelled()]
    assert [line["event"] for line in lines] == ["drain begins", "drain is over"]


async def test_operator_is_told_of_sessions_by_the_names_that_others_know(ground: Ground) -> None:
    begun = [GatewaySession(b"sa", name, NATT, UE, identity=name, began=1.0) for name in ("one", "two", "three")]
    begun.insert(1, GatewaySession(b"sa", "attaching", NATT, UE))
    begun[0].traffic.came(100)
    book = SimpleNamespace(all=lambda: begun)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ground.machine, "sessions", book)
        records = ground.shell.records(2)
    assert [record.session for record in records] == ["pgw.example;one", "pgw.example;two"]
    assert (records[0].usage.octets_in, records[0].care_of, records[0].identity) == (100, UE.address, "one")
