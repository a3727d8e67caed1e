"""Every source file has its one test file, and every test file its source file."""

from pathlib import Path

from tests.house.source_tree import ROOT, source_files

WITHOUT_A_TWIN = {"tests/house", "tests/fuzz", "tests/stack", "tests/interop", "tests/pairs", "tests/migrations"}
LEAST_PAIRS = 80
WALL = 400


def _twin(path: Path) -> Path:
    return Path("tests") / path.parent / f"test_{path.name}"


def test_every_source_file_has_its_test_file() -> None:
    wanted = [file.path for file in source_files() if file.path.name not in {"__init__.py", "__main__.py"}]
    wanted = [path for path in wanted if path.parts[0] != "migrations"]
    missing = [str(_twin(path)) for path in wanted if not (ROOT / _twin(path)).exists()]
    assert len(wanted) >= LEAST_PAIRS, f"only {len(wanted)} source files were seen"
    assert missing == []


def test_every_test_file_has_its_source_file() -> None:
    twins = {_twin(file.path) for file in source_files()}
    tests = [path.relative_to(ROOT) for path in (ROOT / "tests").rglob("test_*.py")]
    orphans = [
        str(path)
        for path in tests
        if path not in twins and not any(path.is_relative_to(room) for room in WITHOUT_A_TWIN)
    ]
    assert len(tests) >= LEAST_PAIRS
    assert orphans == []


def test_no_file_has_lost_its_one_concern() -> None:
    long = {str(file.path): lines for file in source_files() if (lines := file.text.count("\n")) > WALL}
    assert long == {}
