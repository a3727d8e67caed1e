"""The requests of hostapd: any local program may send any datagram."""

from collections.abc import Callable

from hss.faces.auc_socket import parse

SEEDS = (
    b"AKA-REQ-AUTH 001010000000001",
    b"AKA-AUTS 001010000000001 " + b"0a" * 14 + b" " + b"f0" * 16,
    b"SIM-REQ-AUTH 001010000000001 3",
)

ENTRIES: dict[str, tuple[Callable[[bytes], object], tuple[bytes, ...]]] = {"hss.faces.auc_socket.parse": (parse, SEEDS)}
