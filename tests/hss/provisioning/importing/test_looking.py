"""The dry run says what an import does, and writes nothing."""

from hss.provisioning.importing.looking import EXAMPLES, Forecast, look
from hss.provisioning.importing.preparing import Plan
from tests.hss.provisioning.importing.conftest import OPC, Imports, K, MakePlan, csv_of, imsi_of

MIXED = csv_of(20) + f"{imsi_of(3)},{K},{OPC}\n" + f"{imsi_of(30)},{K},{K[2:]}\n" * 8


def forecast(imports: Imports, plan: Plan) -> Forecast:
    return look(imports.location, plan, quarantine=None, tell=lambda *_: None)


def test_forecast_is_what_the_import_then_does(imports: Imports, plan: MakePlan) -> None:
    imports.run(plan(csv_of(2)))
    found = forecast(imports, plan(MIXED, name="more.csv"))
    outcome = imports.run(plan(MIXED, name="more.csv"))
    assert (found.added, found.causes) == (outcome.batch.added, outcome.causes)
    assert found.causes == {"exists": 2, "twice": 1, "key-length": 8}


def test_nothing_is_written(imports: Imports, plan: MakePlan) -> None:
    forecast(imports, plan(MIXED))
    assert imports.imsis() == []
    assert imports.acts == []


def test_first_rows_are_examples(imports: Imports, plan: MakePlan) -> None:
    found = forecast(imports, plan(MIXED))
    assert [row.imsi for row in found.first_added] == [imsi_of(number) for number in range(1, EXAMPLES + 1)]
    assert [each.line for each in found.first_refused] == [22, 23, 24, 25, 26, 27]


def test_examples_show_no_key(imports: Imports, plan: MakePlan) -> None:
    found = forecast(imports, plan(MIXED))
    assert K not in repr(found)
    assert "<secret of 16 octets>" in repr(found)


def test_bad_rows_go_to_the_file_that_was_asked_for(imports: Imports, plan: MakePlan) -> None:
    kept = imports.quarantine(0)
    look(imports.location, plan(MIXED), quarantine=kept, tell=lambda *_: None)
    kept.close()
    assert kept.path.read_text().count("\n") == 10


def test_progress_is_told(imports: Imports, plan: MakePlan) -> None:
    told: list[int] = []
    made = plan(MIXED)
    look(imports.location, made, quarantine=None, tell=lambda position, _: told.append(position))
    assert told[-1] == made.source.size
