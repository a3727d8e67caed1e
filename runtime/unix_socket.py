"""A Unix socket at a path, for those whom its mode lets in; what a dead process left there is replaced."""

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runtime.config import ConfigError

_BACKLOG = 16
_LONGEST = 107
"""Octets of a path in sockaddr_un (unix(7))."""


@contextmanager
def address_of(path: Path) -> Iterator[str]:
    """What to bind or connect to for `path`, during the block: by way of the folder where the path is too long.

    OSError when there is no such folder.
    """
    if len(os.fsencode(path)) <= _LONGEST:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


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
        with address_of(path) as address:
            bound.bind(address)
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
            with address_of(path) as address:
                probe.connect(address)
        except ConnectionRefusedError:
            path.unlink()
            return
        except OSError as error:
            raise ConfigError(f"{path}: cannot be asked who is there: {error.strerror}; name another path") from None
    raise ConfigError(f"{path}: another program answers there; stop it, or name another path")
