"""The quarantine file: for its owner, without rows unless asked for, and cut back after an interruption."""

from pathlib import Path

import pytest

from hss.provisioning.importing.batches import Refused
from hss.provisioning.importing.causes import Cause
from hss.provisioning.importing.quarantine import Quarantine, QuarantineRefused
from tests.hss.provisioning.importing.conftest import K, imsi_of
from tests.leaks import forms

BAD = Refused(7, imsi_of(1), Cause.KEY_LENGTH, "K has 15 octets")
WORSE = Refused(9, None, Cause.IMSI, "the IMSI is not 6 to 15 digits")
LINES = {7: f"{imsi_of(1)},{K}\r\n".encode(), 9: b'x,"\xff"\n'}
ROWS = "line,imsi,cause,what\n7,001010000000001,key-length,K has 15 octets\n"


def test_row_is_told_without_its_keys(tmp_path: Path) -> None:
    kept = Quarantine(tmp_path / "q")
    kept.begin()
    kept.write([BAD, WORSE], LINES)
    kept.close()
    text = (tmp_path / "q").read_bytes()
    assert text.decode() == f"{ROWS}9,,imsi,the IMSI is not 6 to 15 digits\n"
    assert not any(form in text for form in forms(bytes.fromhex(K)))


def test_file_is_its_owners(tmp_path: Path) -> None:
    kept = Quarantine(tmp_path / "q")
    kept.write([BAD], LINES)
    kept.close()
    assert (tmp_path / "q").stat().st_mode & 0o777 == 0o600


def test_rows_are_there_when_asked_for(tmp_path: Path) -> None:
    kept = Quarantine(tmp_path / "q", with_rows=True)
    kept.write([BAD, WORSE], LINES)
    kept.close()
    header, first, second = (tmp_path / "q").read_text().splitlines()
    assert header.endswith(",row")
    assert first.endswith(f'"{imsi_of(1)},{K}"')
    assert second.endswith('"x,""\\xff"""')


def test_without_bad_rows_there_is_no_file(tmp_path: Path) -> None:
    kept = Quarantine(tmp_path / "q")
    kept.begin()
    kept.write([], {})
    kept.resume(0)
    kept.close()
    assert not kept.path.exists()


def test_what_is_there_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "q").write_text("mine")
    with pytest.raises(QuarantineRefused, match="is there already; move it away, or name another with --quarantine"):
        Quarantine(tmp_path / "q").begin()
    with pytest.raises(QuarantineRefused, match="File exists"):
        Quarantine(tmp_path / "q").write([BAD], LINES)


def test_resuming_forgets_what_is_read_again(tmp_path: Path) -> None:
    first = Quarantine(tmp_path / "q")
    first.write([BAD, WORSE], LINES)
    first.close()
    with (tmp_path / "q").open("a") as torn:
        torn.write("11,,im")
    again = Quarantine(tmp_path / "q")
    again.resume(8)
    again.write([WORSE], LINES)
    again.close()
    assert (tmp_path / "q").read_text() == f"{ROWS}9,,imsi,the IMSI is not 6 to 15 digits\n"


def test_other_file_is_not_cut(tmp_path: Path) -> None:
    (tmp_path / "q").write_text("mine\n900,mine\n")
    kept = Quarantine(tmp_path / "q")
    with pytest.raises(QuarantineRefused, match="is no quarantine file"):
        kept.resume(8)
    kept.close()
    assert (tmp_path / "q").read_text() == "mine\n900,mine\n"


def test_import_that_runs_twice_at_once_loses_no_row(tmp_path: Path) -> None:
    first, second = Quarantine(tmp_path / "q"), Quarantine(tmp_path / "q")
    first.write([BAD], LINES)
    with pytest.raises(QuarantineRefused, match="q: another import writes to it; let that one finish"):
        second.resume(0)
    first.write([WORSE], LINES)
    first.close()
    assert (tmp_path / "q").read_text() == f"{ROWS}9,,imsi,the IMSI is not 6 to 15 digits\n"
    second.resume(8)
    second.close()


def test_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(QuarantineRefused, match="No such file or directory; name another with --quarantine"):
        Quarantine(tmp_path / "no" / "q").write([BAD], LINES)
