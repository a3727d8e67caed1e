"""All IKE SAs of the gateway: admission, dispatch, time."""

from dataclasses import replace
from ipaddress import IPv4Address
from random import Random

import pytest

from pdngw_proxy.aaa_link.port import RelayUnavailable
from pdngw_proxy.ike.events import (
    AaaAnswered,
    AskAaa,
    Closed,
    CloseRequested,
    DatagramArrived,
    Discarded,
    IkeKeysReady,
    Tick,
    Transmit,
)
from pdngw_proxy.ike.policy import Admission
from pdngw_proxy.ike.table import ResponderTable, SaEffect, SaEvent, TableEffect
from tests.ike_link import GATEWAY, NOW, UE, ike_link, initiator_policy, responder_policy
from tests.pdngw_proxy.ike.test_opening import GOOD
from ue_sim.ike.events import Connect
from ue_sim.ike.events import DatagramArrived as UeDatagramArrived
from ue_sim.ike_initiator import IkeInitiator
from wire.ikev2.constants import ExchangeType, NotifyType
from wire.ikev2.exchanges import Transmit as BareTransmit
from wire.ikev2.message import Message, Payload
from wire.ikev2.nat import Endpoint
from wire.ikev2.payloads.nonce import Nonce
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.payloads.unknown import UnknownPayload
from wire.ikev2.redirect import GatewayIdentity, redirect


def table(admission: Admission | None = None) -> ResponderTable:
    return ResponderTable(policy=responder_policy(), random=Random(7).randbytes, admission=admission)


def stranger(number: int) -> Endpoint:
    return Endpoint(IPv4Address("127.9.0.0") + number // 1000, 1024 + number % 1000)


def init(number: int, *extra: Payload, source: Endpoint | None = None, **fields: object) -> DatagramArrived:
    """IKE_SA_INIT of a stranger."""
    values: dict[str, object] = {
        "spi_i": (number + 1).to_bytes(8, "big"),
        "spi_r": bytes(8),
        "exchange": ExchangeType.IKE_SA_INIT,
        "initiator": True,
        "response": False,
        "message_id": 0,
        "payloads": (*extra, *GOOD),
    }
    octets = bytes(4) + Message(**(values | fields)).build()  # type: ignore[arg-type]
    return DatagramArrived(octets, source or stranger(number), GATEWAY)


def transmitted(effects: list[TableEffect]) -> list[Message]:
    return [Message.parse(effect.octets[4:]) for effect in effects if isinstance(effect, Transmit)]


def causes(effects: list[TableEffect]) -> list[str]:
    return [effect.cause for effect in effects if isinstance(effect, Discarded)]


def test_two_ues_have_an_sa_each() -> None:
    gateway = table()
    first, second = gateway.handle(init(0), 0.0), gateway.handle(init(1), 0.0)
    assert {effect.sa for effect in (*first, *second) if isinstance(effect, SaEffect)} == {
        message.spi_r for message in (*transmitted(first), *transmitted(second))
    }
    assert (gateway.sessions, gateway.half_open) == (2, 2)


def test_same_spi_from_elsewhere_is_another_ue() -> None:
    gateway = table()
    gateway.handle(init(0), 0.0)
    gateway.handle(init(0, source=stranger(5)), 0.0)
    assert gateway.sessions == 2


def test_same_spi_with_other_octets_is_another_ue() -> None:
    """RFC 7296 §2.1: otherwise a forged IKE_SA_INIT that overtakes the genuine one would keep it out."""
    gateway = table()
    forged, genuine = init(0, Notify(NotifyType.INITIAL_CONTACT), source=UE), init(0, source=UE)
    answers = [transmitted(gateway.handle(arrived, 0.0)) for arrived in (forged, genuine, genuine)]
    assert gateway.sessions == 2
    assert answers[0] != answers[1] == answers[2]


def test_repeated_request_gets_the_same_answer() -> None:
    gateway = table()
    first = transmitted(gateway.handle(init(0), 0.0))
    assert transmitted(gateway.handle(init(0), 0.5)) == first
    assert gateway.sessions == 1


def test_refused_request_leaves_nothing_behind() -> None:
    gateway = table()
    (message,) = transmitted(gateway.handle(init(0, payloads=GOOD[:2]), 0.0))
    assert message.payloads == (Notify(NotifyType.INVALID_SYNTAX),)
    assert (gateway.sessions, gateway.half_open, gateway.deadline) == (0, 0, None)


def test_cookie_is_asked_for_when_many_are_half_open() -> None:
    gateway = table(Admission(cookie_threshold=2))
    for number in range(2):
        gateway.handle(init(number), 0.0)
    (challenge,) = transmitted(gateway.handle(init(2), 0.0))
    cookie = challenge.notify(NotifyType.COOKIE)
    assert cookie is not None
    assert (challenge.spi_r, len(challenge.payloads), gateway.sessions) == (bytes(8), 1, 2)
    assert transmitted(gateway.handle(init(3, cookie), 1.0))[0].notify(NotifyType.COOKIE) is not None
    (accepted,) = transmitted(gateway.handle(init(2, cookie), 1.0))
    assert accepted.spi_r != bytes(8)
    assert gateway.sessions == 3


def test_strangers_are_sent_to_another_gateway_from_so_many_ike_sas_on() -> None:
    """RFC 5685 §3: with the nonce of the request, and to nobody who does not know REDIRECT."""
    elsewhere = GatewayIdentity.of("pgw2.example")
    gateway = table(Admission(redirect_from=1, redirect_to=elsewhere))
    able = Notify(NotifyType.REDIRECT_SUPPORTED)
    (served,) = transmitted(gateway.handle(init(0, able), 0.0))
    assert served.notify(NotifyType.REDIRECT) is None
    (sent,) = transmitted(gateway.handle(init(1, able), 0.0))
    nonce = Message.parse(init(1).octets[4:]).find(Nonce)
    assert nonce is not None
    assert sent.payloads == (redirect(elsewhere, nonce.data),)
    assert (sent.spi_r, gateway.sessions) == (bytes(8), 1)
    (again,) = transmitted(gateway.handle(init(2, Notify(NotifyType.REDIRECTED_FROM, b"x")), 0.0))
    assert again.notify(NotifyType.REDIRECT) is not None
    assert transmitted(gateway.handle(init(3), 0.0))[0].notify(NotifyType.REDIRECT) is None


def test_ue_gets_through_a_gateway_that_asks_for_cookies() -> None:
    link = ike_link(admission=Admission(cookie_threshold=0)).connect().run(2.0)
    assert len(link.ue_children) == 1
    assert Message.parse(link.to_ue[0][4:]).notify(NotifyType.COOKIE) is not None


def test_ike_sas_are_bounded_in_all() -> None:
    gateway = table(Admission(session_limit=3))
    for number in range(6):
        effects = gateway.handle(init(number), 0.0)
        assert causes(effects) == ([] if number < 3 else ["3 IKE SAs are all there may be"])
    assert gateway.sessions == 3


def test_who_can_be_is_sent_elsewhere_by_a_gateway_that_is_full() -> None:
    """REDIRECT leaves nothing behind, and is the more wanted the fuller it is (RFC 5685 §3)."""
    gateway = table(Admission(session_limit=1, redirect_from=1, redirect_to=GatewayIdentity.of("pgw2.example")))
    gateway.handle(init(0), 0.0)
    (sent,) = transmitted(gateway.handle(init(1, Notify(NotifyType.REDIRECT_SUPPORTED)), 0.0))
    assert sent.notify(NotifyType.REDIRECT) is not None
    assert causes(gateway.handle(init(2), 0.0)) == ["1 IKE SAs are all there may be"]
    assert gateway.sessions == 1


@pytest.mark.parametrize(
    ("admission", "one_address", "said"),
    [
        (Admission(half_open_limit=3), False, "3 IKE SAs are half-open, and this was one of the oldest"),
        (Admission(source_limit=3), True, "3 IKE SAs of 127.1.1.10 are half-open, and this was one of the oldest"),
    ],
)
def test_oldest_half_open_ike_sa_gives_way(admission: Admission, *, one_address: bool, said: str) -> None:
    """Whoever fills a limit with IKE_SA_INIT keeps nobody else out."""
    gateway = table(admission)
    names = []
    for number in range(6):
        source = replace(UE, port=2000 + number) if one_address else stranger(number * 1000)
        effects = gateway.handle(init(number, source=source), 0.0)
        names.append(transmitted(effects)[-1].spi_r)
        closed = [effect for effect in effects if isinstance(effect, SaEffect) and isinstance(effect.effect, Closed)]
        assert closed == ([] if number < 3 else [SaEffect(names[number - 3], Closed(said))])
    assert (gateway.sessions, gateway.half_open) == (3, 3)


def test_refused_ue_that_lingers_gives_way_without_a_word() -> None:
    link = ike_link(admission=Admission(half_open_limit=1))
    link.aaa = lambda _: RelayUnavailable("down")
    link.connect().run(5.0)
    effects = link.table.handle(init(0), 5.0)
    assert not [effect for effect in effects if isinstance(effect, SaEffect) and isinstance(effect.effect, Closed)]
    assert (link.table.sessions, link.table.half_open) == (1, 1)


def test_ue_attaches_while_two_addresses_flood() -> None:
    """2,000 IKE_SA_INIT with genuine cookies from two addresses, and one UE that is in the middle of it."""
    link = ike_link(admission=Admission(half_open_limit=20, source_limit=15, cookie_threshold=5)).connect()
    for number in range(2000):
        link.run(link.now + 0.0005)
        source = Endpoint(IPv4Address("127.9.0.0") + number % 2, 1024 + number)
        (asked,) = transmitted(link.table.handle(init(number, source=source), link.now))
        cookie = asked.notify(NotifyType.COOKIE)
        link.table.handle(init(number, *([cookie] if cookie else []), source=source), link.now)
    assert len(link.ue_children) == 1
    assert link.now < 2.0
    assert link.table.half_open == 20


def test_strangers_are_forgotten_in_time() -> None:
    gateway = table(Admission(half_open_limit=10, cookie_threshold=99))
    for number in range(10):
        gateway.handle(init(number), float(number))
    seen = []
    for now in (59.0, 64.5, 70.0):
        gateway.handle(Tick(), now)
        seen.append((gateway.sessions, gateway.half_open, gateway.deadline))
    assert seen == [(10, 10, 60.0), (5, 5, 65.0), (0, 0, None)]
    assert gateway._half_open.of(stranger(0).address) == 0
    assert gateway._by_request == {}


def test_flood_of_strangers_costs_bounded_memory() -> None:
    gateway = table(Admission(half_open_limit=20, cookie_threshold=10))
    for number in range(500):
        gateway.handle(init(number), number / 1000)
    assert gateway.sessions == 10
    assert len(gateway._due) <= 10


def test_ue_that_talks_and_talks_costs_bounded_memory() -> None:
    link = ike_link().connect().run(1.0)
    for number in range(500):
        link.now += 0.01
        link.ue_says(ExchangeType.INFORMATIONAL, message_id=4 + number)
    assert link.table.sessions == 1
    assert len(link.table._due) <= 2 + 64
    assert link.table.deadline is not None
    assert link.table.deadline > link.now + 50.0


def test_established_ue_is_no_stranger() -> None:
    link = ike_link().connect().run(1.0)
    assert (link.table.sessions, link.table.half_open) == (1, 0)


def test_refused_ue_counts_as_stranger_while_it_lingers() -> None:
    link = ike_link()
    link.aaa = lambda _: RelayUnavailable("down")
    link.connect().run(5.0)
    assert (link.table.sessions, link.table.half_open) == (1, 1)
    link.run(60.0)
    assert (link.table.sessions, link.table.half_open) == (0, 0)


def test_event_for_an_sa_that_is_gone_has_no_effect() -> None:
    assert table().handle(SaEvent(b"gone" * 2, CloseRequested("x")), 0.0) == []


@pytest.mark.parametrize(
    ("arrived", "cause"),
    [
        (DatagramArrived(b"", UE, GATEWAY), "not an IKE message"),
        (DatagramArrived(b"GET / HTTP/1.1\r\n\r\n", UE, GATEWAY), "not an IKE message"),
        (init(0, spi_r=b"\2" * 8), "no IKE SA has this SPI"),
        (init(0, exchange=35), "begins no IKE SA"),
        (init(0, exchange=37), "begins no IKE SA"),
    ],
)
def test_noise_is_met_with_silence(arrived: DatagramArrived, cause: str) -> None:
    (discarded,) = table().handle(arrived, 0.0)
    assert isinstance(discarded, Discarded)
    assert cause in discarded.cause


def test_who_asks_on_an_ike_sa_that_is_not_there_is_told_so_ten_times_a_second() -> None:
    """RFC 7296 §1.5, §2.21.4: SPIs, exchange and message ID come back in the clear; an answer is met with silence."""
    gateway = table()
    asked = init(0, spi_r=b"\2" * 8, exchange=37, message_id=5)
    (told,) = transmitted(gateway.handle(asked, 0.0))
    assert told.payloads == (Notify(NotifyType.INVALID_IKE_SPI),)
    assert (told.spi_i, told.spi_r, told.exchange, told.message_id) == (bytes(7) + b"\1", b"\2" * 8, 37, 5)
    assert (told.response, told.initiator) == (True, False)
    assert sum(len(transmitted(gateway.handle(asked, 0.5))) for _ in range(50)) == 9
    assert len(transmitted(gateway.handle(asked, 2.0))) == 1
    assert transmitted(gateway.handle(init(0, spi_r=b"\2" * 8, exchange=37, response=True), 3.0)) == []


def test_later_major_version_is_told_ours() -> None:
    """RFC 7296 §2.5: INVALID_MAJOR_VERSION, in a message of our own version."""
    octets = bytearray(init(0).octets)
    octets[4 + 17] = 0x30
    effects = table().handle(DatagramArrived(bytes(octets), UE, GATEWAY), 0.0)
    assert transmitted(effects)[0].payloads == (Notify(NotifyType.INVALID_MAJOR_VERSION),)
    octets[4 + 17] = 0x10
    (silence,) = table().handle(DatagramArrived(bytes(octets), UE, GATEWAY), 0.0)
    assert isinstance(silence, Discarded)


def test_unknown_critical_payload_is_told_by_its_type() -> None:
    octets = bytearray(init(0, UnknownPayload(222, b"")).octets)
    octets[4 + 28 + 1] |= 0x80
    effects = table().handle(DatagramArrived(bytes(octets), UE, GATEWAY), 0.0)
    assert transmitted(effects)[0].payloads == (Notify(NotifyType.UNSUPPORTED_CRITICAL_PAYLOAD, b"\xde"),)


def test_many_ues_at_once_keep_their_answers_apart() -> None:
    gateway = table()
    ues = [IkeInitiator(policy=initiator_policy(), random=Random(n).randbytes) for n in range(20)]
    asks: dict[bytes, int] = {}
    for number, ue in enumerate(ues):
        (first,) = ue.handle(Connect(stranger(number), GATEWAY, NOW), 0.0)
        assert isinstance(first, BareTransmit)
        effects = gateway.handle(DatagramArrived(first.octets, stranger(number), GATEWAY), 0.0)
        (answer,) = [effect.octets for effect in effects if isinstance(effect, Transmit)]
        (second,) = [e for e in ue.handle(UeDatagramArrived(answer), 0.0) if isinstance(e, BareTransmit)]
        for effect in gateway.handle(DatagramArrived(second.octets, stranger(number), GATEWAY), 0.0):
            if isinstance(effect, SaEffect) and isinstance(effect.effect, AskAaa):
                asks[effect.sa] = number
    assert sorted(asks.values()) == list(range(20))
    for sa, number in asks.items():
        effects = gateway.handle(SaEvent(sa, AaaAnswered(RelayUnavailable("down"))), 0.1)
        (sent,) = [effect for effect in effects if isinstance(effect, Transmit)]
        assert sent.to == stranger(number)


def test_keys_are_told_with_their_sa() -> None:
    ready, _ = table().handle(init(0), 0.0)
    assert isinstance(ready, SaEffect)
    assert isinstance(ready.effect, IkeKeysReady)
    assert ready.sa == ready.effect.spi_r
