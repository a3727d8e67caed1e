"""Whereto a UE lets itself be sent on, and how often (RFC 5685 §3, §5, §6)."""

from ipaddress import IPv4Address, IPv6Address
from random import Random

import dns.message
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest

from ue_sim.discovery import Discovered, SendQuery
from ue_sim.redirections import MOST, WITHIN, Followed, NotFollowed, Redirections
from wire.ikev2.redirect import GatewayIdentity

HERE = Discovered("here", IPv6Address("2001:db8::1"), IPv4Address("192.0.2.4"))
ELSEWHERE = GatewayIdentity.of("192.0.2.5")
NAMED = GatewayIdentity.of("pgw2.example")
LOOP = "redirected more than 5 times in 300 s"

Effect = SendQuery | Followed[str] | NotFollowed[str]


class Phone:
    """One UE that is sent on, in the network of an IP version."""

    def __init__(self, version: int = 4) -> None:
        self.redirections: Redirections[str] = Redirections(random=Random(1).randbytes)
        self.version = version

    def sent(self, elsewhere: GatewayIdentity, at: float = 0.0, whose: str = "it") -> list[Effect]:
        return list(self.redirections.follow(whose, elsewhere, HERE, self.version, at))

    def answered(self, queries: list[Effect], *records: tuple[str, str], at: float = 0.1) -> list[Effect]:
        """What comes of answers to all of these queries with records of these types."""
        effects: list[Effect] = []
        for query in queries:
            assert isinstance(query, SendQuery)
            response = dns.message.make_response(dns.message.from_wire(query.datagram))
            (question,) = response.question
            response.answer = [
                dns.rrset.from_text(question.name, 60, "IN", kind, value)
                for kind, value in records
                if dns.rdatatype.from_text(kind) == question.rdtype
            ]
            effects += self.redirections.answered(response.to_wire(), at)
        return effects


def test_so_many_are_followed_and_no_more_until_the_first_is_long_ago() -> None:
    phone = Phone()
    for at in range(MOST):
        assert isinstance(phone.sent(ELSEWHERE, float(at))[0], Followed)
    assert phone.sent(ELSEWHERE, WITHIN - 1.0) == [NotFollowed("it", LOOP)]
    assert isinstance(phone.sent(ELSEWHERE, WITHIN)[0], Followed)
    assert phone.sent(ELSEWHERE, WITHIN) == [NotFollowed("it", LOOP)]


@pytest.mark.parametrize(
    ("address", "there"),
    [
        ("192.0.2.5", Discovered("REDIRECT of here", HERE.ipv6, IPv4Address("192.0.2.5"))),
        ("2001:db8::5", Discovered("REDIRECT of here", IPv6Address("2001:db8::5"), None)),
    ],
)
def test_other_gateway_is_known_by_that_address_alone(address: str, there: Discovered) -> None:
    elsewhere = GatewayIdentity.of(address)
    assert Phone(6 if ":" in address else 4).sent(elsewhere) == [Followed("it", elsewhere, there)]


@pytest.mark.parametrize(("where", "version"), [("2001:db8::5", 4), ("192.0.2.5", 6)])
def test_ue_goes_nowhere_that_it_cannot_reach_from_its_network(where: str, version: int) -> None:
    phone = Phone(version)
    for _ in range(MOST + 1):
        refused = NotFollowed("it", f"redirected to {where}, which has no address of this network")
        assert phone.sent(GatewayIdentity.of(where)) == [refused]
    reached = GatewayIdentity.of("192.0.2.5" if version == 4 else "2001:db8::5")
    assert isinstance(phone.sent(reached)[0], Followed), "what is not followed does not count"


@pytest.mark.parametrize("version", [4, 6])
def test_name_is_looked_up_and_both_addresses_are_known(version: int) -> None:
    phone = Phone(version)
    queries = phone.sent(NAMED)
    there = Discovered("pgw2.example", IPv6Address("2001:db8::5"), IPv4Address("192.0.2.5"))
    answers = phone.answered(queries, ("A", "192.0.2.5"), ("AAAA", "2001:db8::5"))
    assert answers == [Followed("it", NAMED, there)]
    assert phone.redirections.deadline is None
    assert phone.answered(queries, ("A", "192.0.2.5")) == [], "the answer comes once more"


def test_name_with_an_ipv4_address_alone_has_the_home_agent_of_before() -> None:
    phone = Phone()
    there = Discovered("pgw2.example", HERE.ipv6, IPv4Address("192.0.2.5"))
    assert phone.answered(phone.sent(NAMED), ("A", "192.0.2.5")) == [Followed("it", NAMED, there)]


@pytest.mark.parametrize(
    ("version", "record", "cause"),
    [
        (4, ("AAAA", "2001:db8::5"), "redirected to pgw2.example, which has no address of this network"),
        (6, ("A", "192.0.2.5"), "redirected to pgw2.example: pgw2.example has no IPv6 address"),
        (4, ("TXT", "nothing"), "redirected to pgw2.example: pgw2.example has no address"),
    ],
)
def test_name_without_an_address_of_this_network_leads_nowhere(
    version: int, record: tuple[str, str], cause: str
) -> None:
    phone = Phone(version)
    assert phone.answered(phone.sent(NAMED), record) == [NotFollowed("it", cause)]


def test_silent_server_is_asked_again_and_given_up() -> None:
    phone = Phone()
    asked, told, now = len(phone.sent(NAMED)), [], 0.0
    while (deadline := phone.redirections.deadline) is not None:
        assert list(phone.redirections.tick(deadline - 0.01)) == []
        now = deadline
        effects = list(phone.redirections.tick(now))
        asked += sum(isinstance(effect, SendQuery) for effect in effects)
        told += [effect for effect in effects if not isinstance(effect, SendQuery)]
    assert (asked, told) == (
        12, [NotFollowed("it", "redirected to pgw2.example: no DNS answer for pgw2.example after 7 s")]
    )  # fmt: skip


def test_two_are_looked_up_side_by_side_and_forgotten_one_by_one() -> None:
    phone = Phone()
    first, second = phone.sent(NAMED), phone.sent(GatewayIdentity.of("pgw3.example"), whose="another")
    phone.redirections.forget("it")
    assert phone.answered(first, ("A", "192.0.2.5")) == []
    (followed,) = phone.answered(second, ("A", "192.0.2.6"))
    assert isinstance(followed, Followed)
    assert followed.whose == "another"
    third = phone.sent(NAMED)
    phone.redirections.forget()
    assert phone.answered(third, ("A", "192.0.2.5")) == []


def test_later_word_of_a_gateway_is_the_one_that_counts() -> None:
    phone = Phone()
    earlier = phone.sent(NAMED)
    assert isinstance(phone.sent(ELSEWHERE)[0], Followed)
    assert phone.answered(earlier, ("A", "192.0.2.6")) == []
