"""Draws the state diagrams of ARCHITECTURE.md from the machines' own transition tables.

`python -m tests.house.diagrams --write` redraws them; a test fails when the document and the tables differ.
"""

import importlib
import re
import sys

from tests.house.source_tree import ROOT, source_files
from wire.sansio import Transitions

DOCUMENT = ROOT / "ARCHITECTURE.md"
_MARKED = re.compile(r"<!-- diagram: (?P<module>[\w.]+) -->\n.*?<!-- end -->", re.DOTALL)


def machines() -> list[str]:
    """The dotted names of the modules that define a table called TRANSITIONS."""
    return [file.module for file in source_files() if re.search(r"^TRANSITIONS\b.*=", file.text, re.MULTILINE)]


def table(module: str) -> Transitions:
    """The transition table of one machine."""
    transitions: Transitions = importlib.import_module(module).TRANSITIONS
    return transitions


def draw(transitions: Transitions) -> str:
    """A Mermaid state diagram: one arrow for each pair of states, labelled with every event that makes it."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for (state, event), following in transitions.items():
        for target in sorted(following, key=lambda kind: kind.__name__):
            arrows.setdefault((state.__name__, target.__name__), []).append(event.__name__)
    lines = [f"    {source} --> {target}: {', '.join(events)}" for (source, target), events in arrows.items()]
    first = next(iter(transitions))[0].__name__
    return "\n".join(["```mermaid", "stateDiagram-v2", f"    [*] --> {first}", *lines, "```"])


def redrawn(document: str) -> str:
    """The same document with every marked diagram drawn anew."""

    def block(match: re.Match[str]) -> str:
        module = match["module"]
        return f"<!-- diagram: {module} -->\n{draw(table(module))}\n<!-- end -->"

    return _MARKED.sub(block, document)


def drawn(document: str) -> list[str]:
    """The modules whose diagrams the document holds."""
    return [match["module"] for match in _MARKED.finditer(document)]


if __name__ == "__main__":
    before = DOCUMENT.read_text(encoding="utf-8")
    if "--write" in sys.argv:
        DOCUMENT.write_text(redrawn(before), encoding="utf-8")
    sys.exit(redrawn(before) != before and "--write" not in sys.argv)
