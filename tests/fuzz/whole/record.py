"""The table of runs in RECORD.md: each run adds its own row, so that nobody has to copy a figure."""

import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.fuzz.whole.running import Progress, megabytes
from tests.house.source_tree import ROOT

RECORD = ROOT / "tests" / "fuzz" / "RECORD.md"


def commit_of(folder: Path = ROOT) -> str:
    """The commit of the sources that run; "none" where there is no repository, with a plus where they were changed."""
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty=+", "--exclude=*"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "none"


def row(progress: Progress, targets: Sequence[str], commit: str, seed: int, found: str) -> str:
    """One line of the table: `targets` are its columns, `found` what was found wrong."""
    cases = [f"{progress.done[name]:,}" if progress.done[name] else "" for name in targets]
    figures = [f"{progress.done.total():,}", f"{progress.seconds:,.0f}", f"{progress.early or '-'}, {megabytes()}"]
    cells = [datetime.now(UTC).date().isoformat(), commit, str(seed), *cases, *figures, found]
    return "| " + " | ".join(cells) + " |\n"


def append(line: str, record: Path = RECORD) -> None:
    """Put a row at the end of the table, with which the file ends."""
    with record.open("a", encoding="utf-8") as file:
        file.write(line)
