"""A UE whose every round comes to another worker: each way through EAP ends as it would at one, and nothing is shared.

The workers have a keyring, and an HSS behind them; each has its own clock, its own entropy and no memory of the others.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from random import Random

import pytest
from structlog.testing import capture_logs

from aaa.conversations.keys import ConversationKeys
from aaa.conversations.sealed import FORMAT, FORMAT_BY_NAME, SealedConversations, Shared
from aaa.eap.policy import AkaPolicy
from aaa.messages import Accept, AccessAnswer, AccessRequest, Challenge, Client, Ignore, Reject, RejectCause
from aaa.service import EapAuthenticationService
from aaa.sessions import MemoryConversations, session_name
from tests.aaa.identities.keyrings import NOW, Node
from tests.aaa.memory_hss import IMSI, PLMN, REALM, MemoryHss, usim
from ue_sim.eap.temporary import Kept
from ue_sim.eap_peer import AkaPeer, EapArrived, KeysDerived, PeerFailed, SendEap
from ue_sim.usim import SoftwareUsim
from wire.eap.packet import identity_response
from wire.identity import EapMethod, IdentityKind, classify

AP = Client("ap", "WLAN")
METHODS = pytest.mark.parametrize("method", [EapMethod.AKA, EapMethod.AKA_PRIME])
POLICIES = pytest.mark.parametrize(
    "policy", [AkaPolicy(), AkaPolicy(result_ind=True), AkaPolicy(always_ask_identity=True, result_ind=True)]
)


def worker(number: int, hss: MemoryHss, policy: AkaPolicy) -> EapAuthenticationService:
    """One process."""
    node, random = Node(seed=number), Random(number)
    boot = 1000.0 * number
    return EapAuthenticationService(
        hss=hss,
        conversations=SealedConversations(
            keys=ConversationKeys(lambda: node.keyring, lambda: NOW),
            wall_clock=lambda: NOW,
            recall=lambda identity: node.identities.recall(classify(identity)),
            kept=MemoryConversations(random=random.randbytes),
            shared=Shared((REALM,)),
        ),
        node="aaa.example",
        clock=lambda: NOW - boot,
        random=random.randbytes,
        policy=policy,
        identities=node.identities,
        home_realm=REALM,
        name_session=lambda: session_name(int(NOW * 1000), number),
    )


@dataclass
class Place:
    """Two workers, one HSS, and the client that asks them in turn."""

    policy: AkaPolicy = field(default_factory=AkaPolicy)
    hss: MemoryHss = field(default_factory=MemoryHss)
    rounds: int = 0

    def __post_init__(self) -> None:
        self.workers = [worker(number, self.hss, self.policy) for number in (1, 2)]
        self.states: list[bytes] = []
        self.client = AP
        self.user_name = "load"

    async def ask(self, eap: bytes, state: bytes | None, apn: str | None = None) -> AccessAnswer:
        """The next worker's answer."""
        self.rounds += 1
        worker = self.workers[self.rounds % 2]
        return await worker.authenticate(AccessRequest(self.client, eap, state, self.user_name, apn))

    async def run(
        self, ue: AkaPeer, apn: str | None = None, says: Mapping[int, str] | None = None, hidden: str = ""
    ) -> tuple[AccessAnswer, object]:
        """The last answer, and what the UE made of it.

        User-Name is another in the rounds that `says` has; EAP-Response/Identity is `hidden`, where that is given.
        """
        first = hidden or ue.identity.decode()
        eap, state = identity_response(1, first.encode()), None
        for number in count(1):
            self.user_name = (says or {}).get(number, first)
            answer = await self.ask(eap, state, apn)
            assert not isinstance(answer, Ignore)
            (effect,) = ue.handle(EapArrived(answer.eap), 0.0)
            if not isinstance(answer, Challenge):
                return answer, effect
            assert isinstance(effect, SendEap)
            assert len(answer.state) <= 253
            self.states.append(answer.state)
            # the APN is named in the first round alone
            eap, state, apn = effect.packet, answer.state, None
        raise AssertionError("an EAP conversation without an end")

    async def admitted(self, ue: AkaPeer) -> Accept:
        """Both ends agree on the MSK."""
        answer, keys = await self.run(ue)
        assert isinstance(answer, Accept)
        assert isinstance(keys, KeysDerived)
        assert answer.msk == keys.msk
        assert answer.session_id == keys.session_id
        return answer


def ue(method: EapMethod, kept: Kept | None = None, card: SoftwareUsim | None = None) -> AkaPeer:
    random = Random(3).randbytes
    return AkaPeer(usim=card or usim(), imsi=IMSI, plmn=PLMN, methods=(method,), kept=kept or Kept(), random=random)


@METHODS
@POLICIES
async def test_full_and_fast_authentications_end_at_another_worker(method: EapMethod, policy: AkaPolicy) -> None:
    place, card = Place(policy), usim()
    kept, msks = Kept(), set()
    for turn in range(4):
        peer = ue(method, kept, card)
        before = len(place.hss.vector_requests)
        accept = await place.admitted(peer)
        assert (len(place.hss.vector_requests) == before) == (turn > 0), "the first is full, the others are fast"
        assert accept.user_name.startswith(f"{'06'[method is EapMethod.AKA_PRIME]}{IMSI}@")
        assert accept.apn is not None
        msks.add(bytes(accept.msk))
        kept = peer.kept
    assert len(msks) == 4
    assert len(set(place.states)) == len(place.states)


PARTNER = "trusted-access-of-a-partner"


async def elsewhere(place: Place, network: str) -> AkaPeer:
    """A UE of EAP-AKA' whose fast re-authentication identity counts for nothing in another access network."""
    card = usim()
    first = ue(EapMethod.AKA_PRIME, card=card)
    await place.admitted(first)
    place.client = Client("ap", network)
    place.states.clear()
    return ue(EapMethod.AKA_PRIME, first.kept, card)


@pytest.mark.parametrize("result_ind", [False, True])
@pytest.mark.parametrize(("network", "formats"), [("HRPD", {FORMAT}), (PARTNER, {FORMAT, FORMAT_BY_NAME})])
async def test_full_authentication_by_an_identity_for_fast_ones_ends_at_another_worker(
    network: str, formats: set[int], result_ind: bool
) -> None:
    place = Place(AkaPolicy(always_ask_identity=True, result_ind=result_ind))
    peer = await elsewhere(place, network)
    await place.admitted(peer)
    assert [request.network_name for request in place.hss.vector_requests] == ["WLAN", network]
    assert len(place.states) == 2 + result_ind
    assert {state[0] for state in place.states} == formats


async def test_user_who_hides_behind_another_user_name_needs_it_not() -> None:
    place = Place(AkaPolicy(result_ind=True))
    peer = await elsewhere(place, "HRPD")
    answer, keys = await place.run(peer, hidden="anonymous@example.org")
    assert isinstance(answer, Accept)
    assert isinstance(keys, KeysDerived)
    assert answer.msk == keys.msk
    assert [request.network_name for request in place.hss.vector_requests] == ["WLAN", "HRPD"]
    assert {state[0] for state in place.states} == {FORMAT}


async def test_other_user_name_between_rounds_gets_no_further_at_another_worker() -> None:
    place = Place(AkaPolicy(always_ask_identity=True))
    peer = await elsewhere(place, PARTNER)
    with capture_logs() as lines:
        answer, effect = await place.run(peer, says={3: f"6{IMSI}@{REALM}"})
    assert isinstance(answer, Reject)
    assert answer.cause is RejectCause.UNKNOWN_STATE
    assert isinstance(effect, PeerFailed)
    (line,) = [line for line in lines if line["event"] == "authentication rejected"]
    assert "it goes with one User-Name" in line["detail"]


@METHODS
async def test_pseudonym_leads_to_a_full_authentication_at_another_worker(method: EapMethod) -> None:
    place, card = Place(AkaPolicy(always_ask_identity=True)), usim()
    first = ue(method, card=card)
    await place.admitted(first)
    kept = Kept(pseudonym=first.kept.pseudonym)
    with capture_logs() as lines:
        await place.admitted(ue(method, kept, card))
    (line,) = [line for line in lines if line["event"] == "authentication accepted"]
    assert line["identity"] == IdentityKind.PSEUDONYM.value


@METHODS
async def test_resynchronisation_ends_at_another_worker(method: EapMethod) -> None:
    place = Place()
    await place.admitted(ue(method, card=usim(seq=1000)))
    assert [request.resynchronisation is None for request in place.hss.vector_requests] == [True, False]


async def test_other_method_is_agreed_upon_with_another_worker() -> None:
    place = Place(AkaPolicy(allowed=(EapMethod.AKA_PRIME, EapMethod.AKA), always_ask_identity=True))
    accept = await place.admitted(ue(EapMethod.AKA))
    assert accept.method is EapMethod.AKA


@METHODS
async def test_denial_is_told_by_one_worker_and_ended_by_another(method: EapMethod) -> None:
    answer, effect = await Place().run(ue(method), apn="not-subscribed")
    assert isinstance(answer, Reject)
    assert answer.cause is RejectCause.NO_APN_SUBSCRIPTION
    assert isinstance(effect, PeerFailed)


@METHODS
async def test_wrong_card_is_refused_by_another_worker(method: EapMethod) -> None:
    place = Place()
    eap = identity_response(1, ue(method).identity)
    asked = await place.ask(eap, None)
    assert isinstance(asked, Challenge)
    replayed = bytes((2,)) + asked.eap[1:]
    notified = await place.ask(replayed, asked.state)
    assert isinstance(notified, Challenge)
    ended = await place.ask(bytes((2,)) + notified.eap[1:], notified.state)
    assert isinstance(ended, Reject)


async def test_session_of_a_gateway_has_one_name_in_the_log_of_every_worker() -> None:
    place = Place()
    first = AccessRequest(AP, identity_response(1, ue(EapMethod.AKA).identity), front="diameter", session="gw;1;2")
    asked = await place.workers[0].authenticate(first)
    assert isinstance(asked, Challenge)
    with capture_logs() as lines:
        await place.workers[1].authenticate(replace(first, eap=bytes((2,)) + asked.eap[1:], state=asked.state))
    assert [(line["session"], line.get("nas_session")) for line in lines] == [("gw;1;2", None)]


async def test_round_that_was_answered_is_answered_again_by_another_worker() -> None:
    place, peer = Place(), ue(EapMethod.AKA)
    asked = await place.ask(identity_response(1, peer.identity), None)
    assert isinstance(asked, Challenge)
    (answer,) = peer.handle(EapArrived(asked.eap), 0.0)
    assert isinstance(answer, SendEap)
    ends = [await place.ask(answer.packet, asked.state) for _ in range(2)]
    assert isinstance(ends[0], Accept)
    assert isinstance(ends[1], Accept)
    assert ends[0].msk == ends[1].msk


async def test_foreign_altered_and_old_state_get_the_same_answer() -> None:
    place = Place()
    eap = identity_response(1, ue(EapMethod.AKA).identity)
    asked = await place.ask(eap, None)
    assert isinstance(asked, Challenge)
    other = Client("other", "WLAN")
    altered = asked.state[:-1] + bytes((asked.state[-1] ^ 1,))
    with capture_logs() as lines:
        ends = [
            await place.workers[number].authenticate(AccessRequest(client, eap, state))
            for number in (0, 1)
            for client, state in ((other, asked.state), (AP, altered), (AP, b"nonsense"), (AP, bytes(16)))
        ]
    assert len({(end.eap, end.cause) for end in ends if isinstance(end, Reject)}) == 1
    assert len(ends) == 8
    assert len({line["detail"] for line in lines}) == 3
