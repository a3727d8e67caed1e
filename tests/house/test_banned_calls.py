"""Calls and names that this house does not use, and where the few exceptions are."""

import ast

from tests.house.source_tree import SourceFile, source_files

MACHINE_ROOMS = ("wire", "hss.auc", "hss.counting.sqn")
CLOCK_AND_ENTROPY = {
    "time.time", "time.monotonic", "time.time_ns", "os.urandom", "secrets.token_bytes", "random.random",
    "random.randbytes", "datetime.now", "datetime.datetime.now", "asyncio.sleep",
}  # fmt: skip
NEVER = {"eval", "exec", "pickle.loads", "yaml.load", "os.system", "create_datagram_endpoint"}
BAD_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}
PRINTING = ("akadia.", "hss.provisioning.cli", "runtime.process", "ue_sim.report")
LEAST_CALLS = 3000


def _count_calls() -> int:
    return sum(isinstance(node, ast.Call) for file in source_files() for node in ast.walk(file.tree))


def test_enough_calls_were_seen() -> None:
    assert _count_calls() >= LEAST_CALLS


def test_nothing_calls_what_nobody_may() -> None:
    offences = [
        (str(file.path), call)
        for file in source_files()
        for call in file.calls
        if call in NEVER or call.rsplit(".", 1)[-1] == "create_datagram_endpoint"
    ]
    assert offences == []


def test_machines_take_clock_and_entropy_as_arguments() -> None:
    pure = [file for file in source_files() if _is_machine(file)]
    assert len(pure) >= 60, f"only {len(pure)} files were seen"
    assert [(str(file.path), call) for file in pure for call in file.calls & CLOCK_AND_ENTROPY] == []


def _is_machine(file: SourceFile) -> bool:
    return file.module.startswith(MACHINE_ROOMS) or "TRANSITIONS" in file.text


def test_only_the_outermost_loops_catch_everything() -> None:
    offences = [
        f"{file.path}:{node.lineno}"
        for file in source_files()
        for node in ast.walk(file.tree)
        if isinstance(node, ast.ExceptHandler) and _catches_everything(node) and not _is_shell(file)
    ]
    assert offences == []


def _catches_everything(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    if isinstance(last, ast.Raise) and last.exc is None:
        # it is on its way to the outermost loop
        return False
    return handler.type is None or (
        isinstance(handler.type, ast.Name) and handler.type.id in {"Exception", "BaseException"}
    )


def _is_shell(file: SourceFile) -> bool:
    return file.package == "runtime" or file.module.rsplit(".", 1)[-1] in {"app", "server", "cli", "supervisor"}


def test_input_is_not_checked_by_assert() -> None:
    found = [f"{f.path}:{n.lineno}" for f in source_files() for n in ast.walk(f.tree) if isinstance(n, ast.Assert)]
    assert found == []


def test_macs_are_compared_in_constant_time() -> None:
    comparers = [file for file in source_files() if "hmac.compare_digest" in file.calls]
    assert len(comparers) >= 4


def test_rooms_are_named_for_what_is_in_them() -> None:
    names = {file.path.stem for file in source_files()} | {part for file in source_files() for part in file.path.parts}
    assert names & BAD_NAMES == set()


def test_only_the_front_door_prints() -> None:
    offences = [str(f.path) for f in source_files() if "print" in f.calls and not f.module.startswith(PRINTING)]
    assert offences == []
