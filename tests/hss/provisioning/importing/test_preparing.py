"""A plan's rows: the good ones, and the others with line and cause."""

from hss.provisioning.importing.causes import Cause
from tests.hss.provisioning.importing.conftest import OPC, K, MakePlan, csv_of, imsi_of


def test_rows_and_refusals_have_their_lines(plan: MakePlan) -> None:
    made = plan(csv_of(2) + f"\n{imsi_of(3)},{K[1:]},{OPC}\nrubbish\n{imsi_of(4)},{K},{OPC}\n")
    [chunk] = made.source.chunks(made.position, made.line, 100)
    rows, refused = made.rows(chunk)
    assert [(row.line, row.imsi) for row in rows] == [(2, imsi_of(1)), (3, imsi_of(2)), (7, imsi_of(4))]
    assert [(each.line, each.imsi, each.cause) for each in refused] == [
        (5, imsi_of(3), Cause.KEY_FORM),
        (6, None, Cause.FORM),
    ]


def test_first_row_is_behind_the_header(plan: MakePlan) -> None:
    made = plan(csv_of(1))
    assert (made.position, made.line) == (len("IMSI,KI,OPC\n"), 1)
