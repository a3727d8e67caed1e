"""ARCHITECTURE.md shows the machines as they are."""

from tests.house.diagrams import DOCUMENT, drawn, machines, redrawn, table


def test_every_machine_is_drawn() -> None:
    assert len(machines()) >= 6, machines()
    assert sorted(drawn(DOCUMENT.read_text(encoding="utf-8"))) == sorted(machines())


def test_diagrams_are_as_the_tables_say() -> None:
    document = DOCUMENT.read_text(encoding="utf-8")
    assert redrawn(document) == document, "stale: make diagrams redraws them"


def test_tables_name_their_states() -> None:
    for module in machines():
        transitions = table(module)
        assert transitions, module
        assert all(isinstance(state, type) and isinstance(event, type) for state, event in transitions)
