"""Who types is told, what cannot be is one line, and everything is said for people or for programs."""

import json
import os
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import pytest
from cyclopts import ValidationError

from hss.provisioning.change import ProvisioningRefused
from hss.provisioning.cli_session import actor, change, errors, imsi_of, looking, now, print_fields, print_rows
from tests.hss.provisioning.conftest import Run
from tests.hss.provisioning.desk import entries


def test_actor_is_the_user_at_this_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUDO_USER", raising=False)
    plain = actor()
    assert plain.origin.startswith("cli ")
    monkeypatch.setenv("SUDO_USER", "alice")
    assert actor().name == f"{plain.name} (sudo by alice)"
    monkeypatch.setattr("os.getuid", lambda: 4_000_000_000)
    monkeypatch.delenv("SUDO_USER")
    assert actor().name == "uid 4000000000"
    assert now().tzinfo is UTC


def test_what_cannot_be_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left, errors():
        raise ProvisioningRefused("no; do this")
    assert (left.value.code, capsys.readouterr().err) == (1, "error: no; do this\n")
    with pytest.raises(ProvisioningRefused, match="write its digits alone"):
        imsi_of("x")


def test_change_has_its_actor(laboratory: Path, database_path: Path) -> None:
    with change(laboratory) as one:
        one.record("thing.done", "it")
    (entry,) = entries(database_path)
    assert (entry.actor, entry.origin) == (actor().name, actor().origin)
    with looking(laboratory) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM audit").scalar_one() == 1
    assert os.environ.get("AKADIA_CONFIG") is None


def test_fields_and_rows_are_for_people_or_programs(capsys: pytest.CaptureFixture[str]) -> None:
    print_fields({"some_name": None, "list": [{"a": 1, "b": None}]}, as_json=False)
    assert capsys.readouterr().out == "some name    -\nlist         a=1\n"
    print_fields({"a": None}, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"a": None}
    print_rows([{"a": "x", "b": None}], {"a": 3, "b": 2}, "thing", as_json=False)
    assert capsys.readouterr() == ("x   -\n", "1 thing\n")
    print_rows([], {}, "thing", as_json=False)
    assert capsys.readouterr() == ("", "0 things\n")
    for count in range(3):
        print_rows(({"a": number} for number in range(count)), {}, "thing", as_json=True)
        assert json.loads(capsys.readouterr().out) == [{"a": number} for number in range(count)]


def test_rows_are_printed_as_they_come(capsys: pytest.CaptureFixture[str]) -> None:
    def rows() -> Iterator[dict[str, int]]:
        for number in range(3):
            assert capsys.readouterr().out.count("\n") == min(number, 1)
            yield {"a": number}

    print_rows(rows(), {"a": 1}, "thing", as_json=False)


@pytest.mark.parametrize(
    "words",
    [
        ("audit", "list", "--after", str(1 << 63)),
        ("audit", "list", "--limit", "-1"),
        ("import", "list", "--limit", "0"),
        ("import", "rollback", str(1 << 70)),
        ("subscriber", "list", "--limit", "-1"),
        ("subscriber", "count", "--batch", str(1 << 31)),
    ],
)
def test_number_that_no_column_holds_is_a_misspelt_command(run: Run, words: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError, match="Must be"):
        run(*words)
