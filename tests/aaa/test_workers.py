"""The parent of the AAA server's workers: what it refuses before it begins."""

import asyncio
import os
import signal
import socket
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from aaa.config import read_settings
from aaa.workers import not_reloaded_by, oversee, require_free
from runtime.config import SocketAddress, read_config
from runtime.worker import Worker
from tests.aaa.test_app import CONFIG

pytestmark = pytest.mark.stack


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_address_that_somebody_has_is_refused(kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        taken = SocketAddress(*other.getsockname())
        if kind is socket.SOCK_STREAM:
            other.listen()
        with pytest.raises(OSError, match=f"{taken}: Address already in use"):
            require_free(kind, taken)
    require_free(kind, taken)


def test_parent_does_not_begin_on_an_address_that_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "akadia.toml"
    with socket.create_server(("127.0.0.1", 0)) as other:
        text = CONFIG.format(hss="127.0.0.1:3868", kind="local")
        path.write_text(text.replace("127.0.0.1:0", str(SocketAddress(*other.getsockname()))))
        with pytest.raises(OSError, match="in use"):
            oversee(read_settings(read_config(path)), path, 2)


def test_parent_ends_with_the_code_of_a_worker_that_does_not_begin(tmp_path: Path) -> None:
    path = tmp_path / "akadia.toml"
    path.write_text(CONFIG.format(hss="127.0.0.1:3868", kind="local"))
    settings = read_settings(read_config(path))
    assert oversee(settings, path, 2) == 1


@pytest.mark.parametrize(("worker", "cause"), [(None, "one process serves"), (Worker(1, 1), "its parent takes it")])
async def test_process_that_cannot_reload_says_so(worker: Worker | None, cause: str) -> None:
    with capture_logs() as lines:
        not_reloaded_by(signal.SIGUSR1, worker)
        os.kill(os.getpid(), signal.SIGUSR1)
        while not lines:  # noqa: ASYNC110 - it is about a signal
            await asyncio.sleep(0.01)
    assert cause in lines[0]["cause"]
    asyncio.get_running_loop().remove_signal_handler(signal.SIGUSR1)
