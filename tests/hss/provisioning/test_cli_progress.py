"""The bar on standard error, with its rate."""

import pytest

from hss.provisioning.cli_progress import progress


def test_last_line_tells_rows_and_rate(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("import 1", 2000, done=1000, rows=100) as tell:
        tell(2000, 1234)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "import 1" in captured.err
    assert "100 %" in captured.err
    assert "1,234 rows" in captured.err
    assert "rows/s" in captured.err


def test_interrupted_bar_ends(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> None:
        with progress("backup", 10) as tell:
            tell(5, 5)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert "50 %" in capsys.readouterr().err
