"""`akadia import` as an operator types it."""

import io
import json
import re
from pathlib import Path

import pytest

from hss.provisioning.importing.mapping import built_in
from runtime import logs
from tests.hss.provisioning.importing.conftest import OPC, K, csv_of, imsi_of
from tests.hss.provisioning.typed import Operator, operator_in
from tests.leaks import forms

TRANSPORT = "2b7e151628aed2a6abf7158809cf4f3c"
ENCIPHERED = "3ad77bb40d7a3660a89ecaf32466ef97"
OPENED = "6bc1bee22e409f96e93d7e117393172a"
"""NIST SP 800-38A F.1.1, which is CBC with an IV of zeros."""
SECRETS = {"K": K, "OPc": OPC, "transport key": TRANSPORT, "K under it": ENCIPHERED, "K out of it": OPENED}


@pytest.fixture
def operator(tmp_path: Path, database_path: Path, capsys: pytest.CaptureFixture[str]) -> Operator:
    """Somebody with an empty store."""
    return operator_in(tmp_path, database_path.name, capsys)


@pytest.fixture
def cards(tmp_path: Path) -> Path:
    """A vendor's file: three good rows, one that is there twice, one without K."""
    path = tmp_path / "cards.csv"
    path.write_text(csv_of(3) + f"{imsi_of(1)},{K},{OPC}\n{imsi_of(9)},,{OPC}\n")
    return path


def test_import_adds_and_says_where_the_rest_went(operator: Operator, cards: Path) -> None:
    found = json.loads(operator.done("import", cards, "--mapping", "pysim", "--json"))
    assert (found["added"], found["refused"], found["state"]) == (3, 2, "done")
    assert found["causes"] == {"twice": 1, "key-form": 1}
    assert found["quarantine"] == f"{cards}.1.quarantine"
    assert Path(found["quarantine"]).read_text().splitlines()[2] == f"6,{imsi_of(9)},key-form,K is missing"
    shown = json.loads(operator.done("subscriber", "show", imsi_of(3), "--json"))
    assert [apn["name"] for apn in shown["apns"]] == ["internet"]


def test_import_in_words(operator: Operator, cards: Path) -> None:
    text = operator.done("import", cards, "--mapping", "pysim")
    assert text.startswith(f"import 1: 3 added, 2 refused, see {cards}.1.quarantine\n")
    assert "1 twice" in text
    assert text.endswith("undo it with: akadia import rollback 1\n")


def test_progress_is_on_standard_error(operator: Operator, cards: Path) -> None:
    answer = operator.type("import", cards, "--mapping", "pysim")
    assert "rows/s" in answer.err
    assert "100 %" in answer.err


def test_dry_run_shows_and_writes_nothing(operator: Operator, cards: Path) -> None:
    found = json.loads(operator.done("import", cards, "--mapping", "pysim", "--dry-run", "--json"))
    assert (found["would_add"], found["would_refuse"], found["causes"]) == (3, 2, {"twice": 1, "key-form": 1})
    assert found["first_added"][0]["imsi"] == imsi_of(1)
    text = operator.done("import", cards, "--mapping", "pysim", "--dry-run")
    assert text.startswith("would add 3 subscribers and refuse 2 rows; nothing was written\n")
    assert f"line 6: {imsi_of(9)}: K is missing" in text
    assert json.loads(operator.done("import", "list", "--json")) == []
    assert json.loads(operator.done("subscriber", "list", "--json")) == []


def test_dry_run_may_write_the_quarantine_file(operator: Operator, cards: Path, tmp_path: Path) -> None:
    operator.done("import", cards, "--mapping", "pysim", "--dry-run", "--quarantine", tmp_path / "bad")
    assert (tmp_path / "bad").read_text().count("\n") == 3


def test_imports_are_listed_and_rolled_back(operator: Operator, cards: Path) -> None:
    operator.done("import", cards, "--mapping", "pysim")
    assert re.search(r"\dT[0-9:]{8}Z  3 added, 2 refused", operator.done("import", "list"))
    assert operator.done("import", "rollback", "1") == "import 1 is undone: 3 subscribers removed, 0 kept\n"
    assert json.loads(operator.done("subscriber", "list", "--json")) == []
    [listed] = json.loads(operator.done("import", "list", "--json"))
    assert (listed["import"], listed["state"], listed["file"]) == (1, "rolled-back", "cards.csv")


def test_import_and_rollback_are_audited(operator: Operator, cards: Path) -> None:
    operator.done("import", cards, "--mapping", "pysim")
    operator.done("import", "rollback", "1")
    entries = json.loads(operator.done("audit", "list", "--subject", "1", "--action", "import", "--json"))
    assert [(one["action"], one["after"]["state"], one["after"]["added"]) for one in entries] == [
        ("import.begin", "running", 0),
        ("import.end", "done", 3),
        ("import.rollback", "done", 3),
        ("import.rolled-back", "rolled-back", 3),
    ]
    assert len(entries[1]["after"]["sha256"]) == 64
    assert operator.done("audit", "verify") == "the audit trail is whole\n"


def test_rollback_as_json(operator: Operator, cards: Path) -> None:
    operator.done("import", cards, "--mapping", "pysim")
    found = json.loads(operator.done("import", "rollback", "1", "--json"))
    assert (found["removed"], found["kept"]) == (3, 0)


def test_mappings_are_listed_and_printed(operator: Operator) -> None:
    assert json.loads(operator.done("import", "mappings", "--json")).keys() == built_in().keys()
    assert operator.done("import", "mappings", "pysim") == built_in()["pysim"]
    assert "pysim-encrypted" in operator.done("import", "mappings")
    assert "there is no mapping gemalto" in operator.type("import", "mappings", "gemalto").error


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nothing.csv", "--mapping", "pysim"), "nothing.csv: cannot be read: No such file or directory"),
        (("cards.csv", "--mapping", "gemalto"), "there is no mapping gemalto"),
        (("cards.csv", "--mapping", "outfile"), "has no line beginning with var_out:"),
        (("cards.csv", "--mapping", "outfile-aes"), "has no line beginning with var_out:"),
        (("rollback", "7"), "there is no import 7; see them with: akadia import list"),
    ],
)
def test_what_cannot_be_is_one_line(
    operator: Operator, cards: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(cards.parent)
    assert message in operator.type("import", *words).error


def test_named_quarantine_file_of_somebody_else_stays(operator: Operator, cards: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("line,imsi,cause,what\n900,,imsi,x\n")
    words = ("import", cards, "--mapping", "pysim", "--quarantine", mine)
    for _ in range(2):
        assert "is there already; move it away" in operator.type(*words).error
    assert mine.read_text() == "line,imsi,cause,what\n900,,imsi,x\n"
    mine.unlink()
    assert "3 added, 2 refused" in operator.done(*words)


def test_second_import_of_a_file_is_refused(operator: Operator, cards: Path) -> None:
    operator.done("import", cards, "--mapping", "pysim")
    assert "was imported already, as 1" in operator.type("import", cards, "--mapping", "pysim").error


def test_no_key_is_in_anything_that_is_left(
    operator: Operator, cards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged = io.StringIO()
    logs.configure("debug", stream=logged)
    monkeypatch.setenv("AKADIA_TRANSPORT_KEY", TRANSPORT)
    outfile, misnamed = tmp_path / "cards.out", tmp_path / "misnamed.csv"
    rows = [f"{imsi_of(5)} {ENCIPHERED} {OPC}", f"{imsi_of(6)} {K} {OPC[2:]}", f"{K} {OPC} {K}"]
    outfile.write_text("\n".join(["var_out:IMSI/KI/OPC", *rows, ""]))
    misnamed.write_text(f"{imsi_of(1)},{K},{OPC}\n")
    told: list[object] = []
    for words in (
        ("import", cards, "--mapping", "pysim", "--dry-run"),
        ("import", cards, "--mapping", "pysim", "--dry-run", "--json"),
        ("import", cards, "--mapping", "pysim"),
        ("import", outfile, "--mapping", "outfile-aes", "--dry-run"),
        ("import", outfile, "--mapping", "outfile-aes", "--json"),
        ("import", outfile, "--mapping", "outfile-aes"),
        ("import", misnamed, "--mapping", "pysim"),
        ("import", "list", "--json"),
        ("export",),
        ("backup", tmp_path / "store.backup"),
        ("import", "rollback", "1"),
    ):
        told += operator.type(*words)
    files = [path for path in tmp_path.iterdir() if path not in {cards, outfile, misnamed}]
    left = {"cards.csv.1.quarantine", "cards.out.2.quarantine", "store.backup", "akadia.sqlite"}
    assert left <= {path.name for path in files}
    texts = "\n".join(map(str, told)) + logged.getvalue()
    assert "1 added, 2 refused" in texts or '"added": 1, "refused": 2' in texts
    seen = texts.encode() + b"".join(path.read_bytes() for path in files)
    for name, secret in SECRETS.items():
        assert not any(form in seen for form in forms(bytes.fromhex(secret))), name
