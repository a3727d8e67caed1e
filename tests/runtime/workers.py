"""A daemon for tests of those who run several: it serves, and ends as it is told on the command line."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

DAEMON = """
import asyncio, os, sys
from runtime.process import notify_ready, run
from runtime.worker import this_worker
async def main(stop):
    {before}
    notify_ready()
    with open({notes!r}, "a") as notes:
        print(this_worker().slot, os.getpid(), file=notes)
    {during}
    await stop.wait()
sys.exit(run(main))
"""


def daemon(notes: Path, *, before: str = "pass", during: str = "pass") -> tuple[str, ...]:
    """A command that writes its slot and process id to `notes` when it is ready."""
    script = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
    return (sys.executable, "-c", script + DAEMON.format(notes=str(notes), before=before, during=during))


def begun(notes: Path) -> list[tuple[int, int]]:
    """Slot and process id of every worker that has been ready."""
    lines = notes.read_text().splitlines() if notes.exists() else []
    return [(int(slot), int(process)) for slot, process in (line.split() for line in lines)]
