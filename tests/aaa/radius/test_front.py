"""The front's decisions: served, repeated, refused or passed over in silence."""

from dataclasses import replace

import pytest

from aaa.messages import Client, Ignore
from aaa.radius.chargeable import Chargeable
from aaa.radius.clients import ClientTable
from aaa.radius.decisions import Discard, Repeat, Send
from aaa.radius.duplicates import DuplicateCache, RequestKey
from aaa.radius.front import RadiusFront, Serve
from aaa.radius.policy import ClientPolicy, Service
from tests.aaa.radius.samples import AUTHENTICATOR, CLIENT, IDENTITY, SECRET, SOURCE, accept, asked, challenge, table
from wire.radius.codec import build_packet, parse_packet
from wire.radius.eap import UNSEALED, is_authentic, join_eap, seal_request, split_eap
from wire.radius.messages import access_request, status_server
from wire.radius.packet import Attribute, Code, RadiusPacket, is_genuine_response
from wire.secret import Secret

LENIENT = replace(CLIENT, policy=ClientPolicy(require_message_authenticator=False))


def front(max_in_progress: int = 100) -> RadiusFront:
    return RadiusFront(table(), random=bytes, duplicates=DuplicateCache(), max_in_progress=max_in_progress)


def bare(*attributes: Attribute, code: int = Code.ACCESS_REQUEST) -> bytes:
    return build_packet(RadiusPacket(code, 7, AUTHENTICATOR, attributes))


def test_front_serves_a_good_request() -> None:
    decision = front().receive(asked(), SOURCE, 0.0)
    assert isinstance(decision, Serve)
    assert decision.request.eap == IDENTITY
    assert decision.request.client == CLIENT.client
    assert decision.client is CLIENT
    assert (decision.packet, decision.key) == (parse_packet(asked()), RequestKey.of(parse_packet(asked()), SOURCE))


def test_packet_is_of_the_client_that_a_connection_has_proved() -> None:
    other = replace(CLIENT, client=Client("proved"))
    for source in (SOURCE, ("203.0.113.9", 1)):
        decision = front().receive(asked(), source, 0.0, other)
        assert isinstance(decision, Serve)
        assert (decision.client, decision.request.client) == (other, other.client)


def test_front_is_silent_to_strangers() -> None:
    decision = front().receive(asked(), ("192.0.2.1", 1812), 0.0)
    assert decision == Discard("no client is configured for this address")


@pytest.mark.parametrize("octets", [b"", bytes(19), bytes(20), asked()[:-1], asked()[:20] + b"\x50\x03a"])
def test_front_is_silent_to_malformed_packets(octets: bytes) -> None:
    decision = front().receive(octets, SOURCE, 0.0)
    assert isinstance(decision, Discard)
    assert decision.cause == "the packet is malformed"
    assert decision.client == "lab"


def test_front_is_silent_to_eap_without_message_authenticator() -> None:
    # RFC 3579 §3.2
    decision = front().receive(bare(*split_eap(IDENTITY)), SOURCE, 0.0)
    assert decision == Discard("EAP-Message without Message-Authenticator", "lab")


def test_front_is_silent_to_a_wrong_secret() -> None:
    decision = front().receive(asked(secret=b"another"), SOURCE, 0.0)
    assert isinstance(decision, Discard)
    assert "Message-Authenticator is wrong" in decision.cause
    assert decision.is_unproven


def test_front_is_silent_to_other_codes() -> None:
    sealed = seal_request(bare(UNSEALED, code=Code.ACCOUNTING_REQUEST), SECRET)
    decision = front().receive(sealed, SOURCE, 0.0)
    assert decision == Discard("this port serves no such code", "lab", "code 4")


def test_front_rejects_a_request_without_eap() -> None:
    for octets in (bare(Attribute.of("User-Password", bytes(16))), asked(eap=None)):
        decision = front().receive(octets, SOURCE, 0.0, LENIENT)
        assert isinstance(decision, Send)
        assert decision.refusal == "the request carries no EAP-Message"
        assert decision.octets[0] == Code.ACCESS_REJECT
        assert decision.octets[20:22] == b"\x50\x12"
        assert is_authentic(decision.octets, SECRET, AUTHENTICATOR)


def test_front_is_silent_to_a_request_that_proves_nothing() -> None:
    # RFC 3579 §3.3, note 1
    decision = front().receive(bare(Attribute.of("User-Name", "ue")), SOURCE, 0.0, LENIENT)
    assert decision == Discard("neither a password nor EAP nor Message-Authenticator", "lab")


def test_front_gives_a_forger_of_proxy_state_nothing_to_collide_with() -> None:
    # CVE-2024-3596
    decision = front().receive(bare(Attribute.of("Proxy-State", bytes(200))), SOURCE, 0.0, LENIENT)
    assert decision == Discard("Proxy-State without Message-Authenticator", "lab")


@pytest.mark.parametrize(("last", "decided"), [(214, Send), (215, Discard)])
def test_request_whose_refusal_has_no_room_is_discarded(last: int, decided: type[Send | Discard]) -> None:
    states = [Attribute.of("Proxy-State", bytes(253))] * 15 + [Attribute.of("Proxy-State", bytes(last))]
    decision = front().receive(asked(*states, eap=None, user="a"), SOURCE, 0.0)
    assert isinstance(decision, decided)
    assert decision.client == "lab"


def test_front_rejects_a_repeated_state() -> None:
    octets = asked(Attribute.of("State", b"a"), Attribute.of("State", b"b"))
    decision = front().receive(octets, SOURCE, 0.0)
    assert isinstance(decision, Send)
    assert decision.refusal == "malformed attribute: 2 attributes State, one is allowed"
    assert join_eap(parse_packet(decision.octets)) == bytes.fromhex("04070004")


def test_front_answers_status_server() -> None:
    # RFC 5997 §4.2
    octets = status_server(identifier=3, authenticator=AUTHENTICATOR, secret=SECRET)
    decision = front().receive(octets, SOURCE, 0.0)
    assert isinstance(decision, Send)
    assert decision.refusal is None
    assert decision.octets[:2] == bytes([Code.ACCESS_ACCEPT, 3])
    assert is_genuine_response(decision.octets, AUTHENTICATOR, SECRET)


def test_front_is_silent_to_an_unprotected_status_server() -> None:
    decision = front().receive(bare(code=Code.STATUS_SERVER), SOURCE, 0.0)
    assert decision == Discard("Status-Server without Message-Authenticator", "lab")


def test_front_drops_a_duplicate_in_progress_and_repeats_the_answer_afterwards() -> None:
    served = front()
    serving = served.receive(asked(), SOURCE, 0.0)
    assert isinstance(serving, Serve)
    assert served.receive(asked(), SOURCE, 1.0) == Repeat(None)
    answer = served.answer(serving, challenge())
    assert answer is not None
    assert served.receive(asked(), SOURCE, 2.0) == Repeat(answer)
    assert served.in_progress == 0


def test_front_treats_the_same_octets_from_another_port_as_new() -> None:
    served = front()
    served.receive(asked(), SOURCE, 0.0)
    assert isinstance(served.receive(asked(), (SOURCE[0], SOURCE[1] + 1), 0.0), Serve)


def test_forged_duplicate_does_not_touch_the_cache() -> None:
    # RFC 5080 §2.2.2
    served = front()
    serving = served.receive(asked(), SOURCE, 0.0)
    assert isinstance(serving, Serve)
    forged = asked(secret=b"another", authenticator=bytes(16))
    assert isinstance(served.receive(forged, SOURCE, 0.0), Discard)
    assert served.answer(serving, challenge()) is not None


def test_front_sends_nothing_for_a_request_that_its_client_gave_up() -> None:
    served = front()
    older = served.receive(asked(), SOURCE, 0.0)
    newer = served.receive(asked(authenticator=bytes(16)), SOURCE, 1.0)
    assert isinstance(older, Serve)
    assert isinstance(newer, Serve)
    assert served.answer(older, challenge()) is None
    assert served.answer(newer, challenge()) is not None
    assert served.in_progress == 0


def test_front_keeps_silent_on_duplicates_of_what_was_ignored() -> None:
    served = front()
    serving = served.receive(asked(), SOURCE, 0.0)
    assert isinstance(serving, Serve)
    assert served.answer(serving, Ignore("not ours")) is None
    assert served.receive(asked(), SOURCE, 1.0) == Repeat(None)


def test_front_takes_an_abandoned_request_anew() -> None:
    served = front()
    serving = served.receive(asked(), SOURCE, 0.0)
    assert isinstance(serving, Serve)
    served.abandon(serving)
    assert served.in_progress == 0
    assert isinstance(served.receive(asked(), SOURCE, 1.0), Serve)


def test_front_under_load_prefers_conversations_that_have_begun() -> None:
    # RFC 5080 §2.2.3
    served = front(max_in_progress=4)
    decisions = [served.receive(asked(identifier=number), SOURCE, 0.0) for number in range(4)]
    assert [type(decision) for decision in decisions] == [Serve, Serve, Serve, Discard]
    begun = asked(Attribute.of("State", b"s"), identifier=10)
    assert isinstance(served.receive(begun, SOURCE, 0.0), Serve)
    last = asked(Attribute.of("State", b"s"), identifier=11)
    assert served.receive(last, SOURCE, 0.0) == Discard("too many requests in progress", "lab", is_too_much=True)


def test_front_accepts_with_the_answer_of_the_service() -> None:
    served = front()
    serving = served.receive(asked(), SOURCE, 0.0)
    assert isinstance(serving, Serve)
    octets = served.answer(serving, accept())
    assert octets is not None
    assert octets[0] == Code.ACCESS_ACCEPT


def test_front_names_the_user_to_a_client_that_asks_for_it() -> None:
    chargeable = Chargeable(Secret(b"key"))
    asks = asked(Attribute.of("Chargeable-User-Identity", b"\0"))
    told = []
    for ours, request in ((chargeable, asks), (chargeable, asked()), (None, asks)):
        served = RadiusFront(table(), random=bytes, duplicates=DuplicateCache(), chargeable=ours)
        serving = served.receive(request, SOURCE, 0.0)
        assert isinstance(serving, Serve)
        octets = served.answer(serving, accept())
        assert octets is not None
        told.append(parse_packet(octets).octets("Chargeable-User-Identity"))
    assert told == [chargeable.name("lab", accept().imsi), None, None]


def test_front_keeps_the_name_of_a_session_that_goes_on_after_the_key_was_changed() -> None:
    before, imsi = Chargeable(Secret(b"key")).name("lab", accept().imsi), accept().imsi
    changed = Chargeable(Secret(b"new key"), Secret(b"key"))
    told = []
    for says in (b"\0", before):
        served = RadiusFront(table(), random=bytes, duplicates=DuplicateCache(), chargeable=changed)
        serving = served.receive(asked(Attribute.of("Chargeable-User-Identity", says)), SOURCE, 0.0)
        assert isinstance(serving, Serve)
        octets = served.answer(serving, accept())
        assert octets is not None
        told.append(parse_packet(octets).octets("Chargeable-User-Identity"))
    assert told == [changed.name("lab", imsi), before]
    assert told[0] != before


def test_users_of_a_client_that_wishes_it_authenticate_anew_when_their_time_is_over() -> None:
    told = []
    for reauthenticates, timeout in ((True, 60), (True, None), (False, 60)):
        client = replace(CLIENT, policy=ClientPolicy(reauthenticates=reauthenticates))
        served = RadiusFront(ClientTable([client]), random=bytes, duplicates=DuplicateCache())
        serving = served.receive(asked(), SOURCE, 0.0)
        assert isinstance(serving, Serve)
        octets = served.answer(serving, accept(session_timeout=timeout))
        assert octets is not None
        packet = parse_packet(octets)
        told.append((packet.integer("Session-Timeout"), packet.integer("Termination-Action")))
    assert told == [(60, 1), (None, None), (60, None)]


def test_front_demands_message_authenticator_of_every_access_request() -> None:
    # CVE-2024-3596
    decision = front().receive(bare(Attribute.of("User-Name", "ue")), SOURCE, 0.0)
    assert decision == Discard("Access-Request without Message-Authenticator", "lab")


def test_front_tells_how_each_request_is_protected() -> None:
    served = front()
    seen: list[tuple[str, bool]] = []
    served.tell(lambda client, *, is_protected: seen.append((client, is_protected)))
    served.receive(asked(), SOURCE, 0.0)
    served.receive(bare(), SOURCE, 0.0)
    served.receive(asked(secret=b"another"), SOURCE, 0.0)
    assert seen == [("lab", True), ("lab", False)]


def test_front_rejects_a_realm_that_the_client_may_not_ask_for() -> None:
    policy = ClientPolicy(realms=frozenset({"example.org"}))
    for name, kind in (("a@example.org", Serve), ("nobody", Serve), ("a@Example.com", Send)):
        octets = access_request(
            identifier=1,
            authenticator=AUTHENTICATOR,
            secret=SECRET,
            attributes=[Attribute.of("User-Name", name)],
            eap=IDENTITY,
        )
        decision = front().receive(octets, SOURCE, 0.0, replace(CLIENT, policy=policy))
        assert isinstance(decision, kind)
        if isinstance(decision, Send):
            assert decision.octets[0] == Code.ACCESS_REJECT
            assert join_eap(parse_packet(decision.octets)) == bytes.fromhex("04070004")


def test_front_is_silent_beyond_what_a_client_may_ask() -> None:
    accountant = replace(CLIENT, policy=ClientPolicy(services=frozenset({"acct"})))
    decision = front().receive(asked(), SOURCE, 0.0, accountant)
    assert decision == Discard("the client may not ask for this", "lab", "auth")
    slow = replace(CLIENT, policy=ClientPolicy(requests_per_second=1))
    served = front()
    kinds = [type(served.receive(asked(identifier=n), SOURCE, now, slow)) for n, now in enumerate((0, 0, 0, 1))]
    assert kinds == [Serve, Serve, Discard, Serve]


@pytest.mark.parametrize("lenient", [True, False])
@pytest.mark.parametrize("services", [{"auth"}, {"auth", "acct"}])
def test_request_of_a_client_without_limits_is_asked_for_nothing_more(services: set[Service], *, lenient: bool) -> None:
    policy = ClientPolicy(services=frozenset(services), require_message_authenticator=not lenient)
    assert not policy.limits_access
    client = replace(CLIENT, policy=policy)
    for eap in (b"", IDENTITY, bytes(600)):
        assert front()._unserved(parse_packet(asked(eap=eap)), client, 0.0) is None
