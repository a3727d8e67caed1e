"""The proposal in its file: for its owner alone, whole, and only when there is news."""

from pathlib import Path

from structlog.testing import capture_logs

from hss.policy.learning import Learning
from hss.policy.proposal_file import NAME, PolicyFile
from hss.policy.rules import Asked
from wire.diameter.applications import Application

ASKED = Asked(Application.SWX, frozenset({"example"}), "001010000000001", 1)


def learnt() -> Learning:
    learning = Learning({Application.SWX: "swx"})
    learning.note("aaa", ASKED, 0.0)
    return learning


def test_proposal_is_written_for_its_owner_alone(tmp_path: Path) -> None:
    learning = learnt()
    expected = learning.proposal()
    learning.note("aaa", ASKED, 61.0)
    path = tmp_path / NAME
    (tmp_path / "proposed-policy.new").write_text("left over")
    PolicyFile(learning, tmp_path).write()
    assert path.read_text() == expected
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_new_is_not_written(tmp_path: Path) -> None:
    learning = learnt()
    file = PolicyFile(learning, tmp_path)
    file.write()
    (tmp_path / NAME).unlink()
    file.write()
    assert list(tmp_path.iterdir()) == []


def test_folder_that_does_not_take_it_is_said(tmp_path: Path) -> None:
    learning = learnt()
    with capture_logs() as lines:
        PolicyFile(learning, tmp_path / "gone").write()
    (line,) = lines
    assert (line["event"], line["cause"]) == ("policy not written", "No such file or directory")
    assert learning.changed, "the next writing tries again"
