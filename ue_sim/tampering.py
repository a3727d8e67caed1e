"""Faults inside what the UE says: one payload of one IKE message, one attribute or field of one EAP message.

They befall a message before IKE protects it, so that it is genuine and wrong (RFC 7296 §2.21.2, RFC 4187 §6.3).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from runtime.config import Section
from wire.eap.attributes import At
from wire.eap.constants import Subtype
from wire.eap.mac import fill_mac
from wire.errors import EncodeError
from wire.identity import EapMethod
from wire.ikev2.constants import ExchangeType, NotifyType, PayloadType
from wire.ikev2.exchanges import Exchanges, Transmit
from wire.ikev2.message import Payload
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.payloads.unknown import UnknownPayload
from wire.secret import Secret

Do = Literal["alter", "remove", "repeat", "set"]
_FIELDS = {"code": 0, "identifier": 1, "length": 2, "type": 4, "subtype": 5}
"""Where each field of an EAP message begins; "length" is its first octet of two."""
_ATTRIBUTES_AT = 8


def _hexadecimal(text: str) -> str:
    bytes.fromhex(text)
    return text


def _payload(name: str) -> str:
    known = {one.name for one in PayloadType} | {one.name for one in NotifyType}
    if name not in known:
        raise ValueError("write a payload as RFC 7296 calls it, such as IDI, AUTH or TSI, or a notification's name")
    return name


def _attribute(name: str) -> str:
    if name not in _FIELDS and name not in {f"AT_{one.name}" for one in At}:
        raise ValueError(f"write an attribute such as AT_RES, or one of {', '.join(_FIELDS)}")
    return name


class _Change(Section):
    """What becomes of some octets."""

    do: Do = "alter"
    octet: int = Field(default=-1, description="which octet to alter; from the end when negative")
    xor: int = Field(default=0xFF, ge=1, le=0xFF, description="what to alter it by")
    value: Annotated[str, AfterValidator(_hexadecimal)] = Field(default="", description="what to set it to, in hex")

    def of(self, octets: bytes) -> tuple[bytes, ...]:
        """What stands in their place: nothing, they, others, or they twice."""
        match self.do:
            case "remove":
                return ()
            case "repeat":
                return octets, octets
            case "set":
                return (bytes.fromhex(self.value),)
            case _:
                return (altered(octets, self.octet, self.xor),)


class IkeFault(_Change):
    """A payload of the `number`th request of that exchange; of a notification its data."""

    exchange: Literal["IKE_SA_INIT", "IKE_AUTH"]
    number: int = Field(default=1, ge=1)
    payload: Annotated[str, AfterValidator(_payload)]


class EapFault(_Change):
    """An attribute or a field of the `number`th EAP message of that subtype which the UE sends.

    With `sealed` AT_MAC is made anew over what was changed, as far as it is not what was changed.
    """

    message: Literal[
        "identity", "challenge", "synchronization-failure", "authentication-reject", "client-error", "notification",
        "reauthentication",
    ]  # fmt: skip
    number: int = Field(default=1, ge=1)
    attribute: Annotated[str, AfterValidator(_attribute)]
    sealed: bool = True

    @property
    def subtype(self) -> Subtype:
        """The message's number."""
        return Subtype[self.message.upper().replace("-", "_")]


@dataclass(slots=True)
class Tampering:
    """Counts the messages of one UE, and changes those that the faults name."""

    ike: Sequence[IkeFault] = ()
    eap: Sequence[EapFault] = ()
    _seen: dict[int, int] = field(default_factory=dict)

    def payloads(self, exchange: ExchangeType, payloads: Sequence[Payload]) -> tuple[Payload, ...]:
        """What one IKE request holds instead."""
        number = self._count(exchange)
        changed = tuple(payloads)
        for fault in self.ike:
            if (fault.exchange, fault.number) == (exchange.name, number):
                changed = tuple(one for payload in changed for one in _changed(payload, fault))
        return changed

    def packet(self, packet: bytes, k_aut: Secret | None) -> bytes:
        """What is sent instead of an EAP response; `k_aut` where there is one by now."""
        if len(packet) < _ATTRIBUTES_AT:
            return packet
        number = self._count(-packet[_FIELDS["subtype"]])
        method, subtype = packet[_FIELDS["type"]], packet[_FIELDS["subtype"]]
        for fault in self.eap:
            if (fault.subtype, fault.number) == (subtype, number):
                packet = _resealed(_with(packet, fault), fault, EapMethod(method), k_aut)
        return packet

    def _count(self, kind: int) -> int:
        self._seen[kind] = self._seen.get(kind, 0) + 1
        return self._seen[kind]


class TamperedExchanges(Exchanges):
    """Those of an IKE SA whose requests are tampered with; the one that replaces it is left alone."""

    tampering: Tampering

    def request(self, kind: ExchangeType, payloads: Sequence[Payload], now: float) -> Transmit:
        """As Exchanges, but with faults."""
        return super().request(kind, self.tampering.payloads(kind, payloads), now)


def altered(octets: bytes, octet: int, xor: int) -> bytes:
    """`octets` with one of them altered; as they are where there is none at `octet`."""
    if not -len(octets) <= octet < len(octets):
        return octets
    changed = bytearray(octets)
    changed[octet] ^= xor
    return bytes(changed)


def _changed(payload: Payload, fault: IkeFault) -> Iterator[Payload]:
    if isinstance(payload, Notify):
        name = NotifyType(payload.notify_type).name if payload.notify_type in set(NotifyType) else ""
        if fault.payload not in {name, PayloadType.NOTIFY.name}:
            yield payload
            return
        for data in fault.of(payload.data):
            yield Notify(payload.notify_type, data, payload.protocol_id, payload.spi)
        return
    if PayloadType(payload.payload_type).name != fault.payload:
        yield payload
        return
    for body in fault.of(payload.build()):
        yield UnknownPayload(payload.payload_type, body)


def _with(packet: bytes, fault: EapFault) -> bytes:
    at = _FIELDS.get(fault.attribute)
    if at is not None:
        octet = bytes.fromhex(fault.value)[:1] if fault.do == "set" else bytes((packet[at] ^ fault.xor,))
        return packet[:at] + octet + packet[at + 1 :]
    attributes = b"".join(_without_gaps(_split(packet[_ATTRIBUTES_AT:]), fault))
    whole = packet[:_ATTRIBUTES_AT] + attributes
    return whole[:2] + len(whole).to_bytes(2, "big") + whole[4:]


def _without_gaps(attributes: Iterable[bytes], fault: EapFault) -> Iterator[bytes]:
    kind = At[fault.attribute.removeprefix("AT_")]
    for attribute in attributes:
        if attribute[0] != kind:
            yield attribute
            continue
        for body in fault.of(attribute[2:]):
            padded = body + bytes(-(len(body) + 2) % 4)
            yield bytes((kind, (len(padded) + 2) // 4)) + padded


def _split(octets: bytes) -> Iterator[bytes]:
    while len(octets) > 1 and octets[1]:
        yield octets[: 4 * octets[1]]
        octets = octets[4 * octets[1] :]


def _resealed(packet: bytes, fault: EapFault, method: EapMethod, k_aut: Secret | None) -> bytes:
    if not fault.sealed or k_aut is None or fault.attribute == "AT_MAC":
        return packet
    try:
        return fill_mac(packet, method, k_aut)
    except EncodeError:
        return packet
