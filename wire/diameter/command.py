"""Requests and answers as records that become messages, and the error answer of RFC 6733 §7.2."""

from dataclasses import field, replace
from typing import ClassVar, Self

from wire.diameter.avp import Avp, WrittenAvps, build_avps
from wire.diameter.dictionary import key_of
from wire.diameter.layouts import FamiliarAvps
from wire.diameter.message import FLAG_ERROR, FLAG_PROXIABLE, FLAG_REQUEST, Message
from wire.diameter.record import Record, avp
from wire.diameter.results import VENDOR_3GPP, ResultCode, describe_result, is_protocol_error, is_success, is_transient
from wire.diameter.values import make
from wire.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a node is: DiameterIdentity and realm (RFC 6733 §6.3, §6.4)."""

    origin_host: str
    origin_realm: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorSpecificApplicationId(Record):
    """RFC 6733 §6.11."""

    vendor_ids: tuple[int, ...] = field(default=(), metadata=avp("Vendor-Id"))
    auth_application_id: int | None = field(default=None, metadata=avp("Auth-Application-Id"))
    acct_application_id: int | None = field(default=None, metadata=avp("Acct-Application-Id"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentalResult(Record):
    """RFC 6733 §7.6."""

    vendor_id: int = field(default=VENDOR_3GPP, metadata=avp("Vendor-Id"))
    code: int = field(metadata=avp("Experimental-Result-Code"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Record):
    """A request: `message()` has no identifiers yet, whoever sends it numbers it."""

    COMMAND: ClassVar[int]
    PROXIABLE: ClassVar[bool] = True

    @property
    def header_application(self) -> int:
        """The Application-Id of the header; 0 for the commands of RFC 6733 §5."""
        return 0

    @classmethod
    def parse(cls, message: Message) -> Self:
        """The request in `message`; AvpFault when it is not one."""
        avps = message.avps
        if type(avps) is FamiliarAvps:
            request: Self = avps.layout.readers[cls](avps)
            return request
        return cls.from_avps(avps)

    def message(self) -> Message:
        """The message, its Hop-by-Hop and End-to-End Identifiers 0."""
        flags = FLAG_REQUEST | (FLAG_PROXIABLE if self.PROXIABLE else 0)
        return Message(self.COMMAND, self.header_application, flags, 0, 0, self.to_avps())


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Record):
    """An answer, which takes command, application and identifiers from its request."""

    result_code: int | None = field(default=None, metadata=avp("Result-Code"))
    experimental_result: ExperimentalResult | None = field(
        default=None, metadata=avp("Experimental-Result", ExperimentalResult)
    )
    error_message: str | None = field(default=None, metadata=avp("Error-Message"))

    @property
    def succeeded(self) -> bool:
        """Whether the result is one of success."""
        code = self.result_code if self.experimental_result is None else self.experimental_result.code
        return code is not None and is_success(code)

    @property
    def result(self) -> str:
        """The result as one reads it in a log."""
        experimental = None if self.experimental_result is None else self.experimental_result.code
        return describe_result(self.result_code, experimental)

    @classmethod
    def parse(cls, message: Message) -> Self:
        """The answer in `message`; AvpFault when it is not one."""
        return cls.from_avps(message.avps)

    def message(self, request: Message) -> Message:
        """The answer to `request`: the same identifiers and P bit, and its Proxy-Info in the same order."""
        return answer_with(request, self.octets(), self.result_code)


_PROXY_INFO = key_of("Proxy-Info")


def answer_with(request: Message, octets: bytes, result: int | None) -> Message:
    """An answer of AVPs to `request` (RFC 6733 §6.2), with `result` in them; the E bit is set for a protocol error."""
    if _PROXY_INFO in request.keys:
        octets += build_avps([item for item in request.avps if (item.code, item.vendor) == _PROXY_INFO])
    flags = request.flags & FLAG_PROXIABLE
    if result is not None and is_protocol_error(result):
        flags |= FLAG_ERROR
    avps = WrittenAvps(octets, result)
    return Message(request.command, request.application, flags, request.hop_by_hop, request.end_to_end, avps)


def error_answer(
    request: Message, identity: Identity, result: ResultCode, *, failed: tuple[Avp, ...] = (), reason: str | None = None
) -> Message:
    """The answer of RFC 6733 §7.2, which every command may get; `reason` becomes Error-Message.

    It has not the format of its command, so the E bit is set for permanent failures too (RFC 6733 §7.1.5).
    """
    session = request.first("Session-Id")
    avps = [] if session is None else [session]
    avps += [
        make("Origin-Host", identity.origin_host),
        make("Origin-Realm", identity.origin_realm),
        make("Result-Code", int(result)),
    ]
    if reason is not None:
        avps.append(make("Error-Message", reason))
    if failed:
        avps.append(make("Failed-AVP", failed))
    answer = answer_with(request, build_avps(avps), int(result))
    return answer if is_transient(result) else replace(answer, flags=answer.flags | FLAG_ERROR)
