"""`python -m tests.bench.flows SIDE HOST …`: both ends of a flow of TCP, or of UDP in a window.

serve-tcp HOST SECONDS sends to whoever connects, ask-tcp HOST takes it; serve-udp HOST takes packets and counts them,
ask-udp HOST OCTETS SECONDS sends them. Who asks says at the end how much arrived in how many seconds, as JSON.
"""

import json
import socket
import sys
import time
from contextlib import suppress

PORT = 7777
WINDOW, ACKNOWLEDGED = 256, 32
"""So many packets are under way at most, and one in so many is acknowledged."""
HEADERS = 40 + 8
"""Octets of IPv6 and UDP."""
_SILENCE = 60.0
_LOST = 0.2
_NUMBER = 8
_END = bytes(_NUMBER)
_TRIES = 20


def serve_tcp(host: str, seconds: float) -> None:
    """Send for so long."""
    with socket.create_server((host, PORT), family=socket.AF_INET6) as listening:
        listening.settimeout(_SILENCE)
        print("listening", flush=True)
        served, _ = listening.accept()
    with served:
        served.settimeout(_SILENCE)
        octets = bytes(65536)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            served.sendall(octets)


def ask_tcp(host: str) -> dict[str, float]:
    """Octets, and seconds from the first to the last."""
    taken = 0
    with socket.create_connection((host, PORT), timeout=_SILENCE) as stream:
        began = time.monotonic()
        while octets := stream.recv(65536):
            taken += len(octets)
    return {"arrived": taken, "seconds": time.monotonic() - began}


def serve_udp(host: str) -> None:
    """Tell of one packet in 32 which it was; at the end, how many there were."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind((host, PORT))
        datagrams.settimeout(_SILENCE)
        print("listening", flush=True)
        taken = 0
        while True:
            octets, peer = datagrams.recvfrom(2048)
            number = octets[:_NUMBER]
            if number == _END:
                datagrams.sendto(_END + taken.to_bytes(_NUMBER), peer)
                return
            taken += 1
            if taken % ACKNOWLEDGED == 0:
                datagrams.sendto(number, peer)


def ask_udp(host: str, octets: int, seconds: float) -> dict[str, float]:
    """Packets of so many octets, IP header and all, that arrived, and in what time."""
    padding = bytes(octets - HEADERS - _NUMBER)
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as datagrams:
        datagrams.connect((host, PORT))
        datagrams.settimeout(_LOST)
        sent = acknowledged = 0
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            if sent - acknowledged < WINDOW:
                sent += 1
                datagrams.send(sent.to_bytes(_NUMBER) + padding)
                continue
            try:
                acknowledged = max(acknowledged, int.from_bytes(datagrams.recv(2048)))
            except TimeoutError:
                # What was on its way is lost; the next packets are others.
                acknowledged = sent
        took = time.monotonic() - began
        return {"arrived": _ended(datagrams), "seconds": took}


def _ended(datagrams: socket.socket) -> int:
    """How many packets the other side has had."""
    for _ in range(_TRIES):
        datagrams.send(_END)
        with suppress(TimeoutError):
            while len(said := datagrams.recv(2048)) == _NUMBER:
                pass
            return int.from_bytes(said)
    sys.exit("the other side does not answer")


def main(side: str, host: str, *numbers: str) -> None:
    """One end."""
    match side:
        case "serve-tcp":
            serve_tcp(host, float(numbers[0]))
        case "serve-udp":
            serve_udp(host)
        case "ask-tcp":
            print(json.dumps(ask_tcp(host)))
        case "ask-udp":
            print(json.dumps(ask_udp(host, int(numbers[0]), float(numbers[1]))))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
