"""IKE messages: a header and its chain of payloads (RFC 7296 §3.1, §3.2)."""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TypeVar

from wire.buffer import Reader
from wire.errors import DecodeError
from wire.frozen import dataclass
from wire.ikev2.constants import NotifyType, PayloadType
from wire.ikev2.header import HEADER_OCTETS, Header
from wire.ikev2.payloads.auth import Authentication
from wire.ikev2.payloads.cert import Certificate
from wire.ikev2.payloads.certreq import CertificateRequest
from wire.ikev2.payloads.cp import Configuration
from wire.ikev2.payloads.delete import Delete
from wire.ikev2.payloads.eap import EapMessage
from wire.ikev2.payloads.encrypted import Encrypted
from wire.ikev2.payloads.fragment import EncryptedFragment
from wire.ikev2.payloads.identification import IdInitiator, IdResponder
from wire.ikev2.payloads.ke import KeyExchange
from wire.ikev2.payloads.nonce import Nonce
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.payloads.sa import SecurityAssociation
from wire.ikev2.payloads.ts import TsInitiator, TsResponder
from wire.ikev2.payloads.unknown import UnknownPayload
from wire.ikev2.payloads.vendor import VendorId

Payload = (
    SecurityAssociation | KeyExchange | IdInitiator | IdResponder | Certificate | CertificateRequest | Authentication
    | Nonce | Notify | Delete | VendorId | TsInitiator | TsResponder | Configuration | EapMessage | Encrypted
    | EncryptedFragment | UnknownPayload
)  # fmt: skip
PayloadT = TypeVar("PayloadT")

MAX_PAYLOADS = 100
"""In one message; more is refused, so that a stranger's datagram costs no more than its octets."""

_GENERIC_HEADER_OCTETS = 4
_CRITICAL = 0x80
_FATAL = frozenset(
    {NotifyType.AUTHENTICATION_FAILED, NotifyType.INVALID_SYNTAX, NotifyType.UNSUPPORTED_CRITICAL_PAYLOAD}
)
_PARSERS: Mapping[int, Callable[[Reader], Payload]] = MappingProxyType(
    {
        PayloadType.SA: SecurityAssociation.parse,
        PayloadType.KE: KeyExchange.parse,
        PayloadType.IDI: IdInitiator.parse,
        PayloadType.IDR: IdResponder.parse,
        PayloadType.CERT: Certificate.parse,
        PayloadType.CERTREQ: CertificateRequest.parse,
        PayloadType.AUTH: Authentication.parse,
        PayloadType.NONCE: Nonce.parse,
        PayloadType.NOTIFY: Notify.parse,
        PayloadType.DELETE: Delete.parse,
        PayloadType.VENDOR: VendorId.parse,
        PayloadType.TSI: TsInitiator.parse,
        PayloadType.TSR: TsResponder.parse,
        PayloadType.CP: Configuration.parse,
        PayloadType.EAP: EapMessage.parse,
    }
)


class UnsupportedCriticalPayload(DecodeError):
    """A payload of unknown type with the critical bit, which refuses the whole message (RFC 7296 §2.5)."""

    def __init__(self, offset: int, payload_type: int) -> None:
        super().__init__(offset, f"critical payload of unknown type {payload_type}")
        self.payload_type = payload_type


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One IKE message; the fields are those of its header (wire.ikev2.header)."""

    spi_i: bytes
    spi_r: bytes
    exchange: int
    initiator: bool
    response: bool
    message_id: int
    payloads: tuple[Payload, ...] = ()

    @classmethod
    def parse(cls, data: bytes) -> "Message":
        """Decode one whole message, without a non-ESP marker; an SK or SKF payload stays sealed.

        DecodeError, as UnsupportedMajorVersion or UnsupportedCriticalPayload where those are the reasons.
        """
        return _parse(data)

    def build(self) -> bytes:
        """Its octets."""
        first, chain = build_chain(self.payloads)
        return self.header(first, HEADER_OCTETS + len(chain)).build() + chain

    def header(self, next_payload: int, length: int) -> Header:
        """Its header over payloads that begin with `next_payload` and make `length` octets with it."""
        return Header(
            spi_i=self.spi_i,
            spi_r=self.spi_r,
            next_payload=next_payload,
            exchange=self.exchange,
            initiator=self.initiator,
            response=self.response,
            message_id=self.message_id,
            length=length,
        )

    def find(self, kind: type[PayloadT]) -> PayloadT | None:
        """The first payload of that kind, or None."""
        return next(iter(self.every(kind)), None)

    def every(self, kind: type[PayloadT]) -> tuple[PayloadT, ...]:
        """All payloads of that kind, in order."""
        return tuple(payload for payload in self.payloads if isinstance(payload, kind))

    def notify(self, notify_type: int) -> Notify | None:
        """The first Notify payload of that type, or None."""
        return next((found for found in self.every(Notify) if found.notify_type == notify_type), None)

    @property
    def refusal(self) -> Notify | None:
        """The first Notify payload that is an error, or None; in a reply it means that the request failed."""
        return next((found for found in self.every(Notify) if found.is_error), None)

    @property
    def fatal(self) -> Notify | None:
        """The first Notify payload that ends the IKE SA when it comes in a request (RFC 7296 §2.21.2), or None."""
        return next((found for found in self.every(Notify) if found.notify_type in _FATAL), None)


@lru_cache(maxsize=1)
def _parse(data: bytes) -> Message:
    """Once for all who look at one datagram: whose it is, and what it says. A Message never changes."""
    reader = Reader(data)
    header = Header.parse(reader)
    if header.length != len(data):
        raise DecodeError(24, f"a length of {header.length} in {len(data)} octets")
    return Message(
        spi_i=header.spi_i,
        spi_r=header.spi_r,
        exchange=header.exchange,
        initiator=header.initiator,
        response=header.response,
        message_id=header.message_id,
        payloads=read_chain(header.next_payload, reader),
    )


def read_chain(first: int, reader: Reader) -> tuple[Payload, ...]:
    """Read payloads, the first of type `first`, to the end of the reader's scope."""
    payloads: list[Payload] = []
    kind = first
    while kind != PayloadType.NONE:
        if len(payloads) == MAX_PAYLOADS:
            raise reader.error(f"more than {MAX_PAYLOADS} payloads")
        start = reader.offset
        following, flags = reader.u8(), reader.u8()
        body = reader.sub(reader.u16() - _GENERIC_HEADER_OCTETS)
        if kind == PayloadType.SK:
            payloads.append(Encrypted(following, body.rest()))
            break
        if kind == PayloadType.SKF:
            payloads.append(EncryptedFragment.parse(following, body))
            break
        payloads.append(_read_payload(kind, body, start, critical=bool(flags & _CRITICAL)))
        kind = following
    reader.finish()
    return tuple(payloads)


def build_chain(payloads: Iterable[Payload]) -> tuple[int, bytes]:
    """The type of the first payload, and the octets of all of them with their generic headers."""
    kind: int = PayloadType.NONE
    chain = b""
    for payload in reversed(tuple(payloads)):
        following = payload.first_inner if isinstance(payload, Encrypted | EncryptedFragment) else kind
        body = payload.build()
        chain = bytes((following, 0)) + (len(body) + _GENERIC_HEADER_OCTETS).to_bytes(2, "big") + body + chain
        kind = payload.payload_type
    return kind, chain


def _read_payload(kind: int, body: Reader, start: int, *, critical: bool) -> Payload:
    parser = _PARSERS.get(kind)
    if parser is None:
        if critical:
            raise UnsupportedCriticalPayload(start, kind)
        return UnknownPayload(kind, body.rest())
    payload = parser(body)
    body.finish()
    return payload
