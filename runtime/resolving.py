"""Names of hosts beside the event loop, by threads that nobody waits for.

asyncio's own threads are few, others wait for them as well, and a daemon does not end before they have: where resolvers
are silent that takes half a minute.
"""

import asyncio
import socket
from contextlib import suppress
from ipaddress import ip_address
from threading import Thread

SECONDS = 5.0
"""Until a resolver must have answered."""


async def addresses_of(host: str, port: int) -> tuple[str, ...]:
    """Literal addresses for TCP, `host` alone where it is one; OSError when there is none, or none in time."""
    if _is_literal(host):
        return (host,)
    loop = asyncio.get_running_loop()
    found: asyncio.Future[tuple[str, ...]] = loop.create_future()

    def settle(outcome: tuple[str, ...] | OSError) -> None:
        if found.done():
            return
        if isinstance(outcome, OSError):
            found.set_exception(outcome)
        else:
            found.set_result(outcome)

    def look() -> None:
        outcome = _looked_up(host, port)
        # the loop may be closed by now
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, outcome)

    Thread(target=look, name="resolver", daemon=True).start()
    try:
        async with asyncio.timeout(SECONDS):
            return await found
    except TimeoutError:
        raise OSError(f"no resolver has said within {SECONDS:g} s where that is") from None


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _looked_up(host: str, port: int) -> tuple[str, ...] | OSError:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        return error
    except UnicodeError:
        return OSError("that is no name of a host")
    return tuple(dict.fromkeys(str(where[0]) for *_, where in found))
