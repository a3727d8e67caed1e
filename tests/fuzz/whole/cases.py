"""What is made of a good round: another EAP packet, with its AT_MAC right or wrong, and another State."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from tests.fuzz.mutation import mutate
from tests.fuzz.whole.moments import Moment
from wire.eap.mac import fill_mac
from wire.errors import EncodeError
from wire.identity import EapMethod

_HEADER = 8


@dataclass(frozen=True, slots=True)
class Case:
    """An EAP packet and a State. `may_enter` unless letting anybody in for it would be a fault.

    `goes_on` when refusing it would be one: it is the genuine proof, once more.
    `is_foreign` when the State is none that this server gave this client and that still counts.
    """

    eap: bytes
    state: bytes | None
    kind: str
    may_enter: bool = True
    goes_on: bool = False
    is_foreign: bool = False


class Cases:
    """Makes them out of `moments`, of which there is always one at least."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self.moments: Sequence[Moment] = ()
        self.foreign: Sequence[bytes] = ()
        """States of other clients, of servers with other keys, and of long ago."""

    def next(self) -> Case:
        """The next case."""
        moment = self._chance.choice(self.moments)
        match self._chance.randrange(10):
            case 0 | 1 | 2:
                eap = mutate(moment.eap, self._chance)
                return Case(eap, moment.state, "eap", may_enter=not moment.proves or _same(eap, moment.eap))
            case 3 | 4:
                return Case(self._refilled(moment), moment.state, "attributes")
            case 5:
                eap = self._response(moment)
                return Case(eap, moment.state, "response", may_enter=not moment.proves or _same(eap, moment.eap))
            case 6:
                other = self._chance.choice(self.moments)
                same = _same(other.eap, moment.eap)
                return Case(other.eap, moment.state, "reordered", may_enter=not moment.proves or same)
            case 7:
                return Case(moment.eap, moment.state, "replayed", goes_on=moment.proves)
            case _:
                return self._foreign(moment)

    def _foreign(self, moment: Moment) -> Case:
        chance = self._chance
        states = [other.state for other in self.moments if other.state]
        match chance.randrange(3):
            case 0 if states:
                state = mutate(chance.choice(states), chance)
            case 1 if self.foreign:
                state = chance.choice(self.foreign)
            case _:
                state = chance.randbytes(chance.randrange(1, 254))
        state = state[:253] or b"\0"
        is_foreign = state not in states
        return Case(moment.eap, state, "state", may_enter=not is_foreign, is_foreign=is_foreign)

    def _refilled(self, moment: Moment) -> bytes:
        """Attributes changed by somebody who has K_aut: an authenticated UE is a stranger as well."""
        eap = moment.eap
        if len(eap) <= _HEADER:
            return mutate(eap, self._chance)
        body = self._stretched(eap[_HEADER:]) if self._chance.randrange(2) else mutate(eap[_HEADER:], self._chance)
        body += bytes(-len(body) % 4)
        packet = eap[:2] + (len(body) + _HEADER).to_bytes(2, "big") + eap[4:_HEADER] + body
        if moment.k_aut is None or packet[4] not in set(EapMethod):
            return packet
        try:
            return fill_mac(packet, EapMethod(packet[4]), moment.k_aut, moment.extra)
        except EncodeError:
            return packet

    def _stretched(self, body: bytes) -> bytes:
        """Whole attributes left out, doubled, put elsewhere, or made up."""
        found, at = [], 0
        while at + 2 <= len(body) and body[at + 1]:
            found.append(body[at : at + 4 * body[at + 1]])
            at += 4 * body[at + 1]
        chance = self._chance
        for _ in range(chance.randint(1, 3)):
            where = chance.randrange(len(found) + 1)
            match chance.randrange(4):
                case 0 if found:
                    del found[where % len(found)]
                case 1 if found:
                    found.insert(where, chance.choice(found))
                case 2:
                    chance.shuffle(found)
                case _:
                    words = chance.randrange(1, 6)
                    found.insert(where, bytes((chance.randrange(256), words)) + chance.randbytes(4 * words - 2))
        return b"".join(found)

    def _response(self, moment: Moment) -> bytes:
        """Another kind of packet altogether: any code, type and subtype."""
        chance = self._chance
        code = chance.choice((2, 2, 2, 1, 3, 4, 5, 6, chance.randrange(256)))
        kind = chance.choice((1, 2, 3, 18, 23, 50, 254, chance.randrange(256)))
        body = bytes((chance.choice((1, 2, 4, 5, 10, 11, 12, 13, 14, chance.randrange(256))), 0, 0))
        body += moment.eap[_HEADER:] if chance.randrange(2) else chance.randbytes(chance.randrange(64))
        identifier = moment.eap[1] if chance.randrange(4) else chance.randrange(256)
        return bytes((code, identifier)) + (len(body) + 5).to_bytes(2, "big") + bytes((kind,)) + body


def _same(eap: bytes, genuine: bytes) -> bool:
    """Whether a receiver may not see any difference: octets behind the Length are padding (RFC 3748 §4)."""
    length = int.from_bytes(eap[2:4], "big") if len(eap) >= 4 else 0
    return eap[:length] == genuine
