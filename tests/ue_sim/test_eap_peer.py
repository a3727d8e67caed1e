"""The EAP peer against what hostap's server sent: every answer must be the one hostap's peer gave, octet by octet."""

from typing import ClassVar

import pytest

from tests.captures import Exchange, Run, load_run, load_runs
from tests.network_side import OPC, RAND, K, NetworkSide
from ue_sim.eap.states import Answered, Confirmed, Done, Refused
from ue_sim.eap.temporary import Kept, Once
from ue_sim.eap_peer import TRANSITIONS, AkaPeer, EapArrived, Effect, KeysDerived, PeerFailed, SendEap
from ue_sim.usim import SoftwareUsim
from wire.eap.aka import AkaMessage
from wire.eap.aka_keys import derive_keys, session_id
from wire.eap.attributes import At, Attribute, Attributes
from wire.eap.constants import Subtype
from wire.eap.encrypted import seal
from wire.eap.packet import EapCode, EapPacket, EapType, failure, identity_request, identity_response, nak, success
from wire.identity import EapMethod, Imsi, Plmn
from wire.sansio import Tick
from wire.secret import Secret

FULL = [(run, run.exchanges[0]) for run in load_runs()]


def usim_of(run: Run) -> SoftwareUsim:
    """hostap's USIM accepts any SQN above its last one, whatever its IND."""
    seq, ind = divmod(run.ue_sqn, 32)
    state = [seq - 1] * 32
    state[ind] = seq
    k = bytes(16) if "wrong_key" in run.name else run.k
    return SoftwareUsim(Secret(k), run.opc, tuple(state))


def peer_of(run: Run, exchange: Exchange) -> AkaPeer:
    return AkaPeer(
        usim=usim_of(run),
        imsi=run.imsi,
        plmn=run.plmn,
        methods=(run.method,),
        network_name=run.network_name or None,
        result_ind=exchange.result_indicated,
    )


@pytest.mark.parametrize(("run", "exchange"), FULL, ids=[run.name for run, _ in FULL])
def test_peer_answers_as_the_captured_peer_did(run: Run, exchange: Exchange) -> None:
    peer = peer_of(run, exchange)
    identity, *responses = exchange.responses
    assert identity[5:] == peer.identity
    *requests, result = exchange.requests
    for request, response in zip(requests, responses, strict=True):
        assert peer.handle(EapArrived(request), 0.0) == [SendEap(response)]
    effects = peer.handle(EapArrived(result), 0.0)
    if exchange.succeeded:
        values = exchange.rounds[-1].values
        expected = bytes((run.method,)) + values["rand"] + values["autn"]
        assert effects == [KeysDerived(Secret(values["msk"]), Secret(values["emsk"]), expected, run.method)]
    else:
        assert [type(effect) for effect in effects] == [PeerFailed]


class Recorder:
    """Feeds events to a peer and remembers which transitions it took."""

    taken: ClassVar[set[tuple[type, type, type]]] = set()

    def __init__(
        self,
        method: EapMethod = EapMethod.AKA,
        *,
        methods: tuple[EapMethod, ...] = (),
        network_name: str | None = None,
    ) -> None:
        self.usim = SoftwareUsim(K, OPC)
        self.peer = AkaPeer(
            usim=self.usim,
            imsi=Imsi("234150000000001"),
            plmn=Plmn("234", "15"),
            methods=methods or (method,),
            network_name=network_name,
        )
        self.server = NetworkSide(method, self.peer.identity)

    def feed(self, event: EapArrived | Tick | bytes, now: float = 0.0) -> list[Effect]:
        event = EapArrived(event) if isinstance(event, bytes) else event
        before = type(self.peer.state)
        effects = self.peer.handle(event, now)
        self.taken.add((before, type(event), type(self.peer.state)))
        return effects

    def answer(self, packet: bytes) -> AkaMessage:
        """The one AKA message with which the peer answers `packet`."""
        (effect,) = self.feed(packet)
        assert isinstance(effect, SendEap)
        return AkaMessage.parse(effect.packet)

    def answered(self, *more: Attribute) -> "Recorder":
        """Go on until the challenge is answered."""
        assert self.answer(self.server.challenge(*more)).subtype is Subtype.CHALLENGE
        return self

    def refused(self) -> "Recorder":
        """Go on until the peer has reported an error."""
        assert self.answer(self.server.request(Subtype.NOTIFICATION, NOT_PROTECTED)).subtype is Subtype.CLIENT_ERROR
        return self

    def end(self, packet: bytes) -> Effect:
        """The one effect of EAP-Success or EAP-Failure; nothing is due after it."""
        (effect,) = self.feed(packet)
        assert isinstance(self.peer.state, Done)
        assert self.peer.deadline is None
        return effect


NOTIFIED = [(0, "general failure"), (1026, "temporarily"), (1031, "not subscribed"), (77, "did not explain")]
NOT_REQUESTS = [b"", b"\x01\x01\x00\x04", b"\x09\x01\x00\x04", identity_response(1, b"0"), b"junk" * 9]
NOT_PROTECTED = Attribute.number(At.NOTIFICATION, 0)
WANT_RESULT = Attribute(At.RESULT_IND)


def test_peer_tells_its_identity_when_asked() -> None:
    ue = Recorder()
    assert ue.feed(identity_request(1)) == [SendEap(identity_response(1, ue.peer.identity))]
    assert ue.peer.identity == b"0234150000000001@nai.epc.mnc015.mcc234.3gppnetwork.org"


def test_peer_acknowledges_a_notification_of_eap() -> None:
    ue = Recorder().answered()
    request = EapPacket(EapCode.REQUEST, 9, EapType.NOTIFICATION, b"hello").build()
    assert ue.feed(request) == [SendEap(bytes.fromhex("0209000502"))]
    assert isinstance(ue.peer.state, Answered)


@pytest.mark.parametrize("kind", [4, 13, 50, 254])
def test_peer_asks_for_its_own_method_instead_of(kind: int) -> None:
    ue = Recorder(EapMethod.AKA)
    assert ue.feed(EapPacket(EapCode.REQUEST, 3, kind, b"x").build()) == [SendEap(nak(3, EapMethod.AKA))]
    assert ue.answered()


def test_peer_of_both_methods_runs_the_one_it_is_offered() -> None:
    for method in (EapMethod.AKA, EapMethod.AKA_PRIME):
        ue = Recorder(method, methods=(EapMethod.AKA_PRIME, EapMethod.AKA)).answered()
        effect = ue.end(success(ue.server.identifier))
        assert isinstance(effect, KeysDerived)
        assert effect.method is method


def test_peer_uses_the_identity_of_the_last_round_for_its_keys() -> None:
    ue = Recorder(EapMethod.AKA, methods=(EapMethod.AKA_PRIME, EapMethod.AKA))
    assert ue.peer.identity.startswith(b"6")
    told = ue.answer(ue.server.ask(At.ANY_ID_REQ)).attributes.get(At.IDENTITY)
    assert told is not None
    assert told.startswith(b"0")
    ue.server.identity = told
    ue.answered()


def test_peer_follows_identity_requests_in_their_order() -> None:
    ue = Recorder()
    for kind in (At.ANY_ID_REQ, At.FULLAUTH_ID_REQ, At.PERMANENT_ID_REQ):
        assert ue.answer(ue.server.ask(kind)).attributes.get(At.IDENTITY) == ue.peer.identity
    assert ue.answer(ue.server.ask(At.PERMANENT_ID_REQ)).subtype is Subtype.CLIENT_ERROR


def test_peer_refuses_an_identity_request_after_a_challenge() -> None:
    ue = Recorder()
    ue.server.seq = -1
    assert ue.answer(ue.server.challenge()).subtype is Subtype.SYNCHRONIZATION_FAILURE
    assert ue.answer(ue.server.ask(At.PERMANENT_ID_REQ)).subtype is Subtype.CLIENT_ERROR


def test_peer_goes_on_after_a_resynchronisation() -> None:
    ue = Recorder()
    ue.server.seq = -1
    assert ue.answer(ue.server.challenge()).subtype is Subtype.SYNCHRONIZATION_FAILURE
    ue.answered()


def test_peer_repeats_its_answer_to_a_repeated_request() -> None:
    ue = Recorder()
    challenge = ue.server.challenge()
    first = ue.feed(challenge)
    assert ue.feed(challenge) == first
    assert len([seq for seq in ue.usim.state if seq]) == 1
    assert isinstance(ue.end(success(ue.server.identifier)), KeysDerived)


def test_peer_gives_the_keys_that_the_network_has() -> None:
    ue = Recorder(EapMethod.AKA_PRIME, network_name="WLAN").answered()
    effect = ue.end(success(ue.server.identifier))
    keys = ue.server.keys
    expected = session_id(EapMethod.AKA_PRIME, RAND, ue.server.autn)
    assert effect == KeysDerived(keys.msk, keys.emsk, expected, EapMethod.AKA_PRIME)


def test_peer_drops_a_success_that_is_not_due() -> None:
    ue = Recorder()
    assert ue.feed(success(1)) == []
    ue.answer(ue.server.ask(At.ANY_ID_REQ))
    assert ue.feed(success(ue.server.identifier)) == []
    ue.answered()
    assert ue.feed(success(ue.server.identifier + 1)) == []
    assert isinstance(ue.end(success(ue.server.identifier)), KeysDerived)


def test_peer_waits_for_the_protected_success_it_agreed_on() -> None:
    ue = Recorder().answered(WANT_RESULT)
    assert ue.feed(success(ue.server.identifier)) == []
    notified = ue.answer(ue.server.notify(32768))
    assert notified.mac_is_genuine(ue.server.keys.k_aut)
    assert isinstance(ue.peer.state, Confirmed)
    assert isinstance(ue.end(success(ue.server.identifier)), KeysDerived)


def test_peer_refuses_a_second_notification() -> None:
    ue = Recorder().answered(WANT_RESULT)
    ue.answer(ue.server.notify(32768))
    assert ue.answer(ue.server.notify(1026)).subtype is Subtype.CLIENT_ERROR
    assert isinstance(ue.end(failure(ue.server.identifier)), PeerFailed)


def test_confirmed_peer_ignores_other_packets() -> None:
    ue = Recorder().answered(WANT_RESULT)
    ue.answer(ue.server.notify(32768))
    assert ue.feed(identity_request(1)) == []
    assert isinstance(ue.peer.state, Confirmed)


def test_peer_refuses_a_protected_success_nobody_agreed_on() -> None:
    ue = Recorder().answered()
    assert ue.answer(ue.server.notify(32768)).subtype is Subtype.CLIENT_ERROR


@pytest.mark.parametrize(
    ("code", "cause"),
    NOTIFIED,
)
def test_peer_tells_the_failure_that_the_network_notified(code: int, cause: str) -> None:
    ue = Recorder().answered()
    notified = ue.answer(ue.server.notify(code))
    assert notified.subtype is Subtype.NOTIFICATION
    assert notified.mac_is_genuine(ue.server.keys.k_aut)
    effect = ue.end(failure(ue.server.identifier))
    assert isinstance(effect, PeerFailed)
    assert cause in effect.cause
    assert str(code) in effect.cause


def test_peer_answers_a_failure_before_authentication_without_a_mac() -> None:
    for ue in (Recorder(), Recorder().answered()):
        request = ue.server.request(Subtype.NOTIFICATION, Attribute.number(At.NOTIFICATION, 16384))
        assert At.MAC not in ue.answer(request).attributes
        effect = ue.end(failure(ue.server.identifier))
        assert effect == PeerFailed("the network notified 16384: general failure")


@pytest.mark.parametrize("code", [0, 1026, 32768, 0xC000])
def test_peer_refuses_a_notification_that_is_not_protected(code: int) -> None:
    for ue in (Recorder(), Recorder().answered(WANT_RESULT)):
        request = ue.server.request(Subtype.NOTIFICATION, Attribute.number(At.NOTIFICATION, code))
        assert ue.answer(request).subtype is Subtype.CLIENT_ERROR


def test_peer_refuses_a_notification_with_a_wrong_mac() -> None:
    ue = Recorder().answered(WANT_RESULT)
    packet = bytearray(ue.server.notify(32768))
    packet[-1] ^= 1
    assert ue.answer(bytes(packet)).subtype is Subtype.CLIENT_ERROR


def test_peer_refuses_what_it_cannot_read() -> None:
    unreadable = bytes.fromhex("0133000c1705000063010000")
    for ue in (Recorder(), Recorder().answered()):
        assert ue.answer(unreadable).subtype is Subtype.CLIENT_ERROR
        effect = ue.end(failure(0x33))
        assert isinstance(effect, PeerFailed)
        assert "attribute 99" in effect.cause


def test_peer_refuses_a_reauthentication_it_did_not_arrange() -> None:
    ue = Recorder()
    sealed = seal((Attribute.number(At.COUNTER, 1), Attribute(At.NONCE_S, bytes(16))), Secret(bytes(16)), bytes(16))
    packet = ue.server.request(Subtype.REAUTHENTICATION, *sealed, k_aut=Secret(bytes(16)))
    assert ue.answer(packet).subtype is Subtype.CLIENT_ERROR


def test_peer_refuses_a_second_challenge() -> None:
    ue = Recorder().answered()
    assert ue.answer(ue.server.challenge()).subtype is Subtype.CLIENT_ERROR


def test_peer_that_refused_says_nothing_more() -> None:
    ue = Recorder().refused()
    assert ue.feed(ue.server.challenge()) == []
    assert isinstance(ue.peer.state, Refused)
    effect = ue.end(failure(ue.server.identifier))
    assert effect == PeerFailed("AT_NOTIFICATION 0 is not protected")
    assert ue.feed(ue.server.challenge()) == []
    assert isinstance(ue.peer.state, Done)


@pytest.mark.parametrize(
    "packet", [b"", b"\x01\x01\x00\x04", b"\x09\x01\x00\x04", identity_response(1, b"0"), b"junk" * 9]
)
def test_peer_drops_what_is_no_request(packet: bytes) -> None:
    ue = Recorder()
    assert ue.feed(packet) == []
    assert ue.answered()


def test_peer_ignores_another_method_once_one_has_begun() -> None:
    ue = Recorder()
    ue.answer(ue.server.ask(At.ANY_ID_REQ))
    assert ue.feed(EapPacket(EapCode.REQUEST, 3, EapMethod.AKA_PRIME, bytes(3)).build()) == []
    assert ue.feed(identity_request(1)) == []


def test_peer_fails_with_the_network_s_unexplained_failure() -> None:
    waiting = Recorder()
    waiting.answer(waiting.server.ask(At.ANY_ID_REQ))
    for ue in (Recorder(), waiting, Recorder().answered()):
        effect = ue.end(failure(1))
        assert effect == PeerFailed("EAP-Failure: the network gave no reason")


def test_peer_gives_up_with_what_it_waited_for() -> None:
    asked, confirmed = Recorder(), Recorder().answered(WANT_RESULT)
    asked.answer(asked.server.ask(At.ANY_ID_REQ))
    confirmed.answer(confirmed.server.notify(32768))
    begun = Recorder()
    begun.feed(identity_request(1))
    cases = {
        "an EAP method is missing": begun,
        "AKA-Challenge is missing": asked,
        "EAP-Success is missing": Recorder().answered(),
        "AKA-Notification is missing": Recorder().answered(WANT_RESULT),
        "60 s: EAP-Success is missing": confirmed,
        "AT_NOTIFICATION 0 is not protected": Recorder().refused(),
    }
    for cause, ue in cases.items():
        assert ue.peer.deadline == 60.0
        assert ue.peer.handle(Tick(), 59.0) == []
        (effect,) = ue.feed(Tick(), 60.0)
        assert isinstance(effect, PeerFailed)
        assert cause in effect.cause
        assert ue.peer.deadline is None


def test_peer_that_heard_nothing_waits_for_nothing() -> None:
    ue = Recorder()
    assert ue.peer.deadline is None
    assert ue.peer.handle(Tick(), 1000.0) == []


def test_network_cannot_keep_the_peer_waiting_for_ever() -> None:
    ue = Recorder()
    for now in range(50):
        ue.feed(identity_request(now), float(now))
    assert ue.peer.deadline == 60.0


SCENARIOS = (
    test_peer_tells_its_identity_when_asked,
    test_peer_acknowledges_a_notification_of_eap,
    test_peer_follows_identity_requests_in_their_order,
    test_peer_goes_on_after_a_resynchronisation,
    test_peer_waits_for_the_protected_success_it_agreed_on,
    test_peer_refuses_a_second_notification,
    test_confirmed_peer_ignores_other_packets,
    test_peer_answers_a_failure_before_authentication_without_a_mac,
    test_peer_that_refused_says_nothing_more,
    test_peer_fails_with_the_network_s_unexplained_failure,
    test_peer_gives_up_with_what_it_waited_for,
)


def test_peer_takes_every_transition_of_its_table() -> None:
    Recorder.taken.clear()
    for scenario in SCENARIOS:
        scenario()
    listed = {(state, event, following) for (state, event), after in TRANSITIONS.items() for following in after}
    assert Recorder.taken == listed


# What the network gave for the next time


RUN = load_run("aka_full_resultind_then_reauth")
FULL_KEYS = derive_keys(
    EapMethod.AKA,
    RUN.exchanges[0].rounds[0].identity,
    RUN.exchanges[0].rounds[0].vector().ck,
    RUN.exchanges[0].rounds[0].vector().ik,
)
PINNED = b"4once@aaa1.example"


def returning(once: Once | None = None) -> AkaPeer:
    """A UE that keeps `once` and a pseudonym."""
    kept = Kept(b"2p", once or Once(PINNED, FULL_KEYS, 1))
    return AkaPeer(
        usim=SoftwareUsim(RUN.k, RUN.opc),
        imsi=RUN.imsi,
        plmn=RUN.plmn,
        methods=(EapMethod.AKA,),
        kept=kept,
        random=bytes,
    )


def reauthentication_request(identifier: int, counter: int = 1) -> bytes:
    inside = (Attribute.number(At.COUNTER, counter), Attribute(At.NONCE_S, bytes(16)))
    items = Attributes((*seal(inside, FULL_KEYS.k_encr, bytes(16)), Attribute(At.RESULT_IND)))
    message = AkaMessage(EapCode.REQUEST, identifier, EapMethod.AKA, Subtype.REAUTHENTICATION, items)
    return message.build(FULL_KEYS.k_aut)


def success_notification(identifier: int, *inside: Attribute) -> bytes:
    encrypted = seal(inside, FULL_KEYS.k_encr, bytes(16)) if inside else ()
    items = Attributes((Attribute.number(At.NOTIFICATION, 32768), *encrypted))
    return AkaMessage(EapCode.REQUEST, identifier, EapMethod.AKA, Subtype.NOTIFICATION, items).build(FULL_KEYS.k_aut)


def answer_of(peer: AkaPeer, octets: bytes) -> AkaMessage:
    (effect,) = peer.handle(EapArrived(octets), 0.0)
    assert isinstance(effect, SendEap)
    return AkaMessage.parse(effect.packet)


def test_identity_for_once_is_gone_once_it_was_shown() -> None:
    peer = returning()
    assert peer.identity == PINNED
    (effect,) = peer.handle(EapArrived(identity_request(1)), 0.0)
    assert effect == SendEap(identity_response(1, PINNED))
    assert peer.kept == Kept(b"2p")


def test_success_of_a_reauthentication_counts_with_its_counter_alone() -> None:
    for inside, subtype in (
        ((Attribute.number(At.COUNTER, 1),), Subtype.NOTIFICATION),
        ((Attribute.number(At.COUNTER, 2),), Subtype.CLIENT_ERROR),
        ((Attribute(200, bytes(14)),), Subtype.CLIENT_ERROR),
        ((), Subtype.CLIENT_ERROR),
    ):
        peer = returning()
        assert answer_of(peer, reauthentication_request(2)).subtype is Subtype.REAUTHENTICATION
        assert answer_of(peer, success_notification(3, *inside)).subtype is subtype


def test_ue_keeps_nothing_without_entropy() -> None:
    peer = AkaPeer(
        usim=SoftwareUsim(RUN.k, RUN.opc),
        imsi=RUN.imsi,
        plmn=RUN.plmn,
        methods=(EapMethod.AKA,),
        kept=Kept(b"2p", Once(PINNED, FULL_KEYS, 1)),
    )
    assert peer.identity == f"0{RUN.imsi}@nai.epc.mnc015.mcc234.3gppnetwork.org".encode()
    assert answer_of(peer, reauthentication_request(2)).subtype is Subtype.CLIENT_ERROR
    assert peer.kept == Kept()
