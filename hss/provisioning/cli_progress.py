"""How far a long command is, with its rate and the time that is left, on standard error."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

Told = Callable[[int, int], None]
"""Hears how much of the whole is done, and how many rows that is."""


class _Rate(ProgressColumn):
    """Rows done by this run, and how many in a second."""

    def render(self, task: Task) -> Text:
        rows = int(task.fields["rows"]) - int(task.fields["before"])
        seconds = task.elapsed or 0.0
        rate = f"{rows / seconds:,.0f} rows/s" if seconds else ""
        return Text(f"{int(task.fields['rows']):,} rows  {rate}")


@contextmanager
def progress(what: str, total: int | None, *, done: int = 0, rows: int = 0) -> Iterator[Told]:
    """A bar for `what` while the block runs; `done` of `total` and `rows` were there before it began.

    Where standard error is no terminal, there is only one line at the end.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        _Rate(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=total, completed=done, rows=rows, before=rows)
        yield lambda completed, rows: bar.update(task, completed=completed, rows=rows)
