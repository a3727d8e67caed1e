"""Every parser against random and mutated octets: it decodes them or says DecodeError, and nothing else."""

import ast
import importlib
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fuzz.mutation import mutate
from tests.house.source_tree import source_files
from wire.errors import DecodeError

Entry = tuple[Callable[[bytes], object], tuple[bytes, ...]]
ROUNDS = int(os.environ.get("FUZZ_ROUNDS", "1500"))


HANDSHAKES = frozenset(
    {
        "pdngw_proxy.ike.table.ResponderTable.handle: an authenticated UE",
        "ue_sim.ike_initiator.IkeInitiator.handle: the gateway itself",
    }
)
"""Entries that begin each round with a whole handshake: they have a quarter of the rounds, and `whole` beside them."""


def _entries() -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for path in sorted(Path(__file__).parent.glob("fuzz_*.py")):
        found.update(importlib.import_module(f"tests.fuzz.{path.stem}").ENTRIES)
    return found


ENTRIES = _entries()
assert set(ENTRIES) > HANDSHAKES


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_parser_decodes_or_says_why(name: str) -> None:
    parse, seeds = ENTRIES[name]
    assert seeds, "an entry without a good seed fuzzes nothing"
    for seed in seeds:
        parse(seed)
    chance = random.Random(name)
    for turn in range(ROUNDS // 4 if name in HANDSHAKES else ROUNDS):
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
