"""Asking a UE: its answer, or why there is none."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runtime.config import ConfigError
from runtime.control_socket import Answer, encode
from runtime.unix_socket import listening
from ue_sim.control.client import ask
from ue_sim.control.wishes import Ping, Status

pytestmark = pytest.mark.stack

PATH = Path("ue.sock")


@pytest.fixture(autouse=True)
def short_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@contextmanager
def answering(line: bytes) -> Iterator[list[bytes]]:
    """A UE that answers one wish with `line`; what it heard."""
    heard: list[bytes] = []
    with listening(PATH, 0o600, socket.SOCK_STREAM) as bound:
        bound.settimeout(10)

        def serve() -> None:
            link, _ = bound.accept()
            with link:
                heard.append(link.recv(4096))
                link.sendall(line)

        thread = threading.Thread(target=serve)
        thread.start()
        yield heard
        thread.join(10)


def test_answer_is_what_the_ue_says() -> None:
    answer = Answer(ok=True, outcome="attached", facts={"home_agent": "2001:db8::1"})
    with answering(encode(answer)) as heard:
        assert ask(PATH, Status()) == answer
    assert heard == [b'{"do":"status"}\n']


def test_nobody_there_is_said() -> None:
    with pytest.raises(ConfigError, match=r"^ue\.sock: no UE answers there; start one by akadia .* ue attach --stay$"):
        ask(PATH, Status())


def test_socket_that_a_dead_ue_left_is_said_alike() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as left:
        left.bind(str(PATH))
    with pytest.raises(ConfigError, match="no UE answers there"):
        ask(PATH, Status())


def test_ue_that_does_not_answer_in_time_is_said() -> None:
    with (
        listening(PATH, 0o600, socket.SOCK_STREAM),
        pytest.raises(ConfigError, match=r"did not answer within 1 s; see what it says itself"),
    ):
        ask(PATH, Ping(count=1), limit=0.1)


@pytest.mark.parametrize("line", [b"", b'{"ok": tr'])
def test_ue_that_ends_before_its_answer_is_said(line: bytes) -> None:
    with answering(line), pytest.raises(ConfigError, match="the UE ended before it answered"):
        ask(PATH, Status())


def test_path_that_is_no_socket_is_said() -> None:
    PATH.mkdir()
    with pytest.raises(ConfigError, match=r"^ue\.sock: "):
        ask(PATH, Status())
