"""A mobile node's program on a kernel with Mobile IPv6: it obeys its lines, and the kernel does all else.

Usage: kernel_node.py HOME_ADDRESS HOME_AGENT WORD…. Needs Python's own library alone. `bu=HEX` sends a Mobility Header
from the Home Address, whose checksum the kernel makes, and prints what Mobility Header comes back; `ping=ADDRESS` sends
echo requests from the Home Address. Each word is answered by one line, which begins with `said`.
"""

import select
import socket
import struct
import sys
import time

IPPROTO_MH = 135
_CHECKSUM = slice(4, 6)
_ECHO_REQUEST, _ECHO_REPLY = 128, 129
_LIMIT = 3.0
_PINGS = 3


def arrives(raw: socket.socket, source: str, wanted: bytes = b"") -> bytes | None:
    """The first packet of `source` that ends with `wanted`; None when none comes in time."""
    end = time.monotonic() + _LIMIT
    while (left := end - time.monotonic()) > 0 and select.select([raw], [], [], left)[0]:
        octets, peer = raw.recvfrom(4000)
        if peer[0] == source and octets.endswith(wanted):
            return octets
    return None


def update(home_address: str, home_agent: str, octets: bytes) -> str:
    """The Mobility Header that answers `octets`, in hex."""
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, IPPROTO_MH) as raw:
        raw.bind((home_address, 0))
        unsummed = octets[: _CHECKSUM.start] + bytes(2) + octets[_CHECKSUM.stop :]
        raw.sendto(unsummed, (home_agent, 0))
        answer = arrives(raw, home_agent)
    return answer.hex() if answer is not None else "nothing"


def ping(home_address: str, destination: str) -> str:
    """How many echo requests of 1,000 octets were answered."""
    answered = 0
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as raw:
        raw.bind((home_address, 0))
        for sequence in range(1, _PINGS + 1):
            asked = struct.pack("!HH", 77, sequence) + bytes(range(250)) * 4
            raw.sendto(struct.pack("!BBH", _ECHO_REQUEST, 0, 0) + asked, (destination, 0))
            reply = arrives(raw, destination, asked)
            if reply is None or reply[0] != _ECHO_REPLY:
                break
            answered += 1
    return f"{answered} of {_PINGS}"


def obey(home_address: str, home_agent: str, word: str) -> str:
    """One word, and what came of it."""
    order, _, value = word.partition("=")
    try:
        if order == "bu":
            return update(home_address, home_agent, bytes.fromhex(value))
        return ping(home_address, value)
    except OSError as error:
        return f"error: {error}"


if __name__ == "__main__":
    for said in sys.argv[3:]:
        print("said", obey(sys.argv[1], sys.argv[2], said), flush=True)
