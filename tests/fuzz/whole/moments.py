"""Good conversations, round by round: what a UE says, when, and with which keys. Every mutation begins with a round."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from itertools import cycle
from random import Random

from tests.aaa.memory_hss import IMSI, PLMN, K, usim
from tests.fuzz.whole.server import Broken
from ue_sim.eap.states import Answered
from ue_sim.eap.temporary import Kept
from ue_sim.eap_peer import AkaPeer, EapArrived, KeysDerived, SendEap
from ue_sim.usim import SoftwareUsim
from wire.eap.aka import AkaMessage
from wire.eap.attributes import At
from wire.eap.constants import Subtype
from wire.eap.packet import identity_response
from wire.identity import EapMethod
from wire.secret import Secret

METHODS = (EapMethod.AKA, EapMethod.AKA_PRIME)
OTHER_K = Secret(bytes(reversed(K)))


@dataclass(frozen=True, slots=True)
class Said:
    """What a front answered: an EAP packet, the State of a Challenge, and whether it lets the user in."""

    eap: bytes
    state: bytes | None
    accepts: bool = False


Ask = Callable[[bytes, bytes | None], Awaitable[Said]]


@dataclass(frozen=True, slots=True)
class Moment:
    """One round: the UE's `eap`, the `state` that goes with it, K_aut and what AT_MAC covers beside the packet.

    With `proves` this round shows that the UE has the key: nothing but `eap` itself may be let in for it.
    """

    eap: bytes
    state: bytes | None
    k_aut: Secret | None = None
    extra: bytes = b""
    proves: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """How a good conversation ended."""

    moments: tuple[Moment, ...]
    accepted: bool
    kept: Kept


async def converse(ask: Ask, peer: AkaPeer) -> Ended:
    """Have `peer` authenticate to its end, whatever that is; Broken when both ends do not see the same end."""
    moments = [Moment(identity_response(1, peer.identity), None)]
    said = await ask(moments[0].eap, None)
    while True:
        effects = peer.handle(EapArrived(said.eap), 0.0)
        if said.state is None:
            accepted = bool(effects) and isinstance(effects[0], KeysDerived)
            if accepted != said.accepts:
                raise Broken(f"the front accepts: {said.accepts}, the UE: {effects}")
            return Ended(tuple(moments), accepted, peer.kept)
        if not effects or not isinstance(effects[0], SendEap):
            raise Broken(f"a good UE has nothing to say to {said.eap.hex()}")
        moments.append(_moment(effects[0].packet, said, peer))
        said = await ask(moments[-1].eap, said.state)


def _moment(eap: bytes, said: Said, peer: AkaPeer) -> Moment:
    state = peer.state
    if not isinstance(state, Answered):
        return Moment(eap, said.state)
    proves = eap[5] in (Subtype.CHALLENGE, Subtype.REAUTHENTICATION)
    extra = b""
    if eap[5] == Subtype.REAUTHENTICATION:
        extra = AkaMessage.parse(said.eap).parse_encrypted(state.keys.k_encr).get(At.NONCE_S) or b""
    return Moment(eap, said.state, state.keys.k_aut, extra, proves)


class Users:
    """UEs of every kind in turn: without and with identities of before, out of step, and with a card of another."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._turns: Iterator[tuple[EapMethod, str]] = cycle(
            [(method, kind) for kind in ("new", "fast", "pseudonym", "late", "forged") for method in METHODS]
        )
        self._cards = {method: usim() for method in METHODS}
        self._kept = {method: Kept() for method in METHODS}

    async def next(self, ask: Ask) -> Ended:
        """The conversation of the next UE; Broken when one that should be let in is not."""
        method, kind = next(self._turns)
        kept = self._kept[method]
        if kind == "pseudonym":
            kept = Kept(pseudonym=kept.pseudonym)
        elif kind != "fast":
            kept = Kept()
        ended = await converse(ask, self._peer(method, self._card(method, kind), kept))
        if ended.accepted == (kind == "forged"):
            raise Broken(f"a good UE of the kind {kind!r} ended with accepted={ended.accepted}")
        if ended.accepted:
            self._kept[method] = ended.kept
        return ended

    def _card(self, method: EapMethod, kind: str) -> SoftwareUsim:
        match kind:
            case "late":
                self._cards[method] = usim(seq=max(self._cards[method].state) + 1000)
            case "forged":
                return usim(k=OTHER_K)
        return self._cards[method]

    def _peer(self, method: EapMethod, card: SoftwareUsim, kept: Kept) -> AkaPeer:
        return AkaPeer(usim=card, imsi=IMSI, plmn=PLMN, methods=(method,), kept=kept, random=self._random.randbytes)
