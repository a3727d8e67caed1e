"""What every test gets: no network in unit tests, and an honest account of missing foreign peers."""

import os
import shutil
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, settings

from runtime import logs
from tests.namespaces import namespace
from tests.postgres import postgres

__all__ = ["namespace", "postgres"]

# how fast this machine is, with its neighbours, is nothing that a test says
settings.register_profile("akadia", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("akadia")

_MISSING: Counter[str] = Counter()
_MISSING_PREFIX = "foreign peer not installed: "


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A unit test that binds or connects an Internet socket fails: only stack and interop tests may."""
    if request.node.get_closest_marker("stack") or request.node.get_closest_marker("interop"):
        yield
        return

    def refuse(self: socket.socket, address: object) -> NoReturn:
        raise RuntimeError(f"a unit test used the network ({address}); mark it stack or interop")

    for method in ("bind", "connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, method, refuse)
    yield


@pytest.fixture(autouse=True)
def _no_log_of_another_test() -> Iterator[None]:
    """What a command under test has configured is not the next test's: `capture_logs` hears every level again."""
    yield
    logs.silence()


@pytest.fixture(scope="session")
def foreign_peer() -> Callable[[str], str]:
    """`foreign_peer("eapol_test")` is its path; the test is skipped without it, and fails where CI is set."""

    def find(name: str) -> str:
        path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/local/sbin")
        if path is not None:
            return path
        if os.environ.get("CI") == "true":
            pytest.fail(f"{_MISSING_PREFIX}{name} (make peers installs it)")
        pytest.skip(f"{_MISSING_PREFIX}{name}")

    return find


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that run processes begin before all others, so that no worker of xdist waits for the last of them alone."""
    items.sort(key=lambda item: not any(item.get_closest_marker(name) for name in ("stack", "interop")))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count, per peer, the tests that were skipped for want of it (also those that ran in another process)."""
    if report.skipped and isinstance(report.longrepr, tuple) and _MISSING_PREFIX in report.longrepr[2]:
        _MISSING[report.longrepr[2].split(_MISSING_PREFIX, 1)[1]] += 1


def pytest_unconfigure(config: pytest.Config) -> None:
    """The last line of a run: which peers were missing, and how many tests that cost."""
    if hasattr(config, "workerinput"):
        return
    missing = ", ".join(f"{peer} ({count})" for peer, count in sorted(_MISSING.items()))
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.write_line(
            f"tests skipped for a missing peer: {sum(_MISSING.values())}{' - ' + missing if missing else ''}"
        )
