"""A tester's end of the control socket: one wish, one answer."""

import socket
from pathlib import Path

from runtime.config import ConfigError
from ue_sim.control.wishes import Answer, Ping, Wish, encode

_LIMIT = 90.0
"""Seconds that any wish may take, beside one for each ping: an attach may be tried twice as long as the UE tries."""


def ask(path: Path, wish: Wish, limit: float = _LIMIT) -> Answer:
    """Have the UE at `path` do something; ConfigError when none answers there within `limit` seconds."""
    seconds = limit + (wish.count if isinstance(wish, Ping) else 0)
    try:
        line = _exchange(path, encode(wish), seconds)
    except (FileNotFoundError, ConnectionRefusedError):
        why = f"{path}: no UE answers there; start one by akadia --config FILE ue attach --stay"
        raise ConfigError(why) from None
    except TimeoutError:
        why = f"{path}: the UE did not answer within {seconds:.0f} s; see what it says on its own terminal"
        raise ConfigError(why) from None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}; it is for the user who started the UE") from None
    if not line.endswith(b"\n"):
        raise ConfigError(f"{path}: the UE ended before it answered; see what it said on its own terminal")
    return Answer.model_validate_json(line)


def _exchange(path: Path, line: bytes, seconds: float) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.settimeout(seconds)
        link.connect(str(path))
        link.sendall(line)
        with link.makefile("rb") as answers:
            return answers.readline()
