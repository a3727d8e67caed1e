"""An end of an IKE SA by its keys: opens what it sent, and seals anything, so that only a parser stands in the way."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from tests.fuzz.mutation import mutate
from ue_sim.ike.events import IkeKeysReady
from wire.ciphers import Protector
from wire.errors import DecodeError
from wire.esp.encapsulation import NON_ESP_MARKER
from wire.ikev2.constants import PayloadType
from wire.ikev2.header import HEADER_OCTETS
from wire.ikev2.message import Message, Payload, build_chain
from wire.ikev2.payloads.encrypted import Encrypted
from wire.secret import Secret


@dataclass(frozen=True, slots=True)
class Chunk:
    """One payload as octets: its type, the octet of its flags, what is behind its generic header."""

    kind: int
    flags: int
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What is sealed in a message, and where that belongs; `raw` instead of what `chunks` make, if it is given."""

    exchange: int
    message_id: int
    response: bool
    chunks: tuple[Chunk, ...]
    raw: bytes | None = None

    @property
    def octets(self) -> bytes:
        """The chain of payloads."""
        if self.raw is not None:
            return self.raw
        following = [chunk.kind for chunk in self.chunks[1:]] + [int(PayloadType.NONE)]
        return b"".join(
            bytes((after, chunk.flags)) + (len(chunk.body) + 4).to_bytes(2, "big") + chunk.body
            for chunk, after in zip(self.chunks, following, strict=bool(self.chunks))
        )


def inside_of(exchange: int, *payloads: Payload) -> Inside:
    """A request made of payloads."""
    first, chain = build_chain(payloads)
    return Inside(exchange=exchange, message_id=0, response=False, chunks=_split(first, chain))


def _split(first: int, chain: bytes) -> tuple[Chunk, ...]:
    found, at, kind = [], 0, first
    while at + 4 <= len(chain):
        length = int.from_bytes(chain[at + 2 : at + 4], "big")
        found.append(Chunk(kind, chain[at + 1], chain[at + 4 : at + length]))
        kind, at = chain[at], at + max(length, 4)
    return tuple(found)


class Insider:
    """The UE's end with `by_ue`, else the gateway's, of the IKE SA that `ready` has the keys of."""

    def __init__(self, ready: IkeKeysReady, chance: Random, *, by_ue: bool) -> None:
        keys = ready.keys
        mine = (keys.sk_ei + keys.sk_ai) if by_ue else (keys.sk_er + keys.sk_ar)
        self._protector = Protector(ready.suite.encryption, ready.suite.integrity, Secret(mine))
        self._spis = ready.spi_i, ready.spi_r
        self._by_ue = by_ue
        self._chance = chance

    def open(self, datagram: bytes) -> Inside | None:
        """What is in a message that this end has sent; None for one that is not sealed, or is a fragment."""
        data = datagram.removeprefix(NON_ESP_MARKER)
        try:
            message = Message.parse(data)
        except DecodeError:
            return None
        sealed = message.find(Encrypted)
        if sealed is None or message.initiator != self._by_ue:
            return None
        plaintext = self._protector.open(header=data[: len(data) - len(sealed.body)], body=sealed.body)
        return Inside(
            exchange=message.exchange,
            message_id=message.message_id,
            response=message.response,
            chunks=_split(sealed.first_inner, plaintext[: len(plaintext) - 1 - plaintext[-1]]),
        )

    def seal(self, inside: Inside, fragment: tuple[int, int] | None = None) -> bytes:
        """The datagram of it, with the marker; as that `fragment` of so many, if it is to be one."""
        chain, own = inside.octets, self._protector
        padding = -(len(chain) + 1) % own.block_octets
        plaintext = chain + bytes(padding) + bytes((padding,))
        numbers = b"".join(number.to_bytes(2, "big") for number in fragment or ())
        length = 4 + len(numbers) + own.iv_octets + len(plaintext) + own.icv_octets
        kind = PayloadType.SKF if fragment else PayloadType.SK
        header = Message(
            spi_i=self._spis[0],
            spi_r=self._spis[1],
            exchange=inside.exchange,
            initiator=self._by_ue,
            response=inside.response,
            message_id=inside.message_id,
        ).header(kind, HEADER_OCTETS + length)
        first = inside.chunks[0].kind if inside.chunks else 0
        prefix = header.build() + bytes((first, 0)) + length.to_bytes(2, "big") + numbers
        iv = self._chance.randbytes(own.iv_octets)
        return NON_ESP_MARKER + prefix + own.seal(header=prefix, iv=iv, plaintext=plaintext)


def altered(inside: Inside, pool: Sequence[Chunk], chance: Random) -> Inside:
    """The same exchange with its payloads changed as octets, or one by one: `pool` is where strange ones come from."""
    if chance.randrange(4) == 0:
        return replace(inside, raw=mutate(inside.octets, chance))
    found = list(inside.chunks)
    for _ in range(chance.randint(1, 3)):
        where = chance.randrange(len(found) + 1)
        match chance.randrange(6):
            case 0 if found:
                del found[where % len(found)]
            case 1:
                chance.shuffle(found)
            case 2 if found:
                kind = chance.choice((33, 34, 35, 36, 39, 40, 41, 42, 44, 45, 47, 48, chance.randrange(256)))
                found[where % len(found)] = replace(found[where % len(found)], kind=kind)
            case 3 | 4 if found:
                chunk = found[where % len(found)]
                found[where % len(found)] = replace(chunk, body=mutate(chunk.body, chance))
            case _:
                found[where:where] = chance.sample(list(pool), min(len(pool), chance.randint(1, 2)))
    return replace(inside, chunks=tuple(found))


def with_other_proof(inside: Inside, chance: Random) -> Inside | None:
    """The same with one bit of its Authentication Data flipped (RFC 7296 §3.8); None where there are none."""
    where = next((at for at, chunk in enumerate(inside.chunks) if chunk.kind == PayloadType.AUTH), None)
    if where is None:
        return None
    body = bytearray(inside.chunks[where].body)
    body[chance.randrange(len(body) - 16, len(body))] ^= 1 << chance.randrange(8)
    chunks = (*inside.chunks[:where], replace(inside.chunks[where], body=bytes(body)), *inside.chunks[where + 1 :])
    return replace(inside, chunks=chunks)
