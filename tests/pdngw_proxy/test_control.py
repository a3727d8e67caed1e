"""What an operator asks of a PDN GW: lines and their answers."""

from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv6Address

import pytest

from pdngw_proxy.aaa_link.records import Moment, SessionRecord, Usage
from pdngw_proxy.control import Drain, Load, Operator, Sessions, Status, Undrain, Wish
from runtime.control_socket import Answer, WishRefused, encode
from wire.ikev2.redirect import GatewayIdentity

RECORD = SessionRecord(
    session="pgw.example;1;2",
    moment=Moment.INTERIM,
    identity="0001010000000001@nai",
    user_name=None,
    apn=None,
    home_address=IPv6Address("2001:db8::100"),
    care_of=IPv4Address("192.0.2.10"),
    seconds=65,
    usage=Usage(octets_in=1, octets_out=2, packets_in=3, packets_out=4),
)


@dataclass
class Gateway:
    """One that does as it is told."""

    drain_to: GatewayIdentity | None = None
    load: Load = field(default_factory=lambda: Load(sessions=3))
    per_second: float = 0.0

    def records(self, limit: int) -> list[SessionRecord]:
        return [RECORD][:limit]

    def begin_drain(self, to: GatewayIdentity, per_second: float) -> None:
        self.load = replace(self.load, to=str(to), redirected=1, unable=2)
        self.per_second = per_second

    def cancel_drain(self) -> None:
        self.load = Load(sessions=self.load.sessions)


async def told(gateway: Gateway, wish: Wish) -> Answer:
    return await Operator(gateway).answer(encode(wish))


async def test_gateway_that_serves_says_so() -> None:
    assert await told(Gateway(), Status()) == Answer(ok=True, outcome="serving", facts={"sessions": "3"})


async def test_drain_goes_where_it_is_told_or_where_the_configuration_says() -> None:
    gateway = Gateway(GatewayIdentity.of("192.0.2.5"))
    facts = {"sessions": "3", "to": "192.0.2.5", "redirected": "1", "unable": "2"}
    assert await told(gateway, Drain()) == Answer(ok=True, outcome="draining", facts=facts)
    assert gateway.per_second == 20.0
    answer = await told(gateway, Drain(to="pgw2.example", per_second=0.5))
    assert (answer.facts["to"], gateway.per_second) == ("pgw2.example", 0.5)
    assert (await told(gateway, Undrain())).outcome == "serving"


async def test_sessions_are_told_with_what_they_have_carried() -> None:
    answer = await told(Gateway(), Sessions(limit=7))
    assert answer.outcome == "1 of 3 sessions"
    assert answer.rows == (
        {
            "session": "pgw.example;1;2",
            "user": "0001010000000001@nai",
            "home_address": "2001:db8::100",
            "care_of": "192.0.2.10",
            "seconds": "65",
            "octets_in": "1",
            "octets_out": "2",
            "packets_in": "3",
            "packets_out": "4",
        },
    )


async def test_drain_to_nowhere_is_refused() -> None:
    answer = await told(Gateway(), Drain())
    assert not answer.ok
    assert "name one by --to, or as drain_to" in answer.outcome


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"do": "drain", "to": "no where"}', r"drain\.to: Value error, 'no where' is neither an address nor a name"),
        (b'{"do": "drain", "per_second": 0}', r"drain\.per_second: Input should be greater than 0"),
        (b'{"do": "drain", "per_second": 1e9}', r"drain\.per_second: Input should be less than or equal to 1000"),
        (b'{"do": "dance"}', "'status', 'sessions', 'drain', 'undrain'"),
    ],
)
async def test_what_is_no_wish_is_said(line: bytes, said: str) -> None:
    with pytest.raises(WishRefused, match=said):
        await Operator(Gateway()).answer(line)
