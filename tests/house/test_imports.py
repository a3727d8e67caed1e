"""Arrows only point down: the import directions of ARCHITECTURE.md, read from the files themselves."""

from tests.house.source_tree import PACKAGES, SourceFile, source_files

MAY_IMPORT = {
    "wire": {"wire"},
    "runtime": {"runtime", "wire"},
    "hss": {"hss", "runtime", "wire", "migrations"},
    "aaa": {"aaa", "runtime", "wire", "hss.api", "hss.session_api", "hss.active_api", "hss.failure_api"},
    "ue_sim": {"ue_sim", "runtime", "wire"},
    "pdngw_proxy": {"pdngw_proxy", "runtime", "wire"},
    "migrations": {"migrations", "hss.models"},
    "akadia": set(PACKAGES),
}
COMPOSITION_ROOTS = {"aaa.near_hss": {"hss"}, "aaa.ledger": {"hss"}}
NOT_IN_WIRE = {
    "asyncio", "socket", "threading", "time", "os", "secrets", "random", "logging", "sqlalchemy", "structlog",
    "pydantic", "subprocess", "selectors", "select", "concurrent",
}  # fmt: skip
ONE_ADAPTER = {"pyrad": "wire.radius", "diameter": "wire.diameter", "sqlalchemy": "hss", "alembic": "hss"}
HSS_ROOMS = ("models", "store", "sessions", "keys", "counting", "telling", "policy", "faces", "provisioning", "rest")
"""The rooms of the HSS, each of which may import those before it, and none behind it."""
LEAST_FILES = 100


def _allowed(imported: str, granted: set[str]) -> bool:
    return any(imported == room or imported.startswith(f"{room}.") for room in granted)


def _own(imported: str) -> bool:
    return imported.split(".", 1)[0] in PACKAGES


def _offences(file: SourceFile) -> list[str]:
    granted = MAY_IMPORT[file.package] | COMPOSITION_ROOTS.get(file.module, set())
    wrong = []
    for name in file.imports:
        # `from hss import api` names both hss and hss.api: the narrower one decides
        narrower = {other for other in file.imports if other.startswith(f"{name}.")}
        if (
            _own(name)
            and not _allowed(name, granted)
            and not (narrower and all(_allowed(n, granted) for n in narrower))
        ):
            wrong.append(f"{file.path} imports {name}")
    return wrong


def test_arrows_point_down() -> None:
    files = source_files()
    assert len(files) >= LEAST_FILES, f"only {len(files)} files were seen"
    assert [offence for file in files for offence in _offences(file)] == []


def _hss_room(module: str) -> int | None:
    parts = module.split(".")
    return HSS_ROOMS.index(parts[1]) if parts[0] == "hss" and len(parts) > 1 and parts[1] in HSS_ROOMS else None


def test_rooms_of_the_hss_stand_on_those_before_them() -> None:
    files = [(file, room) for file in source_files() if (room := _hss_room(file.module)) is not None]
    assert {room for _, room in files} == set(range(len(HSS_ROOMS)))
    wrong = [
        f"{file.path} imports {name}"
        for file, room in files
        for name in file.imports
        if (other := _hss_room(name)) is not None and other > room
    ]
    assert wrong == []


def test_every_package_was_seen() -> None:
    assert {file.package for file in source_files()} == set(PACKAGES)


def test_wire_imports_no_clock_no_socket_no_entropy() -> None:
    wire = [file for file in source_files() if file.package == "wire"]
    assert len(wire) >= LEAST_FILES // 2
    tops = [(file.path, name) for file in wire for name in file.imports if name.split(".", 1)[0] in NOT_IN_WIRE]
    assert tops == []


def test_foreign_libraries_stay_behind_their_adapters() -> None:
    seen = set()
    for file in source_files():
        for name in file.imports:
            library = name.split(".", 1)[0]
            home = ONE_ADAPTER.get(library)
            if home is None:
                continue
            seen.add(library)
            assert _allowed(file.module, {home, "migrations"}), f"{file.path} imports {library}"
    assert seen == set(ONE_ADAPTER)
