"""Parsers of Diameter."""

from collections.abc import Callable
from dataclasses import replace

from tests.wire.diameter.samples import AAA, ANSWERS, CEA, CER, GATEWAY, MAA, MAR, OCTETS, REALM, REQUESTS, numbered
from wire.diameter.admission import Admission, check_answer
from wire.diameter.avp import parse_avps
from wire.diameter.capabilities import PeerPolicy, judge_answer, judge_request
from wire.diameter.commands import COMMANDS
from wire.diameter.framing import Framer
from wire.diameter.grammar import check
from wire.diameter.groups import GROUPS
from wire.diameter.layouts import FamiliarAvps
from wire.diameter.masking import mask_keys
from wire.diameter.message import HEADER_LENGTH, Header, Message
from wire.diameter.overload import OverloadControl, OverloadReporter, offered
from wire.diameter.priority import priority_of
from wire.diameter.record import Record
from wire.diameter.redirects import host_of, redirection_of

_RECORDS: dict[tuple[int, int, bool], type[Record]] = {
    **{(r.header_application, r.COMMAND, True): type(r) for r in REQUESTS},
    **{(q.application, q.command, False): type(a) for a, q in ANSWERS},
}
_PEER = PeerPolicy("peer", GATEWAY.origin_host, REALM)
_CEA = replace(CEA, origin_host=GATEWAY.origin_host)


def read(data: bytes) -> object:
    """A message through its grammar and into its record, as a node reads it."""
    message = Message.parse(data)
    command = COMMANDS.get((message.application, message.command))
    if command is None:
        return message
    if message.is_request:
        check(command.request, message.avps, groups=GROUPS)
    else:
        check_answer(message)
    record = _RECORDS.get((message.application, message.command, message.is_request))
    return message if record is None else record.from_avps(message.avps)


def judge(data: bytes) -> object:
    """A message as the capabilities of a peer."""
    message = Message.parse(data)
    return (judge_request if message.is_request else judge_answer)(message, AAA, _PEER)


def obey(data: bytes) -> object:
    """A message as an answer that may hold an overload report or a redirection."""
    message, control = Message.parse(data), OverloadControl()
    control.answered(message, 0.0)
    return control.lets_pass(message, 0.0, 0.0), redirection_of(message)


_ADMISSION = Admission(
    replace(AAA, realms=(REALM,)), replace(_PEER, agent=True), frozenset(r.header_application for r in REQUESTS)
)


def admit(data: bytes) -> object:
    """A message that may lie as one that was admitted before: what is made of it is what is made of it in full."""
    header = Header.parse(data)
    if header.length != len(data):
        # a stream is cut by it
        return header
    message, whole = _ADMISSION.read(data), Message.parse(data)
    assert message == whole
    record = _RECORDS.get((message.application, message.command, True))
    if type(message.avps) is FamiliarAvps and record is not None:
        Admission(_ADMISSION.local, _ADMISSION.policy, _ADMISSION.common).admit(whole)
        assert message.avps.layout.readers[record](message.avps) == record.from_avps(whole.avps)
    _ADMISSION.admit(message)
    return message


_ADMITTED = tuple(
    numbered(r.message()).build()
    for r in REQUESTS
    if r.header_application and getattr(r, "destination_host", None) != GATEWAY.origin_host
)
_REQUEST = offered(numbered(MAR.message()))
_REPORTED = OverloadReporter(started=1).stamped(_REQUEST, MAA.message(_REQUEST), 1.0, 0.0)

ENTRIES: dict[str, tuple[Callable[[bytes], object], tuple[bytes, ...]]] = {
    "wire.diameter.message.Message.parse": (Message.parse, OCTETS),
    "wire.diameter.message.Header.parse": (Header.parse, OCTETS),
    "wire.diameter.avp.parse_avps": (parse_avps, tuple(octets[HEADER_LENGTH:] for octets in OCTETS)),
    "wire.diameter.record.Record.from_avps": (read, OCTETS),
    "wire.diameter.admission.Admission.read": (admit, _ADMITTED),
    "wire.diameter.framing.Framer.feed": (lambda data: Framer().feed(data), OCTETS),
    "wire.diameter.masking.mask_keys": (mask_keys, (MAA.message(numbered(MAR.message())).build(), *OCTETS)),
    "wire.diameter.redirects.host_of": (host_of, (b"aaa://host.example.com:6666;transport=tcp",)),
    "wire.diameter.overload.OverloadControl.answered": (obey, (_REPORTED.build(), *OCTETS)),
    "wire.diameter.priority.priority_of": (lambda data: priority_of(Message.parse(data)), OCTETS),
    "wire.diameter.capabilities.judge_request": (
        judge,
        (numbered(CER.message()).build(), _CEA.message(numbered(CER.message())).build()),
    ),
}
