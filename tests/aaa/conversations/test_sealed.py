"""Sealed conversations: another worker goes on with them, nobody else does, and only for as long as they are young."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given

from aaa.conversations.keys import ConversationKeys
from aaa.conversations.recent import Recent
from aaa.conversations.sealed import SKEW, SealedConversations, Shared
from aaa.eap.challenge import challenged
from aaa.eap.identity_rounds import identity_request
from aaa.eap.states import (
    AwaitingIdentity,
    AwaitingVector,
    Challenged,
    EapState,
    Exchange,
    FailureNotified,
    IdentityRequested,
    IdRequest,
    MethodProposed,
    MethodRunning,
    SuccessNotified,
)
from aaa.explaining.dialogue import lines
from aaa.identities.epochs import Keyring
from aaa.messages import WLAN_ACCESS, Access, RejectCause
from aaa.metrics import CONVERSATIONS_KEPT
from aaa.sessions import STATE_OCTETS, Conversation, Lost, MemoryConversations, session_name
from tests.aaa.conversations.samples import REALMS, RESUMABLES, eap_states, proven_by, reauthenticating_with
from tests.aaa.eap.dialogue import IDENTITIES, IMSI, REALM, VECTOR, keys_of
from tests.aaa.eap.dialogue import identity_response as said_in
from tests.aaa.identities.keyrings import KEYRING, NOW, Node
from wire.eap.aka_keys import session_id
from wire.eap.checkcode import checkcode
from wire.eap.packet import identity_response
from wire.identity import EapMethod, IdentityKind, classify

AKA, PRIME = EapMethod.AKA, EapMethod.AKA_PRIME
CLIENT = "radius/ap"
ALTERED = "it was altered, or is another client's; do all nodes have the same names of clients and realms?"


class Worker:
    """One process; its monotonic clock began at another time than the others'."""

    def __init__(self, *, boot: float = 0.0, keyring: Keyring = KEYRING, age: float = 60.0) -> None:
        self.boot, self.at = boot, float(NOW)
        self.node = Node(keyring)
        self.recent = Recent()
        self.kept = MemoryConversations(random=Random(7).randbytes)
        self.conversations = SealedConversations(
            keys=ConversationKeys(lambda: self.node.keyring, lambda: self.at),
            wall_clock=lambda: self.at,
            recall=lambda identity: self.node.identities.recall(classify(identity)),
            kept=self.kept,
            shared=Shared(REALMS, age),
            recent=self.recent,
        )

    @property
    def now(self) -> float:
        return self.at - self.boot

    def keep(
        self, eap: EapState, client: str = CLIENT, token: bytes | None = None, user_name: str | None = None
    ) -> bytes:
        conversation = Conversation(client, eap, self.now, "internet", "WLAN")
        return self.conversations.keep(conversation, token, self.now, user_name)

    def find(self, token: bytes, client: str = CLIENT, user_name: str | None = None) -> Conversation | Lost:
        return self.conversations.find(token, client, self.now, user_name)


def kept_count() -> float:
    return CONVERSATIONS_KEPT.value()


ASKED = IdentityRequested(1)


def challenge(method: EapMethod, identity: bytes | None = None, code: bytes = b"") -> MethodProposed:
    exchange = Exchange(method, identity or IDENTITIES[method], 2)
    kdfs = (1,) if method is PRIME else ()
    state = challenged(AwaitingVector(exchange, IMSI, code, 5.0, kdfs), VECTOR, exchange)
    return MethodProposed(exchange.identity, state)


def once(method: EapMethod, realm: str = REALM) -> bytes:
    username = Node().identities.next_reauthentication(RESUMABLES[method], "WLAN")
    return (username or b"") + f"@{realm}".encode()


def pseudonym(method: EapMethod) -> bytes:
    return (Node().identities.next_identities(IMSI, keys_of(method), None)[0] or b"") + f"@{REALM}".encode()


def failure(method: EapMethod, identity: bytes) -> MethodRunning:
    """Notified."""
    exchange = Exchange(method, identity, 3, IdentityKind.REAUTHENTICATION)
    return MethodRunning(FailureNotified(exchange, RejectCause.WRONG_RESPONSE, "AT_MAC is wrong", IMSI))


def after_one_round(method: EapMethod, ago: int) -> MethodRunning:
    """A challenge, so many requests after AKA-Identity, to which the UE said an identity for fast re-authentication."""
    identity = once(method)
    packets = identity_request(Exchange(method, b"", 9 - ago), IdRequest.ANY), said_in(method, 9 - ago, identity)
    aka = challenge(method, identity, checkcode(method, packets)).aka
    assert isinstance(aka, Challenged)
    exchange = replace(aka.exchange, identifier=9, kind=IdentityKind.REAUTHENTICATION)
    return MethodRunning(replace(aka, exchange=exchange))


def fast(method: EapMethod, code: bytes = b"", realm: str = REALM) -> MethodProposed:
    exchange = Exchange(method, once(method, realm), 2)
    return MethodProposed(exchange.identity, reauthenticating_with(exchange, RESUMABLES[method], code))


def success(method: EapMethod, identity: bytes) -> MethodRunning:
    """Of a full authentication, notified."""
    exchange = Exchange(method, identity, 3, classify(identity).kind)
    session = session_id(method, VECTOR.rand, VECTOR.autn)
    return MethodRunning(SuccessNotified(exchange, proven_by(exchange, IMSI, bytes(32), session), None))


@given(eap_states)
def test_another_worker_goes_on_where_the_first_was(eap: EapState) -> None:
    token = Worker(boot=NOW - 5.0).keep(eap, client="diameter/pgw")
    found = Worker(boot=NOW - 9000.0).find(token, "diameter/pgw")
    assert isinstance(found, Conversation)
    assert (found.client, found.eap, found.apn, found.network_name) == ("diameter/pgw", eap, "internet", "WLAN")
    assert found.started == pytest.approx(9000.0, abs=0.01)


@pytest.mark.parametrize("access", [WLAN_ACCESS, Access(0, 0), Access(2003, 1 << 63, every_apn=True), Access(-1)])
def test_another_worker_knows_how_the_user_of_a_gateway_comes(access: Access) -> None:
    """TS 29.273 §9.1.2.1.2: it decides whether he may come so, and what the gateway is granted."""
    worker = Worker()
    conversation = Conversation("diameter/pgw", ASKED, worker.now, "internet", "WLAN", access)
    found = Worker().find(worker.conversations.keep(conversation, None, worker.now), "diameter/pgw")
    assert isinstance(found, Conversation)
    assert found.access == access


def test_same_worker_need_not_open_what_it_sealed() -> None:
    worker, eap = Worker(), challenge(AKA)
    token = worker.keep(eap)
    found = worker.find(token)
    assert isinstance(found, Conversation)
    assert found.eap is eap
    worker.conversations.forget(token)
    opened = worker.find(token)
    assert isinstance(opened, Conversation)
    assert replace(opened, started=found.started) == found
    following = worker.keep(ASKED, token=worker.keep(eap))
    assert len(worker.recent) == 1
    assert following != token


def test_conversation_ends_by_age_wherever_it_is_found() -> None:
    first, second = Worker(), Worker(boot=5.0)
    token = first.keep(ASKED)
    for worker in (first, second):
        worker.at = NOW + 59.0
        assert isinstance(worker.find(token), Conversation)
        worker.at = NOW + 60.0
        assert worker.find(token) == Lost("it began 60 s ago")


def test_conversation_of_the_future_is_refused() -> None:
    ahead, worker = Worker(), Worker()
    ahead.at = NOW + SKEW + 1
    token = ahead.keep(ASKED)
    assert worker.find(token) == Lost(f"it began -{SKEW + 1:.0f} s ago")
    worker.at = NOW + 10.0
    assert isinstance(worker.find(token), Conversation)


@pytest.mark.parametrize("client", ["radius/other", "diameter/ap", "ap", ""])
def test_other_client_finds_nothing(client: str) -> None:
    first, second = Worker(), Worker()
    token = first.keep(ASKED)
    for worker in (first, second):
        assert worker.find(token, client) == Lost(ALTERED)


def test_altered_token_opens_nowhere() -> None:
    first = Worker()
    token = first.keep(challenge(AKA))
    for at in range(len(token)):
        altered = token[:at] + bytes((token[at] ^ 1,)) + token[at + 1 :]
        assert isinstance(first.find(altered), Lost)
    assert isinstance(first.find(token[:-1]), Lost)
    assert isinstance(first.find(b""), Lost)


def test_token_of_another_keyring_or_other_realms_opens_nothing() -> None:
    token = Worker().keep(challenge(AKA))
    other = Worker(keyring=Keyring((replace(KEYRING.epochs[1], key=KEYRING.epochs[0].key),)))
    assert isinstance(other.find(token), Lost)


def test_reauthentication_whose_identity_opens_no_more_is_lost() -> None:
    first, second = Worker(), Worker()
    token = first.keep(fast(AKA))
    assert isinstance(second.find(token), Conversation)
    second.node.keyring = Keyring()
    second.conversations = SealedConversations(
        keys=ConversationKeys(lambda: KEYRING, lambda: NOW),
        wall_clock=lambda: NOW,
        recall=lambda identity: second.node.identities.recall(classify(identity)),
        kept=second.kept,
        shared=Shared(REALMS),
    )
    lost = second.find(token)
    assert lost == Lost("it cannot be gone on with: the identity of the re-authentication opens no more")


SIZES = {
    "identity asked for": (ASKED, 41),
    "EAP-AKA": (challenge(AKA), 130),
    "EAP-AKA'": (challenge(PRIME), 132),
    "EAP-AKA' by an encrypted identity": (MethodProposed(b"\0" + b"A" * 344, challenge(PRIME).aka), 133),
    "EAP-AKA' after identity rounds": (challenge(PRIME, code=bytes(32)), 164),
    "EAP-AKA after a fast re-authentication identity": (challenge(AKA, once(AKA), bytes(20)), 211),
    "fast EAP-AKA": (fast(AKA), 140),
    "fast EAP-AKA'": (fast(PRIME), 200),
    "fast EAP-AKA' after identity rounds": (fast(PRIME, bytes(32)), 232),
    "fast EAP-AKA' in a realm of its own": (fast(PRIME, bytes(32), REALMS[1]), 232),
    "EAP-AKA by an identity for a fast one, after the round in which it was said": (after_one_round(AKA, 1), 180),
    "EAP-AKA' by such an identity": (after_one_round(PRIME, 1), 242),
    "EAP-AKA' by such an identity, whose UE found the counter too small": (after_one_round(PRIME, 2), 242),
    "failure of EAP-AKA', notified": (failure(PRIME, once(PRIME)), 71),
    "success of EAP-AKA, notified": (success(AKA, IDENTITIES[AKA]), 121),
    "success of EAP-AKA', notified": (success(PRIME, IDENTITIES[PRIME]), 121),
    "success of EAP-AKA' by a pseudonym, notified": (success(PRIME, pseudonym(PRIME)), 156),
    "success of EAP-AKA' by an identity for a fast one, notified": (success(PRIME, once(PRIME)), 233),
}
"""Octets of State with the APN "internet" and the access network "WLAN"."""


@pytest.mark.parametrize(("eap", "octets"), SIZES.values(), ids=SIZES)
def test_state_fits_into_radius(eap: EapState, octets: int) -> None:
    token = Worker().keep(eap, user_name="user")
    assert len(token) == octets
    assert octets <= 253


def rounds(method: EapMethod, *said: bytes) -> MethodRunning:
    """Identity rounds in which the UE said all of these, and is asked once more."""
    packets = [
        packet
        for asked, identity in zip(IdRequest, said, strict=False)
        for packet in (
            identity_request(Exchange(method, b"", 2), asked),
            said_in(method, 2, identity),
        )
    ]
    return MethodRunning(AwaitingIdentity(Exchange(method, said[-1], 3), IdRequest.PERMANENT, tuple(packets)))


FOREIGN = "a-realm-that-no-node-knows.mnc001.mcc001.org"
ONCE, ABROAD = once(PRIME), once(PRIME, FOREIGN)
WITHOUT_ROOM = {
    "EAP-AKA' after identity rounds": (MethodRunning(challenge(PRIME, ONCE, bytes(32)).aka), ONCE, 162),
    "success of EAP-AKA' notified in a foreign realm": (success(PRIME, ABROAD), ABROAD, 112),
    "EAP-AKA' in a foreign realm": (challenge(PRIME, ABROAD, bytes(32)), ABROAD, 164),
    "fast EAP-AKA' in a foreign realm": (fast(PRIME, bytes(32), FOREIGN), ABROAD, 111),
    "identity rounds in a foreign realm": (rounds(PRIME, ABROAD, b"junk"), ABROAD, 64),
}
"""What does not fit while it holds the identity that User-Name says as well, and octets without that identity."""


@pytest.mark.parametrize(("eap", "identity", "octets"), WITHOUT_ROOM.values(), ids=WITHOUT_ROOM)
def test_identity_that_user_name_says_needs_no_room(eap: EapState, identity: bytes, octets: int) -> None:
    name, before = identity.decode(), kept_count()
    token = Worker().keep(eap, user_name=name)
    assert (len(token), kept_count()) == (octets, before)
    found = Worker().find(token, user_name=name)
    assert isinstance(found, Conversation)
    assert found.eap == eap
    assert len(Worker().keep(eap, user_name="anonymous")) == len(Worker().keep(eap)) == STATE_OCTETS


@pytest.mark.parametrize("said", [None, "", "user", ONCE.decode() + "x", ONCE.decode().lower()])
def test_state_goes_with_one_user_name(said: str | None) -> None:
    eap, name = challenge(PRIME, ONCE, bytes(32)), ONCE.decode()
    first, second = Worker(), Worker()
    token = first.keep(eap, user_name=name)
    lost = second.find(token, user_name=said)
    assert lost == Lost(f"{ALTERED}; it goes with one User-Name (RFC 3579 §2.1)")
    assert isinstance(second.find(token, "radius/other", name), Lost)
    # as it would be were it too long: the process that sealed it knows what it goes on from, whatever is said now
    found = first.find(token, user_name=said)
    assert isinstance(found, Conversation)
    assert found.eap is eap


def test_user_name_is_not_needed_where_there_is_room() -> None:
    token = Worker().keep(challenge(AKA), user_name=IDENTITIES[AKA].decode())
    assert isinstance(Worker().find(token), Conversation)
    assert isinstance(Worker().find(bytes((token[0] | 0x80,)) + token[1:], user_name=""), Lost)


def test_packets_before_come_with_a_state_that_has_room_by_user_name() -> None:
    name = ONCE.decode()
    token = Worker().conversations.keep(talked(4, challenge(PRIME, ONCE, bytes(32))), None, NOW, name)
    found = Worker().find(token, user_name=name)
    assert isinstance(found, Conversation)
    assert (len(found.earlier), len(token)) == (20, 164 + 20)


def talked(count: int, eap: EapState) -> Conversation:
    packets = tuple(identity_response(number, b"x" * number) for number in range(count))
    return Conversation(CLIENT, eap, float(NOW), "internet", "WLAN", dialogue=packets)


def test_another_worker_knows_of_the_packets_before() -> None:
    token = Worker().conversations.keep(talked(3, challenge(AKA)), None, NOW)
    found = Worker().find(token)
    assert isinstance(found, Conversation)
    assert (found.dialogue, len(found.earlier), len(token)) == ((), 15, 130 + 15)
    assert [line.octets for line in lines(found.earlier, ())] == [5, 6, 7]
    again = Worker().conversations.keep(replace(found, dialogue=(b"\x02\x01\x00\x05\x01",)), None, NOW)
    assert len(again) == 130 + 20


def test_packets_before_are_forgotten_where_there_is_no_room() -> None:
    token = Worker().conversations.keep(talked(6, fast(PRIME, bytes(32))), None, NOW)
    found = Worker().find(token)
    assert isinstance(found, Conversation)
    assert (found.earlier, len(token)) == (b"", 232)


def test_name_of_the_session_is_the_same_at_every_worker() -> None:
    name = session_name(int(NOW * 1000), 17)
    first = Worker()
    token = first.conversations.keep(
        Conversation(CLIENT, challenge(AKA), first.now, "internet", "WLAN", session=name), None, first.now
    )
    found = Worker().find(token)
    assert isinstance(found, Conversation)
    assert (found.session, found.started) == (name, first.now)
    again = Worker().find(Worker().conversations.keep(found, token, first.now))
    assert isinstance(again, Conversation)
    assert again.session == name


@pytest.mark.parametrize("session", ["", "pgw.example;1;2", "0123456789abcg", "0123456789ABCD"])
def test_name_that_the_client_says_each_time_does_not_travel(session: str) -> None:
    worker = Worker()
    token = worker.conversations.keep(
        Conversation("diameter/pgw", challenge(AKA), worker.now, session=session), None, worker.now
    )
    found = Worker().find(token, "diameter/pgw")
    assert isinstance(found, Conversation)
    assert found.session == ""


def test_state_that_does_not_fit_stays_in_the_process_and_is_counted() -> None:
    worker, eap = Worker(), challenge(PRIME, once(PRIME), bytes(32))
    before = kept_count()
    token = worker.keep(eap)
    assert (len(token), kept_count()) == (STATE_OCTETS, before + 1)
    found = worker.find(token)
    assert isinstance(found, Conversation)
    assert found.eap is eap
    assert Worker().find(token) == Lost("no such conversation is kept in this process")
    worker.at = NOW + 60.0
    assert isinstance(worker.find(token), Lost)
    worker.conversations.forget(token)
    assert len(worker.kept) == 0


def test_diameter_has_room_for_every_state() -> None:
    token = Worker().keep(challenge(PRIME, once(PRIME), bytes(32)), client="diameter/pgw")
    assert len(token) == 290
    assert isinstance(Worker().find(token, "diameter/pgw"), Conversation)


def test_node_whose_epochs_have_not_begun_keeps_to_itself() -> None:
    worker = Worker(keyring=Keyring())
    token = worker.keep(ASKED)
    assert len(token) == STATE_OCTETS
    assert isinstance(worker.find(token), Conversation)


def test_neither_key_nor_imsi_is_in_a_token() -> None:
    token = Worker().keep(challenge(AKA))
    assert not any(octets in token for octets in (bytes(VECTOR.ck), bytes(VECTOR.xres), str(IMSI).encode()))
