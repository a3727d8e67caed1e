"""A node's program on a kernel with Mobile IPv6: it obeys its lines, and the kernel does all else.

Usage: kernel_node.py OWN_ADDRESS PEER WORD…: a Home Address and its home agent, or the other way round. Needs Python's
own library alone. `bu=HEX` sends a Mobility Header, whose checksum the kernel makes, and prints what Mobility Header
comes back; `ping=ADDRESS` sends echo requests; `espinudp=PORT` has the kernel take ESP in UDP at a port (RFC 3948).
Each word is answered by one line, which begins with `said`.
"""

import select
import socket
import struct
import sys
import time

IPPROTO_MH = 135
_CHECKSUM = slice(4, 6)
_UDP_ENCAP, _ESP_IN_UDP = 100, 2
"""<linux/udp.h>."""
_ECHO_REQUEST, _ECHO_REPLY = 128, 129
_LIMIT = 3.0
_PINGS = 3
_KEPT: list[socket.socket] = []


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


def take_esp_in_udp(port: int) -> str:
    """From now on, for as long as this program runs."""
    taking = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    taking.bind(("::", port))
    taking.setsockopt(socket.IPPROTO_UDP, _UDP_ENCAP, _ESP_IN_UDP)
    _KEPT.append(taking)
    return "taken"


def obey(home_address: str, home_agent: str, word: str) -> str:
    """One word, and what came of it."""
    order, _, value = word.partition("=")
    try:
        if order == "bu":
            return update(home_address, home_agent, bytes.fromhex(value))
        if order == "espinudp":
            return take_esp_in_udp(int(value))
        return ping(home_address, value)
    except OSError as error:
        return f"error: {error}"


if __name__ == "__main__":
    for said in sys.argv[3:]:
        print("said", obey(sys.argv[1], sys.argv[2], said), flush=True)
