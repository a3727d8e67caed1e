"""FreeRADIUS 3 with a configuration of the test's own, in a temporary folder."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.interop.program import Program

SECRET = "between-us-and-freeradius"

MAIN = """
prefix = /usr
libdir = /usr/lib/freeradius
run_dir = {folder}
logdir = {folder}
pidfile = {folder}/freeradius.pid
max_request_time = 10
modules {{
    eap {{
        default_eap_type = pwd
        pwd {{
            group = 19
            server_id = "freeradius@other.example"
            fragment_size = 1020
        }}
    }}
    always ok {{
        rcode = ok
    }}
    always reject {{
        rcode = reject
    }}
    realm suffix {{
        format = suffix
        delimiter = "@"
    }}
}}
client loopback {{
    ipaddr = 127.0.0.0/8
    secret = {secret}
    require_message_authenticator = {require}
}}
proxy server {{
    default_fallback = yes
}}
{more}
"""


def free_port() -> int:
    """A UDP port with a free one behind it, as FreeRADIUS and RFC 2866 pair them."""
    while True:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as two,
        ):
            one.bind(("127.0.0.1", 0))
            port = int(one.getsockname()[1])
            try:
                two.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


@contextmanager
def running_freeradius(
    folder: Path, foreign_peer: Callable[[str], str], more: str, *, require: str = "no"
) -> Iterator[Program]:
    """FreeRADIUS in the foreground, `more` being its servers, listeners and realms."""
    folder.mkdir()
    text = MAIN.format(folder=folder, secret=SECRET, more=more, require=require)
    (folder / "radiusd.conf").write_text(text, encoding="utf-8")
    program = Program(foreign_peer("freeradius"), "-X", "-d", str(folder), "-n", "radiusd")
    try:
        program.wait_for("Ready to process requests")
        yield program
    finally:
        program.end()
