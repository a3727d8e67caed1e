"""Overload said and obeyed: OC-Supported-Features and OC-OLR, the loss algorithm (RFC 7683)."""

from collections import OrderedDict
from dataclasses import field
from enum import IntEnum

from wire.diameter.avp import Avp, AvpFault, standing
from wire.diameter.dictionary import by_name
from wire.diameter.message import Message
from wire.diameter.priority import DEFAULT, EMERGENCY, priority_of
from wire.diameter.record import Record, avp
from wire.diameter.values import make
from wire.frozen import dataclass

LOSS = 0x1
"""OC-Feature-Vector, OLR_DEFAULT_ALGO (RFC 7683 §7.2)."""

DEFAULT_VALIDITY = 30
MOST_VALIDITY = 86_400
"""Seconds of OC-Validity-Duration (RFC 7683 §7.5)."""

_ALL = 100
"""Per cent."""


class ReportType(IntEnum):
    """OC-Report-Type (RFC 7683 §7.6)."""

    HOST_REPORT = 0
    REALM_REPORT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OverloadReport(Record):
    """OC-OLR (RFC 7683 §7.3): `reduction` per cent fewer requests for `validity` seconds; a validity of 0 ends it."""

    sequence: int = field(metadata=avp("OC-Sequence-Number"))
    kind: ReportType = field(default=ReportType.HOST_REPORT, metadata=avp("OC-Report-Type", ReportType))
    reduction: int | None = field(default=None, metadata=avp("OC-Reduction-Percentage"))
    validity: int | None = field(default=None, metadata=avp("OC-Validity-Duration"))


SUPPORTED = standing(make("OC-Supported-Features", (make("OC-Feature-Vector", LOSS),)))
_OFFERED = SUPPORTED.code, SUPPORTED.vendor
_OLR = by_name("OC-OLR").code


def offers(request: Message) -> bool:
    """Whether the sender can obey a report."""
    return _OFFERED in request.keys


def offered(request: Message) -> Message:
    """`request`, saying that we obey reports."""
    return request if offers(request) else request.with_more(SUPPORTED)


class OverloadReporter:
    """How much this node wants to be relieved, and how it says so; `load` is from 0 to 1.

    The reduction follows the load in steps of ten per cent, from `starts_at` on. Each report is for `validity` seconds
    and is renewed at half of them; the end is said for as long.
    """

    def __init__(self, *, started: int, starts_at: float = 0.2, validity: int = DEFAULT_VALIDITY) -> None:
        # RFC 7683 §7.4: it grows for ever, over restarts as well
        self._sequence = started << 16
        self._starts_at = starts_at
        self._validity = validity
        self._reduction = 0
        self._renewal = 0.0
        self._until = 0.0

    @property
    def reduction(self) -> int:
        """Per cent, as it was last said."""
        return self._reduction

    def stamped(self, request: Message, answer: Message, load: float, now: float) -> Message:
        """`answer` with what is to be said of overload, to whoever can hear it (RFC 7683 §5.2.3)."""
        if load or self._reduction:
            self._measure(load, now)
        if _OFFERED not in request.keys:
            return answer
        if now >= self._until:
            return answer.with_more(SUPPORTED)
        report = OverloadReport(
            sequence=self._sequence,
            reduction=self._reduction,
            validity=self._validity if self._reduction else 0,
        )
        return answer.with_more(SUPPORTED).with_more(make("OC-OLR", report.to_avps()))

    def _measure(self, load: float, now: float) -> None:
        wanted = min(int(load * 10) * 10, 90) if load >= self._starts_at else 0
        if wanted > self._reduction or (now >= self._renewal and (wanted or self._reduction)):
            self._reduction = wanted
            self._sequence += 1
            self._renewal = now + self._validity / 2
            self._until = now + self._validity


@dataclass(frozen=True, slots=True)
class _Reduction:
    """What holds until then; its number counts for longer, so that an older report which comes late changes nothing."""

    sequence: int
    percentage: int
    until: float
    forgotten: float


class OverloadControl:
    """What others have asked to be relieved of, at most `limit` nodes and realms of them (RFC 7683 §5.2.1)."""

    def __init__(self, limit: int = 256) -> None:
        self._limit = limit
        self._asked: OrderedDict[tuple[int, ReportType, str], _Reduction] = OrderedDict()

    def answered(self, answer: Message, now: float) -> None:
        """Take the report in `answer`, if there is one that can be read; an older one than the last changes nothing."""
        origin = {ReportType.HOST_REPORT: "Origin-Host", ReportType.REALM_REPORT: "Origin-Realm"}
        for report in _reports(answer):
            name = (answer.text(origin[report.kind]) or "").lower()
            self._note((answer.application, report.kind, name), report, now)

    def _note(self, key: tuple[int, ReportType, str], report: OverloadReport, now: float) -> None:
        known = self._asked.get(key)
        # RFC 7683 §7.4: numbers rise in one overload, and the next one may begin anywhere
        if known is not None and report.sequence <= known.sequence and now < known.forgotten:
            return
        said = DEFAULT_VALIDITY if report.validity is None else report.validity
        # RFC 7683 §7.5: for one that is too long the default counts
        validity = said if said <= MOST_VALIDITY else DEFAULT_VALIDITY
        forgotten = now + max(validity, DEFAULT_VALIDITY)
        self._asked[key] = _Reduction(report.sequence, report.reduction or 0, now + validity, forgotten)
        self._asked.move_to_end(key)
        while len(self._asked) > self._limit:
            self._asked.popitem(last=False)

    def reduction(self, request: Message, now: float) -> int:
        """How many per cent of requests like this one are not to be sent, priorities aside."""
        host, realm = request.text("Destination-Host"), request.text("Destination-Realm")
        named = ((ReportType.HOST_REPORT, host), (ReportType.REALM_REPORT, None if host else realm))
        for kind, name in named:
            asked = self._asked.get((request.application, kind, (name or "").lower()))
            if asked is not None and asked.until > now:
                return asked.percentage
        return 0

    def lets_pass(self, request: Message, now: float, chance: float) -> bool:
        """The loss algorithm of RFC 7683 §6.2; `chance` is from 0 to 1, and evenly so.

        What was begun goes on unless nothing at all may be sent, and an emergency always (RFC 7944 §5).
        """
        if not self._asked:
            return True
        percentage = self.reduction(request, now)
        if not percentage:
            return True
        priority = priority_of(request)
        if priority == EMERGENCY or (priority < DEFAULT and percentage < 100):
            return True
        return chance * 100 >= percentage


def _reports(answer: Message) -> list[OverloadReport]:
    found = []
    for one in answer.avps:
        if one.code == _OLR and not one.vendor:
            report = _read(one)
            # RFC 7683 §7.7: what asks for more than all is ignored
            if report is not None and (report.reduction or 0) <= _ALL:
                found.append(report)
    return found


def _read(one: Avp) -> OverloadReport | None:
    """RFC 7683 §5.2.1.1: a report that cannot be read is as if it were not there."""
    try:
        return OverloadReport.from_avps(one.children)
    except AvpFault:
        return None
