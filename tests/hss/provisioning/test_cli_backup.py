"""`akadia export`, `akadia backup` and `akadia restore` as an operator types them."""

import csv
import json
import shutil
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import update

from hss.keys.vault import write_master_key
from hss.models import AuditEntry
from hss.provisioning.backups.ahead import AHEAD
from hss.store.engines import transaction
from tests.hss.provisioning.importing.conftest import csv_of, imsi_of
from tests.hss.provisioning.typed import Operator, operator_in


@pytest.fixture
def operator(tmp_path: Path, database_path: Path, capsys: pytest.CaptureFixture[str]) -> Operator:
    """Somebody with three subscribers."""
    one = operator_in(tmp_path, database_path.name, capsys)
    cards = tmp_path / "cards.csv"
    cards.write_text(csv_of(3))
    one.done("import", cards, "--mapping", "pysim")
    return one


@pytest.fixture
def empty(tmp_path: Path, _empty_database: Path, capsys: pytest.CaptureFixture[str]) -> Operator:
    """Somebody with an empty store and the same master key."""
    folder = tmp_path / "empty"
    folder.mkdir()
    shutil.copyfile(_empty_database, folder / "akadia.sqlite")
    return operator_in(folder, "akadia.sqlite", capsys)


def test_export_as_json_lines_and_csv(operator: Operator, tmp_path: Path) -> None:
    operator.done("export", tmp_path / "all.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
    assert [row["imsi"] for row in rows] == [imsi_of(number) for number in (1, 2, 3)]
    operator.done("export", tmp_path / "all.csv", "--format", "csv")
    with (tmp_path / "all.csv").open() as file:
        assert [row["imsi"] for row in csv.DictReader(file)] == [row["imsi"] for row in rows]
    assert (tmp_path / "all.csv").stat().st_mode & 0o777 == 0o600


def test_export_to_standard_output(operator: Operator) -> None:
    assert operator.done("export").count("\n") == 3


def test_backup_is_restored_with_every_seq_ahead(operator: Operator, empty: Operator, tmp_path: Path) -> None:
    file = tmp_path / "store.backup"
    assert operator.done("backup", file).startswith("backed up: 3 subscribers")
    assert file.stat().st_mode & 0o777 == 0o600
    restored = json.loads(empty.done("restore", file, "--json"))
    assert restored["rows"]["subscriber"] == 3
    shown = json.loads(empty.done("subscriber", "list", "--json"))
    assert [(row["imsi"], row["seq"]) for row in shown] == [(imsi_of(number), AHEAD) for number in (1, 2, 3)]


def test_restored_audit_trail_goes_on(operator: Operator, empty: Operator, tmp_path: Path) -> None:
    operator.done("backup", tmp_path / "store.backup")
    empty.done("restore", tmp_path / "store.backup")
    assert empty.done("audit", "verify") == "the audit trail is whole\n"
    entries = json.loads(empty.done("audit", "list", "--json"))
    assert [one["action"] for one in entries] == ["import.begin", "import.end", "store.restore"]


def test_altered_audit_trail_is_not_restored(
    operator: Operator, empty: Operator, tmp_path: Path, database_path: Path
) -> None:
    with transaction(database_path) as connection:
        connection.execute(update(AuditEntry).values(actor="nobody").where(AuditEntry.number == 1))
    operator.done("backup", tmp_path / "store.backup")
    refused = empty.type("restore", tmp_path / "store.backup").error
    assert refused.startswith("the audit trail in the backup is not whole: entry 1 was altered")
    assert json.loads(empty.done("subscriber", "list", "--json")) == []


def test_files_that_are_there_stay(operator: Operator, tmp_path: Path) -> None:
    file = tmp_path / "mine"
    file.write_text("mine")
    for words in (("backup", file), ("export", file)):
        assert "File exists; name a file that is not there yet" in operator.type(*words).error
    assert file.read_text() == "mine"


def test_failed_backup_leaves_no_file(operator: Operator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hss.provisioning.cli_backup.make", full)
    with pytest.raises(OSError, match="No space left"):
        operator.type("backup", tmp_path / "store.backup")
    assert not (tmp_path / "store.backup").exists()


def test_restore_needs_an_empty_store(operator: Operator, tmp_path: Path) -> None:
    operator.done("backup", tmp_path / "store.backup")
    assert "restore into an empty one" in operator.type("restore", tmp_path / "store.backup").error


def test_restore_needs_the_master_key(operator: Operator, empty: Operator, tmp_path: Path) -> None:
    operator.done("backup", tmp_path / "store.backup")
    (empty.config.parent / "master.key").unlink()
    write_master_key(empty.config.parent / "master.key", Random(99).randbytes)
    assert "the backup was made under another master key" in empty.type("restore", tmp_path / "store.backup").error


@pytest.mark.parametrize(("cut", "message"), [(-1, "ends too early"), (8, "is no backup of Akadia")])
def test_broken_backup_restores_nothing(
    operator: Operator, empty: Operator, tmp_path: Path, cut: int, message: str
) -> None:
    file = tmp_path / "store.backup"
    operator.done("backup", file)
    octets = file.read_bytes()
    file.write_bytes(octets[:cut] if cut < 0 else octets[cut:])
    assert message in empty.type("restore", file).error
    assert json.loads(empty.done("subscriber", "list", "--json")) == []


def test_missing_backup_is_named(empty: Operator) -> None:
    assert "nothing: cannot be read: No such file or directory; name a backup" in empty.type("restore", "nothing").error
