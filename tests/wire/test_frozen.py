"""Dataclasses that nobody writes to."""

import dataclasses
import subprocess
import sys
from pathlib import Path

from wire.frozen import dataclass

WRITE = """
from wire.frozen import dataclass

@dataclass(frozen=True, slots=True)
class Point:
    x: int

Point(1).x = 2
"""


@dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: int = 0


@dataclass(frozen=True, slots=True)
class Named:
    name: str
    number: int = 0

    def __hash__(self) -> int:
        return hash(self.name)


def test_it_is_a_value() -> None:
    assert Point(1) == Point(1, 0)
    assert hash(Point(1)) == hash(Point(1, 0))
    assert Point(1) != Point(2)
    assert dataclasses.replace(Point(1), y=3) == Point(1, 3)
    assert not hasattr(Point(1), "__dict__")


def test_a_hash_of_its_own_stays() -> None:
    assert hash(Named("a", 1)) == hash(Named("a", 2))


def test_the_type_checker_refuses_a_write(tmp_path: Path) -> None:
    source = tmp_path / "write.py"
    source.write_text(WRITE)
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-incremental", "--follow-imports=silent", str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert 'Property "x" defined in "Point" is read-only' in checked.stdout, checked.stdout + checked.stderr
