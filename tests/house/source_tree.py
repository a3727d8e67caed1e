"""The house as its own tests see it: every source file, its imports and its calls."""

import ast
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("wire", "runtime", "hss", "aaa", "ue_sim", "pdngw_proxy", "migrations", "akadia")


@dataclass(frozen=True)
class SourceFile:
    """One Python file: its path below the root, its dotted name, its syntax tree and its text."""

    path: Path
    module: str
    tree: ast.Module
    text: str

    @property
    def package(self) -> str:
        """The room on the house's own list: the first part of the dotted name."""
        return self.module.split(".", 1)[0]

    @cached_property
    def imports(self) -> frozenset[str]:
        """Every module that this file imports anywhere, also inside functions; `from a import b` gives a and a.b."""
        found: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module)
                found.update(f"{node.module}.{alias.name}" for alias in node.names)
        return frozenset(found)

    @cached_property
    def calls(self) -> frozenset[str]:
        """Every call written as a dotted name, such as `time.time` or `print`."""
        return frozenset(
            name
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Call) and (name := _dotted(node.func)) is not None
        )


def _dotted(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (left := _dotted(node.value)) is not None:
        return f"{left}.{node.attr}"
    return None


@cache
def source_files() -> tuple[SourceFile, ...]:
    """Every Python file of the packages."""
    files = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            relative = path.relative_to(ROOT)
            text = path.read_text(encoding="utf-8")
            module = ".".join(relative.with_suffix("").parts).removesuffix(".__init__")
            files.append(SourceFile(relative, module, ast.parse(text), text))
    return tuple(files)
