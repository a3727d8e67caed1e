"""tcpdump listening on an interface while a test goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.interop.program import Program


@contextmanager
def listening(command: list[str], interface: str, only: str, file: Path) -> Iterator[Path]:
    """What `only` lets through, in `file`, which is whole afterwards; `command` is how tcpdump is run."""
    # every packet is written when it comes, so that none is lost at the end
    program = Program(*command, "--immediate-mode", "-U", "-Z", "root", "-i", interface, "-w", str(file), only)
    try:
        program.wait_for("listening on")
        yield file
    finally:
        program.end()
