"""Every parser against random and mutated octets: it decodes them or says DecodeError, and nothing else."""

import ast
import importlib
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.house.source_tree import source_files
from wire.errors import DecodeError

Entry = tuple[Callable[[bytes], object], tuple[bytes, ...]]
ROUNDS = int(os.environ.get("FUZZ_ROUNDS", "1500"))


def _entries() -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for path in sorted(Path(__file__).parent.glob("fuzz_*.py")):
        found.update(importlib.import_module(f"tests.fuzz.{path.stem}").ENTRIES)
    return found


ENTRIES = _entries()


def mutate(seed: bytes, chance: random.Random) -> bytes:
    """One to four edits of `seed`: a flipped bit, a set octet, a cut, a doubled or foreign stretch."""
    data = bytearray(seed)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        kind = chance.randrange(6)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 1 and at < len(data):
            data[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))
        elif kind == 2:
            del data[at:]
        elif kind == 3:
            del data[at : at + chance.randint(1, 8)]
        elif kind == 4:
            data[at:at] = data[at : at + chance.randint(1, 64)]
        else:
            data[at:at] = chance.randbytes(chance.randint(1, 16))
    return bytes(data)


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_parser_decodes_or_says_why(name: str) -> None:
    parse, seeds = ENTRIES[name]
    assert seeds, "an entry without a good seed fuzzes nothing"
    for seed in seeds:
        parse(seed)
    chance = random.Random(name)
    for turn in range(ROUNDS):
        data = chance.randbytes(chance.randrange(200)) if turn % 8 == 0 else mutate(chance.choice(seeds), chance)
        try:
            parse(data)
        except DecodeError as error:
            assert 0 <= error.offset <= len(data) + 1, (error.offset, len(data))
            assert error.reason


def test_every_parser_has_its_entry() -> None:
    parsers = set()
    for file in source_files():
        if file.package != "wire":
            continue
        for node in ast.walk(file.tree):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("parse") and _takes_octets(node):
                parsers.add(file.module)
    covered = {name for module in parsers for name in ENTRIES if name.startswith(module + ".")}
    missing = sorted(module for module in parsers if not any(name.startswith(module + ".") for name in covered))
    assert len(parsers) >= 15, f"only {len(parsers)} modules with parsers were seen"
    assert missing == []


def _takes_octets(node: ast.FunctionDef) -> bool:
    arguments = [argument for argument in node.args.args if argument.arg not in {"self", "cls"}]
    return bool(arguments) and isinstance(arguments[0].annotation, ast.Name) and arguments[0].annotation.id == "bytes"
