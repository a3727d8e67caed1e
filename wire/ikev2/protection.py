"""Sealing messages into SK and SKF payloads and opening them (RFC 7296 §3.14, RFC 5282, RFC 7383)."""

from dataclasses import replace

from wire.buffer import Reader
from wire.ciphers import IntegrityFailed, Protector
from wire.ikev2.algorithms import IkeSuite
from wire.ikev2.constants import PayloadType
from wire.ikev2.header import HEADER_OCTETS
from wire.ikev2.keys import IkeKeys
from wire.ikev2.message import Message, build_chain, read_chain
from wire.ikev2.payloads.encrypted import Encrypted
from wire.ikev2.payloads.fragment import FRAGMENT_HEADER_OCTETS, EncryptedFragment
from wire.sansio import RandomBytes
from wire.secret import Secret

_GENERIC_HEADER_OCTETS = 4


class Protection:
    """One end of an IKE SA: seals with its own keys, opens with the peer's; `initiator` is who began the IKE SA."""

    def __init__(self, suite: IkeSuite, keys: IkeKeys, *, initiator: bool, random: RandomBytes) -> None:
        by_initiator = Protector(suite.encryption, suite.integrity, Secret(keys.sk_ei + keys.sk_ai))
        by_responder = Protector(suite.encryption, suite.integrity, Secret(keys.sk_er + keys.sk_ar))
        self._own, self._peer = (by_initiator, by_responder) if initiator else (by_responder, by_initiator)
        self._is_aead = suite.encryption.is_aead
        self._random = random
        self._sealed = 0

    def seal(self, message: Message) -> bytes:
        """The octets of `message` with all its payloads inside one SK payload."""
        return self.seal_with(message, self._next_iv())

    def seal_with(self, message: Message, iv: bytes) -> bytes:
        """The same with an initialization vector of the caller's; never the same one twice under an AEAD."""
        first_inner, chain = build_chain(message.payloads)
        padding = -(len(chain) + 1) % self._own.block_octets
        plaintext = chain + bytes(padding) + bytes((padding,))
        body_octets = self._own.iv_octets + len(plaintext) + self._own.icv_octets
        payload_octets = _GENERIC_HEADER_OCTETS + body_octets
        prefix = message.header(PayloadType.SK, HEADER_OCTETS + payload_octets).build()
        prefix += bytes((first_inner, 0)) + payload_octets.to_bytes(2, "big")
        return prefix + self._own.seal(header=prefix, iv=iv, plaintext=plaintext)

    def seal_fragments(self, message: Message, most_octets: int) -> tuple[bytes, ...]:
        """The same in SKF payloads, each message of at most `most_octets` (RFC 7383 §2.5)."""
        first_inner, chain = build_chain(message.payloads)
        frame = HEADER_OCTETS + _GENERIC_HEADER_OCTETS + FRAGMENT_HEADER_OCTETS
        frame += self._own.iv_octets + self._own.icv_octets
        room = (most_octets - frame) // self._own.block_octets * self._own.block_octets - 1
        parts = [chain[at : at + room] for at in range(0, len(chain), room)]
        return tuple(
            self._seal_fragment(message, part, first_inner if number == 1 else 0, number, len(parts))
            for number, part in enumerate(parts, 1)
        )

    def open_fragment(self, data: bytes, fragment: EncryptedFragment) -> bytes:
        """What is inside one SKF payload, without its padding.

        IntegrityFailed when its ICV is wrong, DecodeError when its padding is.
        """
        plaintext = self._peer.open(header=data[: len(data) - len(fragment.body)], body=fragment.body)
        reader = Reader(plaintext, base=len(data) - len(fragment.body) + self._peer.iv_octets)
        return reader.take(reader.remaining - 1 - (plaintext[-1] if plaintext else 0))

    def _seal_fragment(self, message: Message, part: bytes, first_inner: int, number: int, total: int) -> bytes:
        padding = -(len(part) + 1) % self._own.block_octets
        plaintext = part + bytes(padding) + bytes((padding,))
        body_octets = self._own.iv_octets + len(plaintext) + self._own.icv_octets
        payload_octets = _GENERIC_HEADER_OCTETS + FRAGMENT_HEADER_OCTETS + body_octets
        prefix = message.header(PayloadType.SKF, HEADER_OCTETS + payload_octets).build()
        prefix += bytes((first_inner, 0)) + payload_octets.to_bytes(2, "big")
        prefix += number.to_bytes(2, "big") + total.to_bytes(2, "big")
        return prefix + self._own.seal(header=prefix, iv=self._next_iv(), plaintext=plaintext)

    def open(self, data: bytes, message: Message) -> Message:
        """`message`, which was parsed from `data`, with the payloads inside its SK payload in that one's place.

        IntegrityFailed when there is no SK payload or its ICV is wrong; DecodeError when what was inside is malformed.
        """
        sealed = message.payloads[-1] if message.payloads else None
        if not isinstance(sealed, Encrypted):
            raise IntegrityFailed
        plaintext = self._peer.open(header=data[: len(data) - len(sealed.body)], body=sealed.body)
        reader = Reader(plaintext, base=len(data) - len(sealed.body) + self._peer.iv_octets)
        inner = reader.remaining - 1 - (plaintext[-1] if plaintext else 0)
        inside = read_chain(sealed.first_inner, reader.sub(inner))
        return replace(message, payloads=inside)

    def _next_iv(self) -> bytes:
        # A counter never repeats under one key, as an AEAD demands; a block cipher's must be unpredictable.
        if not self._is_aead:
            return self._random(self._own.iv_octets)
        self._sealed += 1
        return self._sealed.to_bytes(self._own.iv_octets, "big")
