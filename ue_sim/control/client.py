"""A tester's end of the control socket: one wish, one answer."""

from pathlib import Path

from runtime import control_socket
from runtime.control_socket import Answer
from ue_sim.control.wishes import Ping, Wish

_LIMIT = 90.0
"""Seconds that any wish may take, beside one for each ping: an attach may be tried twice as long as the UE tries."""


def ask(path: Path, wish: Wish, limit: float = _LIMIT) -> Answer:
    """Have the UE at `path` do something; ConfigError when none answers there within `limit` seconds."""
    seconds = limit + (wish.count if isinstance(wish, Ping) else 0)
    start = "akadia --config FILE ue attach --stay"
    return control_socket.ask(path, wish, seconds=seconds, who="UE", start=start)
