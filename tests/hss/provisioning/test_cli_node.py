"""Nodes and their INDs, as an operator types them."""

import json
from pathlib import Path

from sqlalchemy import update

from hss.counting.nodes import ind_of
from hss.models import RequestingNode
from hss.provisioning.cli_node import node_app
from hss.store.engines import transaction
from tests.hss.provisioning.conftest import Run


def test_nodes_are_listed_and_freed(run: Run, laboratory: Path, database_path: Path) -> None:
    with transaction(database_path) as connection:
        for name in ("mme.example", "aaa.example|one"):
            ind_of(connection, name)
    assert "error: mme.example has asked for vectors at 20" in run("node", "free", "mme.example")[2]
    with transaction(database_path) as connection:
        connection.execute(update(RequestingNode).values(used=None))
    code, out, err = run("node", "list")
    assert (code, err) == (0, "2 nodes\n")
    assert [line.split() for line in out.splitlines()] == [
        ["mme.example", "5", "0", "counter", "-"],
        ["aaa.example|one", "5", "1", "reserve", "-"],
    ]
    freed = json.loads(run("node", "free", "aaa.example|one", "--json")[1])
    assert freed == {"name": "aaa.example|one", "freed": [{"ind_bits": 5, "ind": 1}]}
    code, out, _ = run("node", "free", "mme.example")
    assert (code, out) == (0, "name         mme.example\nfreed        IND 0 of 5 bits\n")
    assert json.loads(run("node", "list", "--json")[1]) == []
    assert "error: no node mme.example has an IND" in run("node", "free", "mme.example")[2]
    assert "the 33rd node is refused" in node_app(lambda: laboratory).help
