"""The rows as a table for people, and as JSON for programs."""

import json
from collections.abc import Sequence

from tests.bench.rows import Row

_HEAD = ("measurement", "per s", "min - max", "CPU us", "cores", "DB us", "p50 ms", "p99 ms", "slowed", "bar", "met")
_RIGHT = range(1, 9)


def as_table(machine: str, rows: Sequence[Row]) -> str:
    """The machine, a line for each row, and what is to be said of some of them."""
    lines = [_HEAD, *_all_cells(rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    drawn = [_draw(line, widths) for line in lines]
    remarks = [f"{row.name}: {row.remark}" for row in rows if row.remark]
    return "\n".join([machine, "", drawn[0], "-" * len(drawn[0]), *drawn[1:], "", *remarks])


def as_markdown(rows: Sequence[Row]) -> str:
    """The same for a README."""
    lines = [_HEAD, tuple("---:" if column in _RIGHT else "---" for column in range(len(_HEAD)))]
    return "\n".join(f"| {' | '.join(line)} |" for line in (*lines, *_all_cells(rows)))


def as_json(machine: dict[str, str], rows: Sequence[Row]) -> str:
    """One object: the machine, and the rows with every figure."""
    return json.dumps({"machine": machine, "rows": [row.fields() for row in rows]}, indent=2)


def _all_cells(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    fastest = min((each.probe_us for row in rows for each in row.rounds), default=0)
    return [_cells(row, fastest) for row in rows]


def _cells(row: Row, fastest: float) -> tuple[str, ...]:
    least, most = row.extent
    slowed = f"{row.probe_us / fastest:.1f}x" if fastest else ""
    rate = (f"{row.rate:,.0f}", f"{least:,.0f} - {most:,.0f}")
    cpu = (f"{row.cpu_us:,.1f}", f"{row.cores:.2f}", f"{row.database_cpu_us:,.1f}")
    return (row.what, *rate, *cpu, _ms(row.p50_ms), _ms(row.p99_ms), slowed, str(row.bar), row.verdict)


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _draw(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (
        cell.rjust(width) if column in _RIGHT else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join(padded).rstrip()
