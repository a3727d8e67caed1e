from dataclasses import replace

import pytest
from hypothesis import given

from tests.wire.diameter.foreign import plain, tree
from tests.wire.diameter.samples import AAA, EAP_DEA, EAP_DER, REALM, S6B_DEA, S6B_DER, SWM_DER, numbered
from tests.wire.diameter.strategies import records
from wire.diameter.avp import Avp
from wire.diameter.message import Message
from wire.diameter.overload import (
    SUPPORTED,
    OverloadControl,
    OverloadReport,
    OverloadReporter,
    ReportType,
    offered,
    offers,
)
from wire.diameter.values import make

REQUEST = offered(numbered(replace(EAP_DER, destination_host=AAA.origin_host).message()))
ANSWER = EAP_DEA.message(REQUEST)


def report_in(message: Message) -> OverloadReport | None:
    found = message.first("OC-OLR")
    return None if found is None else OverloadReport.from_avps(found.children)


def answer_with(report: OverloadReport, answer: Message = ANSWER) -> Message:
    return Message.parse(answer.with_avps((*answer.avps, make("OC-OLR", report.to_avps()))).build())


@given(records(OverloadReport))
def test_reports_survive_a_round_trip(report: OverloadReport) -> None:
    assert OverloadReport.from_avps(report.to_avps()) == report


def test_whoever_can_obey_says_so_once() -> None:
    assert not offers(EAP_DER.message())
    assert offers(REQUEST)
    assert offered(REQUEST) is REQUEST
    assert not SUPPORTED.mandatory


def test_python_diameter_reads_a_report() -> None:
    reporter = OverloadReporter(started=7)
    avps = dict(tree(plain(reporter.stamped(REQUEST, ANSWER, 0.55, 0.0).build()).avps))
    assert avps["OC-Supported-Features"] == [("OC-Feature-Vector", 1)]
    assert avps["OC-OLR"] == [
        ("OC-Sequence-Number", (7 << 16) + 1),
        ("OC-Report-Type", 0),
        ("OC-Reduction-Percentage", 50),
        ("OC-Validity-Duration", 30),
    ]


def test_nobody_hears_of_overload_who_cannot_obey() -> None:
    assert OverloadReporter(started=7).stamped(EAP_DER.message(), ANSWER, 1.0, 0.0) == ANSWER


LOADS = [(0.0, None), (0.19, None), (0.2, 20), (0.39, 30), (0.9, 90), (1.0, 90)]


@pytest.mark.parametrize(("load", "reduction"), LOADS)
def test_the_reduction_follows_the_load(load: float, reduction: int | None) -> None:
    report = report_in(OverloadReporter(started=0).stamped(REQUEST, ANSWER, load, 0.0))
    assert (report and report.reduction) == reduction


def test_a_report_rises_at_once_falls_with_time_and_its_end_is_said() -> None:
    reporter = OverloadReporter(started=0)
    said = [
        report_in(reporter.stamped(REQUEST, ANSWER, load, now))
        for load, now in ((0.2, 0.0), (0.5, 1.0), (0.2, 2.0), (0.2, 20.0), (0.0, 25.0), (0.0, 40.0), (0.0, 75.0))
    ]
    assert [one and (one.sequence, one.reduction, one.validity) for one in said] == [
        (1, 20, 30),
        (2, 50, 30),
        (2, 50, 30),
        (3, 20, 30),
        (3, 20, 30),
        (4, 0, 0),
        None,
    ]


def test_an_overload_that_goes_on_is_renewed_before_its_report_ends() -> None:
    reporter, control = OverloadReporter(started=0), OverloadControl()
    for now in range(0, 120, 5):
        control.answered(reporter.stamped(REQUEST, ANSWER, 0.5, float(now)), float(now))
        assert control.reduction(REQUEST, float(now)) == 50


def test_a_host_report_is_for_requests_to_that_host_and_application() -> None:
    control = OverloadControl()
    control.answered(answer_with(OverloadReport(sequence=1, reduction=40)), 0.0)
    assert control.reduction(REQUEST, 1.0) == 40
    assert control.reduction(EAP_DER.message(), 1.0) == 0
    assert control.reduction(S6B_DER.message(), 1.0) == 0
    assert control.reduction(REQUEST, 31.0) == 0


def test_a_realm_report_is_for_requests_to_no_host() -> None:
    control = OverloadControl()
    control.answered(answer_with(OverloadReport(sequence=1, kind=ReportType.REALM_REPORT, reduction=40)), 0.0)
    assert control.reduction(EAP_DER.message(), 1.0) == 40
    assert control.reduction(REQUEST, 1.0) == 0
    assert EAP_DER.destination_realm == REALM


REPORTS = [
    ("an older one", OverloadReport(sequence=4, reduction=10), 40),
    ("the same one", OverloadReport(sequence=5, reduction=10), 40),
    ("a newer one", OverloadReport(sequence=6, reduction=10), 10),
    ("the end", OverloadReport(sequence=6, reduction=40, validity=0), 0),
    ("no percentage", OverloadReport(sequence=6), 0),
    ("more than all", OverloadReport(sequence=6, reduction=101), 40),
    ("all", OverloadReport(sequence=6, reduction=100), 100),
]


@pytest.mark.parametrize(("what", "report", "reduction"), REPORTS, ids=[row[0] for row in REPORTS])
def test_the_newest_report_counts(what: str, report: OverloadReport, reduction: int) -> None:
    control = OverloadControl()
    control.answered(answer_with(OverloadReport(sequence=5, reduction=40)), 0.0)
    control.answered(answer_with(report), 1.0)
    assert control.reduction(REQUEST, 2.0) == reduction


@pytest.mark.parametrize(("validity", "holds"), [(86_400, True), (86_401, False)])
def test_a_validity_of_more_than_a_day_is_the_default(validity: int, holds: bool) -> None:
    control = OverloadControl()
    control.answered(answer_with(OverloadReport(sequence=5, reduction=40, validity=validity)), 0.0)
    assert control.reduction(REQUEST, 29.0) == 40
    assert control.reduction(REQUEST, 31.0) == (40 if holds else 0)


def test_numbers_begin_again_with_the_next_overload() -> None:
    control = OverloadControl()
    control.answered(answer_with(OverloadReport(sequence=5, reduction=40)), 0.0)
    control.answered(answer_with(OverloadReport(sequence=6, validity=0)), 20.0)
    control.answered(answer_with(OverloadReport(sequence=5, reduction=40)), 20.1)
    assert control.reduction(REQUEST, 20.2) == 0
    control.answered(answer_with(OverloadReport(sequence=1, reduction=30)), 60.0)
    assert control.reduction(REQUEST, 61.0) == 30


@pytest.mark.parametrize("octets", [b"", b"\0" * 7, make("OC-Report-Type", 7).build()])
def test_a_report_that_cannot_be_read_is_none(octets: bytes) -> None:
    control = OverloadControl()
    control.answered(ANSWER.with_avps((*ANSWER.avps, Avp(623, 0, 0, octets))), 0.0)
    assert control.reduction(REQUEST, 0.0) == 0


PASSES = [
    ("a new session by luck", REQUEST, 40, 0.4, True),
    ("a new session", REQUEST, 40, 0.39, False),
    ("a round of a conversation", replace(S6B_DER, auth_application_id=5).message(), 90, 0.0, True),
    ("a round, where nothing may be sent", replace(S6B_DER, auth_application_id=5).message(), 100, 0.99, False),
    ("an emergency, where nothing may be sent",
     replace(SWM_DER, auth_application_id=5, destination_host=AAA.origin_host).message(), 100, 0.0, True),
]  # fmt: skip


@pytest.mark.parametrize(("what", "request_", "reduction", "chance", "passes"), PASSES, ids=[row[0] for row in PASSES])
def test_what_is_dear_passes(what: str, request_: Message, reduction: int, chance: float, passes: bool) -> None:
    control = OverloadControl()
    assert control.lets_pass(request_, 0.0, 0.0)
    control.answered(answer_with(OverloadReport(sequence=1, reduction=reduction)), 0.0)
    assert control.lets_pass(request_, 1.0, chance) is passes


def test_no_more_nodes_are_remembered_than_allowed() -> None:
    control = OverloadControl(limit=2)
    for number, host in enumerate(("one", "two", "three")):
        answer = replace(S6B_DEA, origin_host=host).message(numbered(S6B_DER.message()))
        control.answered(answer_with(OverloadReport(sequence=number, reduction=50), answer), 0.0)
    wanted = [control.reduction(replace(S6B_DER, destination_host=h).message(), 0.0) for h in ("one", "two", "three")]
    assert wanted == [0, 50, 50]
