"""One log line for each event, as text or JSON, in which no key can appear.

Nothing is written before `configure`: a test hears a logger only through structlog's `capture_logs`.
"""

import json
import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Literal, TextIO, cast

import structlog
from structlog.typing import FilteringBoundLogger, WrappedLogger

from wire.secret import Secret

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["text", "json"]

HIDDEN = "<secret>"

_SECRET_KEY = re.compile(r"(k|opc|op|ck|ik|xres|res|msk|emsk|sk_\w+|password|secret)\Z", re.IGNORECASE)
_PLAIN = re.compile(r"[!#-<>-~]+\Z")
_HEAD = ("time", "level", "logger_name", "event")

Event = MutableMapping[str, Any]


def get_logger(name: str) -> FilteringBoundLogger:
    """The logger of one room, such as "aaa.radius"; it obeys every later `configure`."""
    return cast("FilteringBoundLogger", structlog.get_logger(logger_name=name))


class _Level:
    """Whether details are written; asked for each request, so it has to be cheap."""

    debugging = True


def debugging() -> bool:
    """Whether a line of level debug would be heard: ask first where there is one for each request."""
    return _Level.debugging


def configure(level: Level = "info", fmt: Format = "text", stream: TextIO | None = None) -> None:
    """Write events of `level` and above to `stream` (standard error), a line each."""
    render = _as_text if fmt == "text" else _as_json
    _Level.debugging = level == "debug"
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _add_time,
            structlog.processors.format_exc_info,
            redact,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(file=stream or sys.stderr),
        cache_logger_on_first_use=False,
    )


def silence() -> None:
    """Write nothing from now on; `capture_logs` still hears everything."""
    _Level.debugging = True
    structlog.configure(
        processors=[_drop],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        logger_factory=structlog.ReturnLoggerFactory(),
        cache_logger_on_first_use=False,
    )


def redact(_logger: WrappedLogger, _method: str, event: Event) -> Event:
    """Put `<secret>` for every Secret, at any depth, and for every value whose key names key material."""
    return {key: _redacted(key, value) for key, value in event.items()}


def _redacted(key: str, value: object) -> object:
    if isinstance(value, Secret) or _SECRET_KEY.match(key):
        return HIDDEN
    if isinstance(value, Mapping):
        return {str(inner): _redacted(str(inner), item) for inner, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted("", item) for item in value]
    return value


def _add_time(_logger: WrappedLogger, _method: str, event: Event) -> Event:
    event["time"] = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return event


def _drop(_logger: WrappedLogger, _method: str, _event: Event) -> Event:
    raise structlog.DropEvent


def _as_json(_logger: WrappedLogger, _method: str, event: Event) -> str:
    head = {key.removesuffix("_name"): event[key] for key in _HEAD if key in event}
    details = {key: _plain(value) for key, value in event.items() if key not in _HEAD}
    return json.dumps(head | details, default=str)


def _as_text(_logger: WrappedLogger, _method: str, event: Event) -> str:
    traceback = event.pop("exception", None)
    head = " ".join(str(event[key]) for key in _HEAD if key in event)
    details = "".join(f" {key}={_quoted(value)}" for key, value in event.items() if key not in _HEAD)
    return _one_line(head) + details + (f"\n{traceback}" if traceback else "")


def _plain(value: object) -> object:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, Enum):
        return value.value if isinstance(value.value, str) else value.name
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _quoted(value: object) -> str:
    plain = _plain(value)
    text = json.dumps(plain, default=str) if isinstance(plain, list | dict) else str(plain)
    return text if _PLAIN.match(text) else json.dumps(text, ensure_ascii=False)


def _one_line(text: str) -> str:
    """`text` with every control character escaped: what a peer sent never begins a line of its own."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


silence()
