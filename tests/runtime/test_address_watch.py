"""Hearing of addresses: whatever the kernel says, the caller is told that something has changed."""

import asyncio
import socket

import pytest

from runtime.address_watch import AddressWatch, is_here


async def test_each_burst_of_messages_is_one_change_at_least() -> None:
    kernel, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    changed = asyncio.Event()
    watch = AddressWatch(ours, changed.set)
    for _ in range(2):
        changed.clear()
        kernel.send(b"RTM_NEWADDR")
        await asyncio.wait_for(changed.wait(), 5.0)
    watch.close()
    watch.close()
    kernel.close()


async def test_handler_that_fails_does_not_end_the_watch() -> None:
    kernel, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    changed = asyncio.Event()

    def fail() -> None:
        changed.set()
        raise ValueError("the handler's own fault")

    watch = AddressWatch(ours, fail)
    for _ in range(2):
        changed.clear()
        kernel.send(b"RTM_DELADDR")
        await asyncio.wait_for(changed.wait(), 5.0)
    watch.close()
    kernel.close()


@pytest.mark.stack
async def test_kernel_lets_anybody_listen() -> None:
    watch = AddressWatch.open(lambda: None)
    watch.close()


@pytest.mark.stack
@pytest.mark.parametrize(
    ("address", "here"), [("127.0.0.1", True), ("127.5.6.7", True), ("192.0.2.99", False), ("2001:db8::99", False)]
)
def test_address_is_here_when_a_socket_may_have_it(address: str, here: bool) -> None:
    assert is_here(address) is here
