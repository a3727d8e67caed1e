"""The whole core on an HSS in memory: a UE that is real, fronts that are played."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from structlog.testing import capture_logs

from aaa.eap.policy import AkaPolicy
from aaa.eap.temporary import Identities
from aaa.explaining.failed import FailedAttempt
from aaa.messages import (
    Accept,
    Access,
    AccessAnswer,
    AccessRequest,
    Challenge,
    Client,
    Ignore,
    Reject,
    RejectCause,
)
from aaa.service import EapAuthenticationService
from aaa.sessions import Conversation, MemoryConversations
from hss.api import ApnProfile, Assignment, AssignmentRequest, Profile, Refusal, ServiceRefused
from tests.aaa.identities.keyrings import Node
from tests.aaa.memory_hss import IMSI, INTERNET, PLMN, REALM, MemoryHss, Subscriber, profile, usim
from ue_sim.eap.temporary import Kept
from ue_sim.eap_peer import AkaPeer, EapArrived, KeysDerived, PeerFailed, SendEap
from ue_sim.usim import SoftwareUsim
from wire.eap.aka import AkaMessage
from wire.eap.attributes import At, Attribute, Attributes
from wire.eap.constants import Subtype
from wire.eap.packet import EapCode, EapPacket, failure, identity_response, nak
from wire.identity import EapMethod, Imsi
from wire.secret import Secret

AP = Client("ap", "WLAN")
PDNGW = Client("pdngw")
NODE = "aaa.epc.mnc001.mcc001.3gppnetwork.org"


class Clock:
    """Stands still until it is told to move."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Core:
    """The service and what is around it."""

    def __init__(
        self, *, policy: AkaPolicy | None = None, limit: int = 4000, identities: Identities | None = None
    ) -> None:
        self.card = usim()
        self.hss = MemoryHss()
        self.clock = Clock()
        random = Random(7)
        self.conversations = MemoryConversations(random=random.randbytes)
        self.service = EapAuthenticationService(
            hss=self.hss,
            conversations=self.conversations,
            node=NODE,
            clock=self.clock,
            random=random.randbytes,
            policy=policy,
            limit=limit,
            identities=identities,
            home_realm=REALM,
        )

    async def ask(
        self, eap: bytes, state: bytes | None = None, client: Client = PDNGW, apn: str | None = None
    ) -> AccessAnswer:
        return await self.service.authenticate(AccessRequest(client, eap, state, apn=apn))

    async def challenged(self, eap: bytes, state: bytes | None = None, client: Client = PDNGW) -> Challenge:
        answer = await self.ask(eap, state, client)
        assert isinstance(answer, Challenge), answer
        return answer

    async def run(self, ue: AkaPeer, client: Client = PDNGW, apn: str | None = None) -> tuple[AccessAnswer, Any]:
        """The whole authentication of `ue`: the front's last answer and the UE's last effect."""
        eap, state = identity_response(1, ue.identity), None
        while True:
            answer = await self.ask(eap, state, client, apn)
            assert not isinstance(answer, Ignore)
            (effect,) = ue.handle(EapArrived(answer.eap), 0.0)
            if not isinstance(answer, Challenge):
                return answer, effect
            assert isinstance(effect, SendEap)
            eap, state, apn = effect.packet, answer.state, None


def ue(method: EapMethod = EapMethod.AKA, card: SoftwareUsim | None = None, imsi: Imsi = IMSI) -> AkaPeer:
    return AkaPeer(usim=card or usim(), imsi=imsi, plmn=PLMN, methods=(method,))


IDENTITY = identity_response(1, f"0{IMSI}@{REALM}".encode())


@pytest.fixture(name="logs")
def _logs() -> Iterator[list[Any]]:
    with capture_logs() as lines:
        yield lines


def is_rejected(answer: AccessAnswer, cause: RejectCause) -> Reject:
    assert isinstance(answer, Reject)
    assert answer.cause is cause
    assert EapPacket.parse(answer.eap).code is EapCode.FAILURE
    return answer


# The access network's name


@pytest.mark.parametrize(
    ("client", "named", "name"),
    [
        (Client("ap", "WLAN"), "HRPD", "WLAN"),
        (Client("sta", "WLAN", names_network=True), "HRPD", "HRPD"),
        (Client("sta", "WLAN", names_network=True), None, "WLAN"),
        (Client("sta", names_network=True), "WIMAX", "WIMAX"),
    ],
)
async def test_service_takes_the_name_from_the_request_of_a_client_that_may_say_it(
    client: Client, named: str | None, name: str
) -> None:
    core = Core()
    user = ue(EapMethod.AKA_PRIME)
    request = AccessRequest(client, identity_response(1, user.identity), network_name=named)
    challenge = await core.service.authenticate(request)
    assert isinstance(challenge, Challenge)
    assert core.hss.vector_requests[0].network_name == name
    assert AkaMessage.parse(challenge.eap).attributes.get(At.KDF_INPUT) == name.encode()
    # a later round need not say it again, and cannot change it
    (response,) = user.handle(EapArrived(challenge.eap), 0.0)
    assert isinstance(response, SendEap)
    last = await core.service.authenticate(AccessRequest(client, response.packet, challenge.state, network_name="X"))
    assert isinstance(last, Accept)


# Identities of our own


async def test_service_knows_who_comes_back_and_tells_each_client_what_it_may_know(logs: list[Any]) -> None:
    core = Core(identities=Node().identities)
    kept = Kept()
    names = []
    for client in (PDNGW, PDNGW, Client("hotspot", show_imsi=False)):
        user = AkaPeer(
            usim=core.card, imsi=IMSI, plmn=PLMN, methods=(EapMethod.AKA,), kept=kept, random=Random(5).randbytes
        )
        answer, keys = await core.run(user, client)
        assert isinstance(answer, Accept)
        assert isinstance(keys, KeysDerived)
        assert (answer.imsi, answer.msk, answer.session_id) == (IMSI, keys.msk, keys.session_id)
        names.append(answer.user_name)
        kept = user.kept
    permanent = f"0{IMSI}@{REALM}"
    assert names[:2] == [permanent, permanent]
    assert (names[2][0], str(IMSI) in names[2]) == ("4", False)
    accepted = [line["identity"] for line in logs if line["event"] == "authentication accepted"]
    assert accepted == ["permanent", "fast re-authentication", "fast re-authentication"]
    assert len(core.hss.vector_requests) == 1
    assert len(core.hss.assignments) == 3


# EAP-SIM


async def test_service_takes_triplets_out_of_three_vectors_of_aka_and_not_out_of_one() -> None:
    core = Core(policy=AkaPolicy(allowed=(EapMethod.SIM,)))
    identity = identity_response(1, f"1{IMSI}@{REALM}".encode())
    items = Attributes((Attribute(At.NONCE_MT, bytes(16)), Attribute.number(At.SELECTED_VERSION, 1)))
    started = AkaMessage(EapCode.RESPONSE, 2, EapMethod.SIM, Subtype.SIM_START, items).build()
    first = await core.challenged(identity)
    challenge = await core.challenged(started, first.state)
    assert len(AkaMessage.parse(challenge.eap).attributes.get(At.RAND) or b"") == 48
    assert [(one.method, one.count) for one in core.hss.vector_requests] == [(EapMethod.AKA, 3)]
    core.hss.gives = 5
    first = await core.challenged(identity)
    generous = await core.challenged(started, first.state)
    # RFC 4186 §10.9: two or three RANDs, and a UE refuses more
    assert len(AkaMessage.parse(generous.eap).attributes.get(At.RAND) or b"") == 48
    core.hss.gives = 1
    first = await core.challenged(identity)
    refused = await core.challenged(started, first.state)
    assert AkaMessage.parse(refused.eap).subtype is Subtype.NOTIFICATION


# Accepted


@pytest.mark.parametrize(("method", "client"), [(EapMethod.AKA, PDNGW), (EapMethod.AKA, AP), (EapMethod.AKA_PRIME, AP)])
async def test_service_accepts_a_genuine_ue(method: EapMethod, client: Client, logs: list[Any]) -> None:
    core = Core()
    user = ue(method)
    answer, keys = await core.run(user, client)
    assert isinstance(answer, Accept)
    assert isinstance(keys, KeysDerived)
    assert (answer.msk, answer.session_id, answer.method) == (keys.msk, keys.session_id, method)
    assert len(answer.msk) == 64
    assert (answer.imsi, answer.user_name.encode()) == (IMSI, user.identity)
    assert (answer.profile, answer.apn) == (profile(), INTERNET)
    assert [(one.assignment, one.node) for one in core.hss.assignments] == [(Assignment.REGISTRATION, NODE)]
    assert core.hss.vector_requests[0].network_name == ("WLAN" if method is EapMethod.AKA_PRIME else None)
    assert len(core.conversations) == 0
    assert [(line["event"], line["log_level"]) for line in logs] == [("authentication accepted", "info")]
    assert logs[0]["imsi"] == str(IMSI)
    assert logs[0]["client"] == f"radius/{client.name}"
    assert logs[0]["method"] == method.name


async def test_service_registers_before_it_accepts_and_after_the_ue_has_proved_itself() -> None:
    core = Core(policy=AkaPolicy(result_ind=True))
    user = ue()
    first = await core.challenged(identity_response(1, user.identity))
    assert core.hss.assignments == []
    (response,) = user.handle(EapArrived(first.eap), 0.0)
    assert isinstance(response, SendEap)
    second = await core.challenged(response.packet, first.state)
    assert AkaMessage.parse(second.eap).attributes.number(At.NOTIFICATION) == 32768
    assert len(core.hss.assignments) == 1
    (response,) = user.handle(EapArrived(second.eap), 0.0)
    assert isinstance(response, SendEap)
    assert isinstance(await core.ask(response.packet, second.state), Accept)
    assert len(core.hss.assignments) == 1


async def test_service_begins_with_eap_start() -> None:
    core = Core()
    user = ue()
    first = await core.challenged(b"")
    (response,) = user.handle(EapArrived(first.eap), 0.0)
    assert isinstance(response, SendEap)
    second = await core.challenged(response.packet, first.state)
    (response,) = user.handle(EapArrived(second.eap), 0.0)
    assert isinstance(response, SendEap)
    assert isinstance(await core.ask(response.packet, second.state), Accept)


async def test_service_begins_anew_at_an_eap_start_with_an_old_state() -> None:
    core = Core()
    first = await core.challenged(IDENTITY)
    again = await core.challenged(b"", first.state)
    assert again.state != first.state


async def test_service_resynchronises() -> None:
    core = Core()
    answer, keys = await core.run(ue(card=usim(seq=5000)))
    assert isinstance(answer, Accept)
    assert isinstance(keys, KeysDerived)
    assert [one.resynchronisation is not None for one in core.hss.vector_requests] == [False, True]


async def test_service_judges_and_says_the_access_that_the_first_round_named() -> None:
    core, user, first = Core(), ue(), Access(0, 1)
    begun = await core.service.authenticate(AccessRequest(PDNGW, identity_response(1, user.identity), access=first))
    assert isinstance(begun, Challenge)
    (response,) = user.handle(EapArrived(begun.eap), 0.0)
    assert isinstance(response, SendEap)
    answer = await core.ask(response.packet, begun.state)
    assert isinstance(answer, Accept)
    assert answer.access == first


async def test_service_keeps_the_apn_of_the_first_round() -> None:
    core = Core()
    ims = ApnProfile(2, "ims")
    core.hss = MemoryHss(Subscriber(profile(INTERNET, ims)))
    core.service = EapAuthenticationService(
        hss=core.hss, conversations=core.conversations, node=NODE, clock=core.clock, random=Random(1).randbytes
    )
    answer, _ = await core.run(ue(), apn="ims")
    assert isinstance(answer, Accept)
    assert answer.apn == ims


# Rejected


async def test_service_rejects_an_unknown_user(logs: list[Any]) -> None:
    answer, told = await Core().run(ue(imsi=Imsi("001010000000009")))
    is_rejected(answer, RejectCause.USER_UNKNOWN)
    assert isinstance(told, PeerFailed)
    (line,) = logs
    assert (line["event"], line["cause"]) == ("authentication rejected", "user unknown")
    assert line["imsi"] == "001010000000009"


async def test_service_rejects_a_network_that_the_ue_rejects(logs: list[Any]) -> None:
    answer, _ = await Core().run(ue(card=usim(k=Secret(bytes(16)))))
    is_rejected(answer, RejectCause.NETWORK_REFUSED_BY_UE)
    assert [line["cause"] for line in logs] == ["the UE rejects the network's AUTN"]


async def test_service_rejects_an_apn_that_is_not_subscribed(logs: list[Any]) -> None:
    answer, told = await Core().run(ue(), apn="ims")
    assert is_rejected(answer, RejectCause.NO_APN_SUBSCRIPTION).imsi == IMSI
    assert isinstance(told, PeerFailed)
    assert "not subscribed" in told.cause
    assert len(logs) == 1


REFUSALS = [
    (Refusal.SUBSCRIBER_BARRED, RejectCause.SUBSCRIBER_BARRED),
    (Refusal.NO_NON_3GPP_SUBSCRIPTION, RejectCause.NO_NON_3GPP_SUBSCRIPTION),
    (Refusal.REGISTERED_ELSEWHERE, RejectCause.REGISTERED_ELSEWHERE),
    (Refusal.UNAVAILABLE, RejectCause.HSS_UNAVAILABLE),
    (Refusal.TOO_BUSY, RejectCause.TOO_BUSY),
]


@pytest.mark.parametrize(("refusal", "cause"), REFUSALS)
async def test_service_rejects_when_the_hss_refuses_a_vector(refusal: Refusal, cause: RejectCause) -> None:
    core = Core()
    core.hss.refuse_vectors = ServiceRefused(refusal)
    answer, _ = await core.run(ue())
    is_rejected(answer, cause)


@pytest.mark.parametrize(("refusal", "cause"), REFUSALS)
async def test_service_rejects_when_the_hss_refuses_registration(refusal: Refusal, cause: RejectCause) -> None:
    core = Core()
    core.hss.refuse_assign = ServiceRefused(refusal)
    answer, _ = await core.run(ue())
    is_rejected(answer, cause)


@pytest.mark.parametrize("rounds", [1, 2])
async def test_service_rejects_when_the_hss_does_not_answer(rounds: int, logs: list[Any]) -> None:
    core = Core(policy=AkaPolicy(hss_limit=0.01))
    user = ue()
    eap, state = identity_response(1, user.identity), None
    answer: AccessAnswer | None = None
    for number in range(1, 4):
        if number == rounds:
            core.hss.stall.clear()
        answer = await core.ask(eap, state)
        if not isinstance(answer, Challenge):
            break
        (effect,) = user.handle(EapArrived(answer.eap), 0.0)
        assert isinstance(effect, SendEap)
        eap, state = effect.packet, answer.state
    assert answer is not None
    is_rejected(answer, RejectCause.HSS_UNAVAILABLE)
    assert [line["cause"] for line in logs] == ["the HSS does not answer"]


async def test_service_rejects_a_ue_without_our_methods() -> None:
    core = Core()
    first = await core.challenged(IDENTITY)
    is_rejected(await core.ask(nak(2, 13), first.state), RejectCause.METHOD_REFUSED)
    assert len(core.conversations) == 0


async def test_service_rejects_a_state_that_it_never_gave(logs: list[Any]) -> None:
    answer = await Core().ask(IDENTITY, b"x" * 16)
    assert is_rejected(answer, RejectCause.UNKNOWN_STATE).eap == failure(1)
    assert [line["cause"] for line in logs] == ["no such conversation"]


async def test_service_rejects_a_state_of_another_client() -> None:
    core = Core()
    first = await core.challenged(IDENTITY)
    is_rejected(await core.ask(nak(2, 13), first.state, client=AP), RejectCause.UNKNOWN_STATE)


async def test_service_rejects_a_conversation_that_is_too_old() -> None:
    core = Core()
    first = await core.challenged(IDENTITY)
    core.clock.now += 60.0
    is_rejected(await core.ask(nak(2, 13), first.state), RejectCause.UNKNOWN_STATE)


# Duplicates, load, cancellation


async def test_service_ignores_a_response_that_comes_again() -> None:
    core = Core(policy=AkaPolicy(always_ask_identity=True))
    user = ue()
    first = await core.challenged(identity_response(1, user.identity))
    (response,) = user.handle(EapArrived(first.eap), 0.0)
    assert isinstance(response, SendEap)
    await core.challenged(response.packet, first.state)
    assert isinstance(await core.ask(response.packet, first.state), Ignore)
    assert len(core.hss.vector_requests) == 1


async def test_service_ends_a_conversation_that_has_no_chance_any_more_and_says_so(logs: list[Any]) -> None:
    core = Core()
    first = await core.challenged(IDENTITY)
    foreign = identity_response(99, b"again")
    assert isinstance(await core.ask(foreign, first.state), Ignore)
    last = AccessRequest(PDNGW, foreign, first.state, last_chance=True)
    rejected = is_rejected(await core.service.authenticate(last), RejectCause.BAD_EAP)
    assert (rejected.imsi, rejected.eap) == (IMSI, failure(99))
    (line,) = [line for line in logs if line["event"] == "authentication rejected"]
    assert line["detail"] == "identifier 99 answers no outstanding request, and the client has nothing better to bring"
    assert (line["imsi"], line["method"]) == (str(IMSI), "AKA")
    is_rejected(await core.ask(foreign, first.state), RejectCause.UNKNOWN_STATE)


async def test_service_ignores_a_round_that_it_is_serving() -> None:
    core = Core(policy=AkaPolicy(always_ask_identity=True))
    user = ue()
    first = await core.challenged(identity_response(1, user.identity))
    (response,) = user.handle(EapArrived(first.eap), 0.0)
    assert isinstance(response, SendEap)
    core.hss.stall.clear()
    serving = asyncio.create_task(core.ask(response.packet, first.state))
    await asyncio.sleep(0)
    assert await core.ask(response.packet, first.state) == Ignore("this round is being served", for_now=True)
    core.hss.stall.set()
    assert isinstance(await serving, Challenge)
    assert len(core.hss.vector_requests) == 1


async def test_service_serves_a_round_again_that_was_cancelled() -> None:
    core = Core(policy=AkaPolicy(always_ask_identity=True))
    user = ue()
    first = await core.challenged(identity_response(1, user.identity))
    (response,) = user.handle(EapArrived(first.eap), 0.0)
    assert isinstance(response, SendEap)
    core.hss.stall.clear()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await core.ask(response.packet, first.state)
    core.hss.stall.set()
    await core.challenged(response.packet, first.state)


async def test_round_that_gets_no_answer_is_told_and_its_ue_is_not_said_to_be_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    core, heard, answered = Core(), list[FailedAttempt](), list[bytes]()
    asked = await core.challenged(IDENTITY)
    core.service._failures, core.service._awaited = Heard(heard), Answered(answered)
    (response,) = ue().handle(EapArrived(asked.eap), 0.0)
    assert isinstance(response, SendEap)
    core.clock.now += 2.0
    core.hss.stall.clear()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await core.ask(response.packet, asked.state)
    core.hss.stall.set()
    monkeypatch.setattr(core.hss, "assign", None)
    with pytest.raises(TypeError):
        await core.ask(response.packet, asked.state)
    for attempt in heard:
        assert (attempt.ending.cause, attempt.ending.imsi, attempt.seconds) == (RejectCause.NOT_SERVED, IMSI, 2.0)
        assert (attempt.request.eap, attempt.reply) == (response.packet, b"")
    assert [attempt.ending.detail for attempt in heard] == [
        "it took longer than a request may, or this server was being ended",
        "a fault of this server (TypeError), of which its log has more",
    ]
    assert answered == [asked.state, asked.state]


class Answered:
    """The tokens of rounds that are over in a list."""

    def __init__(self, tokens: list[bytes]) -> None:
        self.answered = tokens.append
        self.waiting: list[object] = []

    def challenged(self, token: bytes, conversation: Conversation, request: AccessRequest, now: float) -> None:
        self.waiting.append((token, conversation, request, now))


class Heard:
    """Failures in a list."""

    def __init__(self, attempts: list[FailedAttempt]) -> None:
        self.heard = attempts.append


async def test_service_refuses_more_rounds_than_its_limit(logs: list[Any]) -> None:
    core = Core(limit=1)
    core.hss.stall.clear()
    serving = asyncio.create_task(core.ask(IDENTITY))
    await asyncio.sleep(0)
    is_rejected(await core.ask(IDENTITY), RejectCause.TOO_BUSY)
    core.hss.stall.set()
    assert isinstance(await serving, Challenge)
    assert isinstance(await core.ask(IDENTITY), Challenge)
    (line,) = [line for line in logs if line["event"] == "authentication rejected"]
    assert (line["cause"], line["detail"]) == ("too busy", "1 rounds are being served")
    assert (line["imsi"], line["client"], len(line["session"])) == (str(IMSI), "radius/pdngw", 14)


async def test_conversation_that_finds_no_room_is_told_with_all_that_was_known() -> None:
    core, heard = Core(limit=1), list[FailedAttempt]()
    asked = await core.challenged(IDENTITY)
    core.service._failures = Heard(heard)
    core.hss.stall.clear()
    serving = asyncio.create_task(core.ask(IDENTITY))
    await asyncio.sleep(0)
    (answer,) = ue().handle(EapArrived(asked.eap), 0.0)
    assert isinstance(answer, SendEap)
    is_rejected(await core.ask(answer.packet, asked.state), RejectCause.TOO_BUSY)
    (attempt,) = heard
    assert (attempt.ending.imsi, attempt.ending.method) == (IMSI, EapMethod.AKA)
    assert len(attempt.conversation.dialogue) == 2
    core.hss.stall.set()
    await serving


@pytest.mark.parametrize("eap", [b"\x02", b"\x02\x01\x00\xff\x01", b"\x01\x01\x00\x05\x01", b"\x09\x01\x00\x04"])
async def test_service_ignores_what_is_no_eap_response(eap: bytes) -> None:
    core = Core()
    assert isinstance(await core.ask(eap), Ignore)
    assert len(core.conversations) == 0


async def test_service_logs_no_key(logs: list[Any]) -> None:
    core = Core()
    core.hss.subscribers[IMSI] = replace(core.hss.subscribers[IMSI], seq=1)
    answer, _ = await core.run(ue())
    assert isinstance(answer, Accept)
    assert answer.msk.hex() not in repr(logs)
    assert repr(bytes(answer.msk)) not in repr(logs) + repr(answer)


# Users of another AAA server


async def test_user_of_another_server_is_sent_there_and_nothing_is_decided(logs: list[Any]) -> None:
    core = Core()
    core.hss.refuse_vectors = ServiceRefused(Refusal.REGISTERED_ELSEWHERE, "", "other.example")
    request = AccessRequest(PDNGW, IDENTITY, front="diameter", follows_redirects=True)
    answer = await core.service.authenticate(request)
    assert isinstance(answer, Reject)
    assert (answer.server, answer.imsi, answer.eap) == ("other.example", IMSI, b"")
    assert [line["event"] for line in logs] == ["user sent to another server"]
    # whoever cannot be sent on is refused
    assert isinstance(await core.ask(IDENTITY), Challenge)
    assert [line["cause"] for line in logs[1:]] == ["another AAA server serves this user"]


async def test_user_whose_server_has_failed_is_taken_over_with_his_vectors() -> None:
    core, user = Core(), ue()
    request = AccessRequest(PDNGW, identity_response(1, user.identity), front="diameter", aaa_failure=True)
    assert isinstance(await core.service.authenticate(request), Challenge)
    assert [one.aaa_failure for one in core.hss.vector_requests] == [True]


async def test_user_whose_server_failed_in_the_middle_is_taken_over_before_he_is_registered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    core, user = Core(), ue()
    challenge = await core.challenged(identity_response(1, user.identity))
    (response,) = user.handle(EapArrived(challenge.eap), 0.0)
    assert isinstance(response, SendEap)
    assign = core.hss.assign

    async def taken_over(request: AssignmentRequest) -> Profile | None:
        if not any(one.aaa_failure for one in core.hss.vector_requests):
            raise ServiceRefused(Refusal.REGISTERED_ELSEWHERE, "", "other.example")
        return await assign(request)

    monkeypatch.setattr(core.hss, "assign", taken_over)
    last = AccessRequest(PDNGW, response.packet, challenge.state, follows_redirects=True)
    sent = await core.service.authenticate(last)
    assert isinstance(sent, Reject)
    assert sent.server == "other.example"
    assert isinstance(await core.service.authenticate(replace(last, aaa_failure=True)), Accept)
    assert [one.aaa_failure for one in core.hss.vector_requests] == [False, True]
