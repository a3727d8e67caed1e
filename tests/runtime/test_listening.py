"""Whoever cannot listen names the address."""

import errno
import os
import socket

import pytest

from runtime.listening import naming


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE)), "192.0.2.1:1812: Address already in use"),
        (OSError(errno.EADDRINUSE, "error while attempting to bind"), "192.0.2.1:1812: Address already in use"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "192.0.2.1:1812: Name or service not known"),
        (OSError("could not bind on any address"), "192.0.2.1:1812: could not bind on any address"),
    ],
)
def test_error_names_the_address_and_the_cause(error: OSError, said: str) -> None:
    with pytest.raises(OSError, match=said) as raised, naming(("192.0.2.1", 1812)):
        raise error
    assert raised.value.strerror == said
    assert raised.value.errno == error.errno


def test_address_of_ipv6_is_in_brackets() -> None:
    with pytest.raises(OSError, match=r"\[::1\]:1812: Address"), naming(("::1", 1812)):
        raise OSError(errno.EADDRINUSE, "")
