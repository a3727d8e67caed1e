"""A Unix socket: who may have it, and what becomes of what is at its path already."""

import socket
from pathlib import Path

import pytest

from runtime.config import ConfigError
from runtime.unix_socket import address_of, listening

pytestmark = pytest.mark.stack

KINDS = [socket.SOCK_DGRAM, socket.SOCK_STREAM]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a socket may be; a socket's path has at most 107 octets."""
    monkeypatch.chdir(tmp_path)
    return Path("a.sock")


@pytest.mark.parametrize("kind", KINDS)
def test_socket_is_for_whom_its_mode_says(path: Path, kind: socket.SocketKind) -> None:
    with listening(path, 0o660, kind):
        assert path.stat().st_mode & 0o777 == 0o660
    assert not path.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_stale_socket_is_replaced(path: Path, kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_UNIX, kind) as left:
        left.bind(str(path))
    assert path.exists()
    with listening(path, 0o600, kind), socket.socket(socket.AF_UNIX, kind) as client:
        client.connect(str(path))


@pytest.mark.parametrize("kind", KINDS)
def test_live_socket_is_left_alone(path: Path, kind: socket.SocketKind) -> None:
    with listening(path, 0o600, kind):
        with (
            pytest.raises(ConfigError, match="another program answers there; stop it"),
            listening(path, 0o600, kind),
        ):
            pass
        assert path.exists()


def test_file_that_is_no_socket_is_left_alone(path: Path) -> None:
    path.write_text("precious")
    with pytest.raises(ConfigError, match="is there and no socket"), listening(path, 0o600):
        pass
    assert path.read_text() == "precious"


@pytest.mark.parametrize("name", ["none/below", "file/below", "long" * 40])
@pytest.mark.usefixtures("path")
def test_path_that_cannot_be_is_said(name: str) -> None:
    Path("file").write_text("precious")
    with pytest.raises(ConfigError, match="no socket can be made there"), listening(Path(name), 0o600):
        pass


@pytest.mark.parametrize("kind", KINDS)
def test_socket_may_be_in_a_folder_whose_path_is_too_long_for_the_system(
    tmp_path: Path, kind: socket.SocketKind
) -> None:
    deep = tmp_path / ("deep" * 30)
    deep.mkdir()
    path = deep / "a.sock"
    with socket.socket(socket.AF_UNIX, kind) as left, address_of(path) as address:
        left.bind(address)
    with listening(path, 0o600, kind):
        assert path.is_socket()
        with socket.socket(socket.AF_UNIX, kind) as client, address_of(path) as address:
            client.connect(address)
        with pytest.raises(ConfigError, match="another program answers there"), listening(path, 0o600, kind):
            pass
    assert not path.exists()


def test_short_path_is_its_own_address(tmp_path: Path) -> None:
    with address_of(tmp_path / "a.sock") as address:
        assert address == str(tmp_path / "a.sock")
    with pytest.raises(FileNotFoundError), address_of(tmp_path / ("none" * 30) / "a.sock"):
        pass
