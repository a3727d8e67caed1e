"""A UE that falls silent is told of once, with its last request; one that went on elsewhere, or failed, is not."""

from collections.abc import Collection
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from structlog.testing import capture_logs

from aaa.conversations.keys import ConversationKeys
from aaa.conversations.sealed import SealedConversations
from aaa.explaining import silence as module
from aaa.explaining.dialogue import lines
from aaa.explaining.failed import FailedAttempt
from aaa.explaining.silence import GRACE, Silence
from aaa.messages import Accept, AccessRequest, Challenge, Client, RejectCause
from aaa.service import EapAuthenticationService
from aaa.sessions import MemoryConversations, session_name
from hss.session_api import LedgerUnavailable
from tests.aaa.identities.keyrings import NOW, Node
from tests.aaa.memory_hss import IMSI, PLMN, REALM, K, MemoryHss, usim
from tests.aaa.test_service import Clock
from ue_sim.eap_peer import AkaPeer, EapArrived, SendEap
from wire.eap.packet import identity_response, nak
from wire.identity import EapMethod
from wire.secret import Secret

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
AGE = 60.0
LATE = AGE + GRACE + 1
GATEWAY = Client("pgw")


class Rows:
    """`hss.active_api.ContinuedRounds` in memory, which may be closed."""

    def __init__(self) -> None:
        self.kept: set[bytes] = set()
        self.closed = False

    async def note(self, rounds: Collection[bytes], at: datetime) -> None:
        if self.closed:
            raise LedgerUnavailable("the store is closed")
        assert at == NOON
        self.kept |= set(rounds)

    async def among(self, rounds: Collection[bytes]) -> frozenset[bytes]:
        if self.closed:
            raise LedgerUnavailable("the store is closed")
        return frozenset(rounds) & self.kept


class Process:
    """A worker with what it shares with others: the clock, the HSS, and perhaps SQL."""

    def __init__(self, clock: Clock, rows: Rows | None, *, seed: int = 1) -> None:
        self.heard_of: list[FailedAttempt] = []
        self.silence = Silence(self, rows, AGE, clock=clock, moment=lambda: NOON)
        node = Node(seed=seed)
        self.service = EapAuthenticationService(
            hss=MemoryHss(),
            conversations=SealedConversations(
                keys=ConversationKeys(lambda: node.keyring, lambda: NOW),
                wall_clock=lambda: NOW,
                recall=lambda _identity: None,
                kept=MemoryConversations(random=Random(seed).randbytes),
            ),
            node="aaa.example",
            clock=clock,
            random=Random(seed).randbytes,
            home_realm=REALM,
            failures=self,
            rounds=self.silence,
            name_session=lambda: session_name(NOW * 1000, seed),
        )

    def heard(self, attempt: FailedAttempt) -> None:
        """As `Failures.heard`."""
        self.heard_of.append(attempt)

    async def challenge(self, eap: bytes, state: bytes | None = None) -> Challenge:
        answer = await self.service.authenticate(AccessRequest(GATEWAY, eap, state, session="s1"))
        assert isinstance(answer, Challenge), answer
        return answer


def ue(k: Secret = K) -> AkaPeer:
    return AkaPeer(usim=usim(k=k), imsi=IMSI, plmn=PLMN, methods=(EapMethod.AKA,))


def answer_of(user: AkaPeer, challenge: Challenge) -> bytes:
    (effect,) = user.handle(EapArrived(challenge.eap), 0.0)
    assert isinstance(effect, SendEap)
    return effect.packet


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_user_who_is_silent_after_a_challenge_is_told_of_once(clock: Clock) -> None:
    process = Process(clock, Rows())
    await process.challenge(identity_response(1, ue().identity))
    clock.now += AGE
    await process.silence.look()
    assert process.heard_of == []
    clock.now += LATE - AGE
    await process.silence.look()
    await process.silence.look()
    (attempt,) = process.heard_of
    assert (attempt.ending.cause, attempt.ending.imsi) == (RejectCause.UE_SILENT, IMSI)
    assert attempt.ending.method is EapMethod.AKA
    assert attempt.ending.detail.startswith("silent after EAP-Request/AKA-Challenge for 66 s")
    assert attempt.request.session == "s1"
    told = [line.message for line in lines(b"", (*attempt.conversation.dialogue, attempt.request.eap, attempt.reply))]
    assert told == ["EAP-Response/Identity", "EAP-Request/AKA-Challenge"]


async def test_user_who_never_said_who_he_is_is_told_of_as_unknown(clock: Clock) -> None:
    process = Process(clock, None)
    await process.challenge(b"")
    clock.now += LATE
    await process.silence.look()
    (attempt,) = process.heard_of
    assert (attempt.ending.imsi, attempt.ending.method) == (None, None)
    assert "silent after EAP-Request/Identity" in attempt.ending.detail


async def test_user_who_was_let_in_is_not_silent(clock: Clock) -> None:
    process, user = Process(clock, Rows()), ue()
    challenge = await process.challenge(identity_response(1, user.identity))
    await process.service.authenticate(AccessRequest(GATEWAY, answer_of(user, challenge), challenge.state))
    clock.now += LATE
    await process.silence.look()
    assert process.heard_of == []


async def test_user_whose_failure_was_told_is_not_told_of_again(clock: Clock) -> None:
    process = Process(clock, Rows())
    challenge = await process.challenge(identity_response(1, ue().identity))
    wrong = answer_of(ue(Secret(bytes(16))), challenge)
    await process.service.authenticate(AccessRequest(GATEWAY, wrong, challenge.state))
    clock.now += LATE
    await process.silence.look()
    assert [attempt.ending.cause for attempt in process.heard_of] == [RejectCause.NETWORK_REFUSED_BY_UE]


async def test_answer_that_is_discarded_leaves_the_user_silent(clock: Clock) -> None:
    process = Process(clock, Rows())
    challenge = await process.challenge(identity_response(1, ue().identity))
    await process.service.authenticate(AccessRequest(GATEWAY, nak(challenge.eap[1] ^ 1, 13), challenge.state))
    clock.now += LATE
    await process.silence.look()
    assert len(process.heard_of) == 1


async def test_user_who_went_on_at_another_process_is_told_of_by_nobody(clock: Clock) -> None:
    rows, user = Rows(), ue()
    first, second = Process(clock, rows, seed=1), Process(clock, rows, seed=2)
    challenge = await first.challenge(identity_response(1, user.identity))
    accepted = await second.service.authenticate(AccessRequest(GATEWAY, answer_of(user, challenge), challenge.state))
    assert isinstance(accepted, Accept), accepted
    assert rows.kept == set()
    rows.closed = True
    with pytest.raises(LedgerUnavailable):
        await second.silence.look()
    rows.closed = False
    await second.silence.look()
    assert len(rows.kept) == 1
    clock.now += LATE
    for process in (first, second):
        await process.silence.look()
        assert process.heard_of == []


async def test_store_that_is_closed_loses_no_silent_user(clock: Clock) -> None:
    rows = Rows()
    process = Process(clock, rows)
    await process.challenge(identity_response(1, ue().identity))
    clock.now += LATE
    rows.closed = True
    with pytest.raises(LedgerUnavailable):
        await process.silence.look()
    rows.closed = False
    await process.silence.look()
    assert len(process.heard_of) == 1


async def test_flood_of_silent_users_is_bounded(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIMIT", 5)
    monkeypatch.setattr(module, "AT_ONCE", 2)
    process = Process(clock, Rows())
    for _ in range(8):
        await process.challenge(b"")
    clock.now += LATE
    with capture_logs() as said:
        for told in (2, 4, 5, 5):
            await process.silence.look()
            assert len(process.heard_of) == told
    lines_said: list[Any] = [line for line in said if line["event"] == "silent users not told of"]
    assert [line["count"] for line in lines_said] == [3]
