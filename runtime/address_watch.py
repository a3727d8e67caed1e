"""Hears from the kernel that addresses of this machine have come or gone (rtnetlink(7))."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

from runtime.logs import get_logger

log = get_logger("runtime.addresses")

# <linux/rtnetlink.h>: the groups of RTM_NEWLINK and of RTM_NEWADDR and RTM_DELADDR of either family
_GROUPS = 0x1 | 0x10 | 0x100


def is_here(address: str) -> bool:
    """Whether this machine has `address` now, so that a socket may have it."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as trial:
        try:
            trial.bind((address, 0))
        except OSError:
            return False
    return True


class AddressWatch:
    """Calls `on_change` inside the running loop after every change; what has changed is the caller's to find out."""

    def __init__(self, kernel: socket.socket, on_change: Callable[[], None]) -> None:
        self._kernel = kernel
        self._on_change = on_change
        self._closed = False
        self._loop = asyncio.get_running_loop()
        kernel.setblocking(False)
        self._loop.add_reader(kernel.fileno(), self._drain)

    @classmethod
    def open(cls, on_change: Callable[[], None]) -> "AddressWatch":
        """Listen to the kernel; OSError when it does not let us."""
        kernel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
        kernel.bind((0, _GROUPS))
        return cls(kernel, on_change)

    def close(self) -> None:
        """Stop listening; closing twice does nothing."""
        if self._closed:
            return
        self._closed = True
        self._loop.remove_reader(self._kernel.fileno())
        self._kernel.close()

    def _drain(self) -> None:
        # an overrun of the socket's buffer (ENOBUFS) says that something has changed as well
        with suppress(BlockingIOError, InterruptedError):
            while True:
                try:
                    self._kernel.recv(65536)
                except (BlockingIOError, InterruptedError):
                    raise
                except OSError as error:
                    log.debug("addresses overrun", cause=error.strerror or str(error))
                    break
        try:
            self._on_change()
        except Exception as error:
            # The outermost place: the next change is still heard.
            log.exception("address handler failed", cause=repr(error))
