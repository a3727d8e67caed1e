"""The UE's peer against the AAA server's machines, with a pass-through authenticator that retransmits between them.

The names of the variations are those of hostap's hwsim tests.
"""

from dataclasses import dataclass, field, replace
from random import Random

import pytest

from aaa.authorization import Authorized
from aaa.eap.aka_server import AkaServer
from aaa.eap.authenticator import Authenticator
from aaa.eap.events import (
    Discard,
    EapArrived,
    Effect,
    Failed,
    FetchProfile,
    FetchVector,
    ProfileArrived,
    ProfileRefused,
    SendEap,
    Succeeded,
    VectorArrived,
    VectorRefused,
)
from aaa.eap.policy import AkaPolicy
from aaa.eap.temporary import Identities
from aaa.identities.sealed import Limits
from aaa.messages import RejectCause
from aaa.refusals import describe
from hss.api import ServiceRefused, VectorRequest
from tests.aaa.identities.keyrings import NOW, Node
from tests.aaa.memory_hss import IMSI, INTERNET, PLMN, MemoryHss, Subscriber, profile, usim
from ue_sim import eap_peer
from ue_sim.eap.temporary import Kept
from ue_sim.eap_peer import AkaPeer, KeysDerived, PeerFailed
from ue_sim.usim import SoftwareUsim
from wire.eap.aka import AkaMessage
from wire.eap.constants import Subtype
from wire.identity import EapMethod, IdentityKind, Imsi
from wire.secret import Secret

AKA, PRIME = EapMethod.AKA, EapMethod.AKA_PRIME
WLAN = AkaPolicy(network_name="WLAN")


@dataclass
class Link:
    """Loses and doubles packets both ways; entropy is seeded, so that every run is the same."""

    random: Random
    loss: float = 0.0
    double: float = 0.0

    def carry(self, packet: bytes) -> list[bytes]:
        if self.random.random() < self.loss:
            return []
        return [packet] * (2 if self.random.random() < self.double else 1)


@dataclass
class Network:
    """A UE, a gateway that only retransmits, and the AAA server's EAP."""

    ue: AkaPeer
    server: Authenticator
    hss: MemoryHss = field(default_factory=MemoryHss)
    link: Link = field(default_factory=lambda: Link(Random(1)))
    denied: RejectCause | None = None
    over: Succeeded | Failed | None = None
    told: KeysDerived | PeerFailed | None = None
    exchanged: list[Subtype] = field(default_factory=list)
    sent: int = 0

    def run(self) -> None:
        """From EAP-Start until both ends know, or nothing moves any more."""
        request = self._serve(b"")
        while request is not None:
            response = self._relay(request)
            if response is None:
                return
            answer = self._serve(response)
            request = answer or request

    def _serve(self, response: bytes) -> bytes | None:
        """The server's next packet; None when it has none for the UE."""
        if self.over is not None:
            return None
        effect: Effect
        (effect,) = self.server.handle(EapArrived(response), 0.0)
        while isinstance(effect, FetchVector | FetchProfile):
            (effect,) = self.server.handle(self._home(effect), 0.0)
        match effect:
            case SendEap(octets):
                self._note(octets)
                return octets
            case Succeeded() | Failed():
                self.over = effect
                self._deliver(effect.eap)
                return None
            case Discard():
                return None

    def _home(
        self, effect: FetchVector | FetchProfile
    ) -> VectorArrived | VectorRefused | ProfileArrived | ProfileRefused:
        if isinstance(effect, FetchProfile):
            grant = Authorized(profile(), INTERNET)
            return ProfileRefused(self.denied) if self.denied else ProfileArrived(grant)
        request = VectorRequest(
            effect.imsi,
            "aaa",
            effect.method,
            network_name=effect.network_name,
            resynchronisation=effect.resynchronisation,
        )
        try:
            return VectorArrived(self.hss.vector(request))
        except ServiceRefused as refused:
            return VectorRefused(*describe(refused))

    def _relay(self, request: bytes) -> bytes | None:
        """The UE's first answer to `request`, however often it must be sent (RFC 3748 §4.3); later copies go too."""
        for _ in range(50):
            self.sent += 1
            answers = [answer for copy in self.link.carry(request) for answer in self._ask(copy)]
            arrived = [copy for answer in answers for copy in self.link.carry(answer)]
            for copy in arrived[1:]:
                assert copy == arrived[0]
            if arrived:
                return arrived[0]
            if self.told is not None:
                return None
        return None

    def _ask(self, packet: bytes) -> list[bytes]:
        answers = []
        for effect in self.ue.handle(eap_peer.EapArrived(packet), 0.0):
            match effect:
                case eap_peer.SendEap(octets):
                    answers.append(octets)
                case KeysDerived() | PeerFailed():
                    self.told = effect
        return answers

    def _deliver(self, result: bytes) -> None:
        # RFC 3748 §4.2: Success and Failure are not acknowledged; here the last hop does not lose them.
        assert self._ask(result) == []

    def _note(self, octets: bytes) -> None:
        if octets[4] in (AKA, PRIME):
            self.exchanged.append(AkaMessage.parse(octets).subtype)

    @property
    def agreed(self) -> bool:
        """Whether both ends hold the same keys."""
        return (
            isinstance(self.over, Succeeded)
            and isinstance(self.told, KeysDerived)
            and (self.over.msk, self.over.session_id, self.over.method)
            == (self.told.msk, self.told.session_id, self.told.method)
        )

    @property
    def cause(self) -> RejectCause | None:
        """Why it failed, when both ends say that it did."""
        failed = isinstance(self.over, Failed) and isinstance(self.told, PeerFailed)
        return self.over.cause if failed and isinstance(self.over, Failed) else None


def peer(
    *methods: EapMethod,
    card: SoftwareUsim | None = None,
    imsi: Imsi = IMSI,
    network_name: str | None = None,
    result_ind: bool = True,
    kept: Kept | None = None,
) -> AkaPeer:
    return AkaPeer(
        usim=card or usim(),
        imsi=imsi,
        plmn=PLMN,
        methods=methods or (AKA,),
        network_name=network_name,
        result_ind=result_ind,
        kept=kept,
        random=Random(3).randbytes,
    )


def declined(method: EapMethod) -> list[Subtype]:
    """What a UE with this method alone says Nak to where its identity is not believed: EAP-AKA' is preferred."""
    return [IDENTITY] if method is AKA else []


def network(
    ue: AkaPeer | None = None, policy: AkaPolicy = WLAN, identities: Identities | None = None, **rest: object
) -> Network:
    server = Authenticator(AkaServer(policy, Random(2).randbytes, identities))
    built = Network(ue or peer(), server)
    for name, value in rest.items():
        setattr(built, name, value)
    built.run()
    return built


CHALLENGE, IDENTITY, NOTIFICATION = Subtype.CHALLENGE, Subtype.IDENTITY, Subtype.NOTIFICATION


@pytest.mark.parametrize("method", [AKA, PRIME])
def test_eap_aka(method: EapMethod) -> None:
    run = network(peer(method))
    assert run.agreed
    assert run.exchanged == [CHALLENGE]


@pytest.mark.parametrize("method", [AKA, PRIME])
def test_eap_aka_id_round(method: EapMethod) -> None:
    run = network(peer(method), replace(WLAN, always_ask_identity=True))
    assert run.agreed
    assert run.exchanged == [*declined(method), IDENTITY, CHALLENGE]


@pytest.mark.parametrize("method", [AKA, PRIME])
def test_eap_aka_result_ind(method: EapMethod) -> None:
    run = network(peer(method), replace(WLAN, result_ind=True))
    assert run.agreed
    assert run.exchanged == [CHALLENGE, NOTIFICATION]


def test_eap_aka_result_ind_only_the_server_wants() -> None:
    run = network(peer(AKA, result_ind=False), replace(WLAN, result_ind=True))
    assert run.agreed
    assert run.exchanged == [CHALLENGE]


@pytest.mark.parametrize("method", [AKA, PRIME])
def test_eap_aka_resync(method: EapMethod) -> None:
    run = network(peer(method, card=usim(seq=900)))
    assert run.agreed
    assert run.exchanged == [CHALLENGE, CHALLENGE]


def test_eap_aka_resync_of_a_card_that_the_hss_never_reaches() -> None:
    class Stubborn(MemoryHss):
        """Gives SQN 0 for ever."""

        def vector(self, request: VectorRequest) -> object:  # type: ignore[override]
            self.subscribers[IMSI] = replace(self.subscribers[IMSI], seq=0)
            return super().vector(replace(request, resynchronisation=None))

    run = network(peer(card=usim(seq=900)), hss=Stubborn())
    assert run.cause is RejectCause.RESYNCHRONISATION_REJECTED
    assert run.exchanged == [CHALLENGE, CHALLENGE, NOTIFICATION]


@pytest.mark.parametrize("method", [AKA, PRIME])
def test_eap_aka_wrong_k(method: EapMethod) -> None:
    run = network(peer(method, card=usim(k=Secret(bytes(16)))))
    assert run.cause is RejectCause.NETWORK_REFUSED_BY_UE
    assert run.exchanged == [CHALLENGE]


@pytest.mark.parametrize("method", [AKA, PRIME])
def test_eap_aka_unknown_user(method: EapMethod) -> None:
    run = network(peer(method, imsi=Imsi("001010000000009")))
    assert run.cause is RejectCause.USER_UNKNOWN
    assert run.exchanged == [NOTIFICATION]


def test_eap_aka_prime_amf_separation_bit_0() -> None:
    hss = MemoryHss()
    hss.amf_mask = 0x7FFF
    assert network(peer(PRIME), hss=hss).cause is RejectCause.NETWORK_REFUSED_BY_UE


def test_eap_aka_amf_separation_bit_0_does_no_harm() -> None:
    hss = MemoryHss(Subscriber(profile(), amf=0))
    assert network(peer(AKA), hss=hss).agreed


def test_eap_aka_prime_kdf_negotiation() -> None:
    run = network(peer(PRIME), replace(WLAN, kdfs=(2, 1)))
    assert run.agreed
    assert run.exchanged == [CHALLENGE, CHALLENGE]


def test_eap_aka_prime_kdf_negotiation_then_resync() -> None:
    run = network(peer(PRIME, card=usim(seq=900)), replace(WLAN, kdfs=(2, 1)))
    assert run.agreed
    assert run.exchanged == [CHALLENGE, CHALLENGE, CHALLENGE]


def test_eap_aka_prime_no_common_kdf() -> None:
    run = network(peer(PRIME), replace(WLAN, kdfs=(2, 3)))
    assert run.cause is RejectCause.NETWORK_REFUSED_BY_UE


def test_eap_aka_prime_wrong_network_name() -> None:
    run = network(peer(PRIME, network_name="HRPD"))
    assert run.cause is RejectCause.NETWORK_REFUSED_BY_UE


def test_eap_aka_prime_ue_where_only_aka_is_offered() -> None:
    run = network(peer(PRIME, AKA), AkaPolicy())
    assert run.agreed
    assert isinstance(run.over, Succeeded)
    assert run.over.method is AKA
    assert run.exchanged == [IDENTITY, CHALLENGE]


def test_eap_aka_prime_ue_that_has_no_aka_where_only_aka_is_offered() -> None:
    run = network(peer(PRIME), AkaPolicy())
    assert run.cause is RejectCause.METHOD_REFUSED


def test_eap_aka_bidding_down() -> None:
    # Somebody makes EAP-AKA out of the identity of a UE that prefers EAP-AKA', and the server has both.
    ue = peer(PRIME, AKA)
    server = Authenticator(AkaServer(WLAN, Random(2).randbytes))
    start = server.handle(EapArrived(b""), 0.0)
    assert isinstance(start[0], SendEap)
    (answer,) = ue.handle(eap_peer.EapArrived(start[0].octets), 0.0)
    assert isinstance(answer, eap_peer.SendEap)
    downgraded = answer.packet[:5] + b"0" + answer.packet[6:]
    (fetch,) = server.handle(EapArrived(downgraded), 0.0)
    assert isinstance(fetch, FetchVector)
    vector = MemoryHss().vector(VectorRequest(IMSI, "aaa", fetch.method))
    (challenge,) = server.handle(VectorArrived(vector), 0.0)
    assert isinstance(challenge, SendEap)
    (answer,) = ue.handle(eap_peer.EapArrived(challenge.octets), 0.0)
    assert isinstance(answer, eap_peer.SendEap)
    (over,) = server.handle(EapArrived(answer.packet), 0.0)
    assert isinstance(over, Failed)
    assert over.cause is RejectCause.CLIENT_ERROR


def test_eap_aka_prime_where_an_identity_that_is_not_believed_says_eap_aka() -> None:
    """RFC 9048 §4: both ends have EAP-AKA' and prefer it; whoever altered the identity has won nothing."""
    ue = peer(PRIME, AKA)
    server = Authenticator(AkaServer(replace(WLAN, always_ask_identity=True), Random(2).randbytes))
    start = server.handle(EapArrived(b""), 0.0)
    assert isinstance(start[0], SendEap)
    (answer,) = ue.handle(eap_peer.EapArrived(start[0].octets), 0.0)
    assert isinstance(answer, eap_peer.SendEap)
    (asked,) = server.handle(EapArrived(answer.packet[:5] + b"0" + answer.packet[6:]), 0.0)
    assert isinstance(asked, SendEap)
    (answer,) = ue.handle(eap_peer.EapArrived(asked.octets), 0.0)
    assert isinstance(answer, eap_peer.SendEap)
    (fetch,) = server.handle(EapArrived(answer.packet), 0.0)
    assert isinstance(fetch, FetchVector)
    assert fetch.method is PRIME
    (challenge,) = server.handle(
        VectorArrived(MemoryHss().vector(VectorRequest(IMSI, "aaa", PRIME, network_name="WLAN"))), 0.0
    )
    assert isinstance(challenge, SendEap)
    answer, *_ = ue.handle(eap_peer.EapArrived(challenge.octets), 0.0)
    assert isinstance(answer, eap_peer.SendEap)
    assert [*server.handle(EapArrived(answer.packet), 0.0)] == [FetchProfile(IMSI)]


@pytest.mark.parametrize(
    ("denied", "words"),
    [
        (RejectCause.NO_APN_SUBSCRIPTION, "1031"),
        (RejectCause.SUBSCRIBER_BARRED, "1026"),
        (RejectCause.HSS_UNAVAILABLE, "1026"),
    ],
)
def test_eap_aka_denied_after_authentication(denied: RejectCause, words: str) -> None:
    run = network(peer(), denied=denied)
    assert run.cause is denied
    assert isinstance(run.told, PeerFailed)
    assert words in run.told.cause


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("method", [AKA, PRIME])
def test_eap_aka_survives_loss_and_duplication(method: EapMethod, seed: int) -> None:
    policy = replace(WLAN, result_ind=True, always_ask_identity=True)
    run = network(peer(method, card=usim(seq=900)), policy, link=Link(Random(seed), loss=0.3, double=0.5))
    assert run.agreed
    assert run.exchanged == [*declined(method), IDENTITY, CHALLENGE, CHALLENGE, NOTIFICATION]
    assert run.sent > len(run.exchanged)


def test_eap_aka_is_the_same_in_every_run() -> None:
    first, second = network(peer(PRIME)), network(peer(PRIME))
    assert isinstance(first.over, Succeeded)
    assert first.over == second.over


# Temporary identities

REAUTHENTICATION = Subtype.REAUTHENTICATION
NO_ONCE = Limits(reauthentications=0)


def in_a_row(node: Node, count: int, method: EapMethod, policy: AkaPolicy = WLAN) -> list[Network]:
    """`count` authentications of one UE, each with what the one before left it."""
    runs: list[Network] = []
    kept = Kept()
    for _ in range(count):
        ue = peer(method, kept=kept)
        runs.append(network(ue, policy, node.identities))
        kept = ue.kept
    return runs


def kinds(runs: list[Network]) -> list[IdentityKind]:
    return [run.over.kind for run in runs if isinstance(run.over, Succeeded)]


PERMANENT, PSEUDONYM, ONCE = IdentityKind.PERMANENT, IdentityKind.PSEUDONYM, IdentityKind.REAUTHENTICATION


@pytest.mark.parametrize("method", [AKA, PRIME])
def test_eap_aka_reauth(method: EapMethod) -> None:
    runs = in_a_row(Node(), 50, method)
    assert all(run.agreed for run in runs)
    assert kinds(runs) == [PERMANENT] + [ONCE] * 49
    assert [run.exchanged for run in runs[1:]] == [[REAUTHENTICATION]] * 49
    assert [run.over.counter for run in runs if isinstance(run.over, Succeeded)] == [None, *range(1, 50)]
    assert len({bytes(run.told.msk) for run in runs if isinstance(run.told, KeysDerived)}) == 50


@pytest.mark.parametrize("method", [AKA, PRIME])
def test_eap_aka_reauth_result_ind(method: EapMethod) -> None:
    runs = in_a_row(Node(), 3, method, replace(WLAN, result_ind=True, always_ask_identity=True))
    assert all(run.agreed for run in runs)
    assert runs[2].exchanged == [*declined(method), IDENTITY, REAUTHENTICATION, NOTIFICATION]


@pytest.mark.parametrize("method", [AKA, PRIME])
def test_eap_aka_pseudonym(method: EapMethod) -> None:
    runs = in_a_row(Node(limits=NO_ONCE), 3, method)
    assert all(run.agreed for run in runs)
    assert kinds(runs) == [PERMANENT, PSEUDONYM, PSEUDONYM]


@pytest.mark.parametrize("method", [AKA, PRIME])
def test_eap_aka_unknown_identities(method: EapMethod) -> None:
    ue = peer(method)
    network(ue, identities=Node().identities)
    elsewhere = Node(keyring=Node().keyring.rotated(Secret(bytes(32)), NOW, 0).retiring(2, NOW).retiring(1, NOW))
    run = network(peer(method, kept=ue.kept), identities=elsewhere.identities)
    assert run.agreed
    assert run.exchanged == [IDENTITY, IDENTITY, IDENTITY, CHALLENGE]
    assert kinds([run]) == [PERMANENT]


@pytest.mark.parametrize("method", [AKA, PRIME])
def test_eap_aka_reauth_counter_too_small(method: EapMethod) -> None:
    ue = peer(method)
    network(ue, identities=Node().identities)
    assert ue.kept.once is not None
    later = Kept(ue.kept.pseudonym, replace(ue.kept.once, counter=2))
    run = network(peer(method, kept=later), identities=Node().identities)
    assert run.agreed
    assert run.exchanged == [REAUTHENTICATION, CHALLENGE]


@pytest.mark.parametrize("method", [AKA, PRIME])
def test_eap_aka_reauth_identity_counts_once(method: EapMethod) -> None:
    node = Node()
    ue = peer(method)
    network(ue, identities=node.identities)
    first = network(peer(method, kept=ue.kept), identities=node.identities)
    again = network(peer(method, kept=ue.kept), identities=node.identities)
    assert first.agreed
    assert again.agreed
    assert (first.exchanged, again.exchanged) == ([REAUTHENTICATION], [IDENTITY, CHALLENGE])


def test_eap_aka_prime_reauth_in_another_access_network() -> None:
    ue = peer(PRIME)
    network(ue, identities=Node().identities)
    run = network(peer(PRIME, kept=ue.kept), AkaPolicy(network_name="WIMAX"), Node().identities)
    assert run.agreed
    assert run.exchanged == [IDENTITY, CHALLENGE]


def test_eap_aka_reauth_identity_of_another_method() -> None:
    ue = peer(AKA)
    network(ue, identities=Node().identities)
    run = network(peer(PRIME, kept=ue.kept), identities=Node().identities)
    assert run.agreed
    assert kinds([run]) == [PERMANENT]


@pytest.mark.parametrize("method", [AKA, PRIME])
def test_eap_aka_reauth_denied(method: EapMethod) -> None:
    ue = peer(method)
    network(ue, identities=Node().identities)
    run = network(peer(method, kept=ue.kept), identities=Node().identities, denied=RejectCause.SUBSCRIBER_BARRED)
    assert run.cause is RejectCause.SUBSCRIBER_BARRED
    assert run.exchanged == [REAUTHENTICATION, NOTIFICATION]
    assert isinstance(run.told, PeerFailed)
    assert "1026" in run.told.cause


@pytest.mark.parametrize("loss", [0.1, 0.4])
def test_eap_aka_reauth_on_a_bad_link(loss: float) -> None:
    kept, node = Kept(), Node()
    for seed in range(20):
        ue = peer(PRIME, kept=kept)
        link = Link(Random(seed), loss=loss, double=0.3)
        assert network(ue, replace(WLAN, result_ind=True), node.identities, link=link).agreed
        kept = ue.kept
