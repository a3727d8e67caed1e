"""Whose turn it is: every card once before any comes again, and no card twice at the same time."""

from collections import deque
from dataclasses import dataclass
from math import gcd

from ue_sim.load.peer import Names, Once, Peer
from ue_sim.load.subscribers import Cards
from ue_sim.load.usim import Answer, Memory
from wire.aka.milenage import Milenage
from wire.identity import EapMethod, IdentityKind, leading_character
from wire.sansio import RandomBytes

_GOLDEN = 0.618033988749895


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What every UE of the load does; `fast` re-authentications follow each full authentication."""

    method: EapMethod
    realm: str
    fast: int = 0
    pseudonyms: bool = False


@dataclass(slots=True)
class Ue:
    """A card that is under way; `fast_left` re-authentications are to follow this authentication."""

    number: int
    imsi: str
    functions: Milenage
    peer: Peer
    fast_left: int


class Turns:
    """Deals out the cards in an order that jumps about, so that no cache of a database sees neighbours."""

    def __init__(self, cards: Cards, behaviour: Behaviour, random: RandomBytes) -> None:
        self._cards = cards
        self._behaviour = behaviour
        self._random = random
        self._memory = Memory()
        self._busy: set[int] = set()
        self._again: deque[tuple[Ue, Once]] = deque()
        self._pseudonyms: dict[int, bytes] = {}
        self._stride = _stride(len(cards))
        self._place = int.from_bytes(random(4), "big") % len(cards)
        self._prefix = leading_character(IdentityKind.PERMANENT, behaviour.method)
        self._realm = behaviour.realm.encode()

    def begin(self) -> Ue | None:
        """The next UE, with a peer that has sent nothing yet; None when every card is under way."""
        if self._again:
            ue, once = self._again.popleft()
            ue.peer = self._peer(ue.number, ue.imsi, ue.functions, once)
            ue.fast_left -= 1
            return ue
        if len(self._busy) == len(self._cards):
            return None
        number = self._following()
        self._busy.add(number)
        imsi, functions = self._cards.card(number)
        return Ue(number, imsi, functions, self._peer(number, imsi, functions, None), self._behaviour.fast)

    def ended(self, ue: Ue) -> None:
        """Its authentication is over, however; a fast re-authentication follows when one is due and can be."""
        peer = ue.peer
        if self._behaviour.pseudonyms and peer.succeeded and peer.pseudonym is not None:
            self._pseudonyms[ue.number] = peer.pseudonym
        if peer.succeeded and ue.fast_left and peer.once is not None:
            self._again.append((ue, peer.once))
        else:
            self._busy.discard(ue.number)

    def _following(self) -> int:
        while True:
            self._place = (self._place + self._stride) % len(self._cards)
            if self._place not in self._busy:
                return self._place

    def _peer(self, number: int, imsi: str, functions: Milenage, once: Once | None) -> Peer:
        def authenticate(rand: bytes, autn: bytes) -> Answer:
            return self._memory.authenticate(number, functions, rand, autn)

        behaviour = self._behaviour
        permanent = f"{self._prefix}{imsi}@{behaviour.realm}".encode()
        names = Names(permanent, self._realm, self._pseudonyms.get(number), once)
        wants = bool(behaviour.fast) or behaviour.pseudonyms
        return Peer(authenticate, behaviour.method, names, self._random, wants_temporary=wants)


def _stride(count: int) -> int:
    stride = max(int(count * _GOLDEN), 1)
    while gcd(stride, count) != 1:
        stride += 1
    return stride
