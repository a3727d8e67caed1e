"""A Unix socket at a path, for those whom its mode lets in; what a dead process left there is replaced."""

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runtime.config import ConfigError

_BACKLOG = 16


@contextmanager
def listening(path: Path, mode: int, kind: socket.SocketKind = socket.SOCK_DGRAM) -> Iterator[socket.socket]:
    """A socket at `path`, which is removed at the end; ConfigError when a live socket or another file is there.

    One of streams listens already.
    """
    _remove_stale(path, kind)
    with _bound(path, mode, kind) as bound:
        try:
            yield bound
        finally:
            path.unlink(missing_ok=True)


def _bound(path: Path, mode: int, kind: socket.SocketKind) -> socket.socket:
    bound = socket.socket(socket.AF_UNIX, kind)
    before = os.umask(0o777)
    try:
        bound.setblocking(False)
        bound.bind(str(path))
        path.chmod(mode)
        if kind is socket.SOCK_STREAM:
            bound.listen(_BACKLOG)
    except OSError as error:
        bound.close()
        raise ConfigError(
            f"{path}: no socket can be made there: {error.strerror or error}; name another path"
        ) from None
    finally:
        os.umask(before)
    return bound


def _remove_stale(path: Path, kind: socket.SocketKind) -> None:
    try:
        found = path.lstat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise ConfigError(f"{path}: no socket can be made there: {error.strerror}; name another path") from None
    if not stat.S_ISSOCK(found):
        raise ConfigError(f"{path}: is there and no socket; name another path")
    with socket.socket(socket.AF_UNIX, kind) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except OSError as error:
            raise ConfigError(f"{path}: cannot be asked who is there: {error.strerror}; name another path") from None
    raise ConfigError(f"{path}: another program answers there; stop it, or name another path")
