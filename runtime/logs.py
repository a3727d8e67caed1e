"""One log line for each event, as text or JSON, in which no key can appear.

Nothing is written before `configure`: a test hears a logger only through structlog's `capture_logs`.
"""

import json
import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from enum import Enum
from functools import lru_cache
from time import gmtime, strftime, time
from typing import Any, ClassVar, Literal, TextIO, cast

from runtime.log_imsi import SHORTEST, ImsiText
from runtime.log_session import logged_session
from runtime.log_stream import LogStream
from wire.secret import Secret

# structlog loads rich where it finds it, for tracebacks in colour that nobody asks for here: not at each start
_RICH_IS_ELSEWHERE = "rich" in sys.modules
sys.modules.setdefault("rich", None)  # type: ignore[arg-type]
import structlog  # noqa: E402
from structlog.typing import FilteringBoundLogger, Processor, WrappedLogger  # noqa: E402

if not _RICH_IS_ELSEWHERE:
    del sys.modules["rich"]

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["text", "json"]

HIDDEN = "<secret>"

_HARMLESS = frozenset((str, int, float, bool, type(None)))
"""Types, themselves and no subclass, of what holds nothing else inside."""
_NEVER_AN_IMSI = (bool, int, float, bytes, bytearray, memoryview, Enum, type(None))

_SECRET_KEY = re.compile(r"(k|opc|op|ck|ik|xres|res|msk|emsk|sk_\w+|password|secret)\Z", re.IGNORECASE)
_PLAIN = re.compile(r"[!#-<>-~]+\Z")
_HEAD = ("time", "level", "logger_name", "event")
_LEVELS = {"warn": "warning", "exception": "error"}
"""Methods of a logger that are called otherwise than their level."""

Event = MutableMapping[str, Any]


def get_logger(name: str) -> FilteringBoundLogger:
    """The logger of one room, such as "aaa.radius"; it obeys every later `configure`."""
    return cast("FilteringBoundLogger", structlog.get_logger(logger_name=name))


class _State:
    """What was configured. Whether details are written is asked for each request, so it has to be cheap."""

    debugging = True
    level: Level = "debug"
    render: ClassVar[Processor]
    stream: TextIO | None = None
    imsi = ImsiText()
    worker = ""
    watched: frozenset[str] = frozenset()


def debugging() -> bool:
    """Whether a line of level debug would be heard: ask first where there is one for each request."""
    return _State.debugging


def configure(
    level: Level = "info",
    fmt: Format = "text",
    stream: TextIO | None = None,
    *,
    imsi: ImsiText | None = None,
    worker: str = "",
) -> None:
    """Write events of `level` and above to `stream` (standard error), a line each, IMSIs as `imsi` says.

    `worker` tells this process from others of the same daemon, "" where there are none.
    """
    _State.level = level
    _State.stream = stream
    _State.render = _as_text if fmt == "text" else _as_json
    _State.imsi = imsi or ImsiText()
    _State.worker = worker
    watch(frozenset())


def watch(imsis: frozenset[str]) -> None:
    """Write details of the conversations of these subscribers as well, whatever the level is."""
    _State.watched = imsis
    _State.debugging = bool(imsis) or _State.level == "debug"
    structlog.configure(
        processors=[
            *([_only_watched] if imsis else []),
            _add_circumstances,
            structlog.processors.format_exc_info,
            redact,
            _State.render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_number("debug" if imsis else _State.level)),
        logger_factory=structlog.WriteLoggerFactory(file=cast("TextIO", LogStream(_State.stream or sys.stderr))),
        cache_logger_on_first_use=False,
    )


def silence() -> None:
    """Write nothing from now on; `capture_logs` still hears everything."""
    _State.debugging = True
    structlog.configure(
        processors=[_drop],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        logger_factory=structlog.ReturnLoggerFactory(),
        cache_logger_on_first_use=False,
    )


def redact(_logger: WrappedLogger, _method: str, event: Event) -> Event:
    """Put `<secret>` for every Secret, at any depth, and for every value whose key names key material.

    And for each IMSI what the configuration says. One look at each value: this is on every request's way.
    """
    hides_imsis = _State.imsi.form != "full"
    for key, value in event.items():
        kind = type(value)
        if _names_a_key(key):
            event[key] = HIDDEN
        elif kind is str:
            if hides_imsis and (len(value) >= SHORTEST or key == "imsi") and key != "time":
                event[key] = _hidden(key, value)
        elif kind not in _HARMLESS:
            harmless = _redacted(key, value)
            event[key] = _hidden(key, harmless) if hides_imsis else harmless
    return event


@lru_cache(maxsize=1024)
def _names_a_key(name: str) -> bool:
    return _SECRET_KEY.match(name) is not None


def _redacted(key: str, value: object) -> object:
    if isinstance(value, Secret) or _names_a_key(key):
        return HIDDEN
    if isinstance(value, Mapping):
        return {str(inner): _redacted(str(inner), item) for inner, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted("", item) for item in value]
    return value


def _add_circumstances(_logger: WrappedLogger, method: str, event: Event) -> Event:
    """Level, time, and whose the line is."""
    event["level"] = _LEVELS.get(method, method)
    event["time"] = _moment(time())
    session = logged_session()
    if session is not None:
        if session.name:
            event.setdefault("session", session.name)
        if session.nas_session:
            event.setdefault("nas_session", session.nas_session)
    if _State.worker:
        event.setdefault("worker", _State.worker)
    return event


def _moment(now: float) -> str:
    """Unix time in UTC as ISO 8601 has it, to the millisecond."""
    milliseconds = int(now * 1000)
    return f"{_second(milliseconds // 1000)}.{milliseconds % 1000:03d}Z"


@lru_cache(maxsize=2)
def _second(now: int) -> str:
    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(now))


def _number(level: str) -> int:
    return logging.getLevelNamesMapping()[level.upper()]


def _only_watched(_logger: WrappedLogger, method: str, event: Event) -> Event:
    if _number("error" if method == "exception" else method) >= _number(_State.level) or _is_watched(event):
        return event
    raise structlog.DropEvent


def _is_watched(event: Event) -> bool:
    session = logged_session()
    if session is not None and session.imsi in _State.watched:
        return True
    # an identity holds the IMSI among other things
    texts = [str(value) for value in event.values()]
    return any(imsi in text for imsi in _State.watched for text in texts)


def _hidden(key: str, value: object) -> object:
    if isinstance(value, str):
        return _State.imsi.of(value) if key == "imsi" and value.isdecimal() else _State.imsi.within(value)
    if isinstance(value, Mapping):
        return {inner: _hidden(str(inner), item) for inner, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_hidden(key, item) for item in value]
    return _State.imsi.within(str(value)) if not isinstance(value, _NEVER_AN_IMSI) else value


def _drop(_logger: WrappedLogger, _method: str, _event: Event) -> Event:
    raise structlog.DropEvent


def _as_json(_logger: WrappedLogger, _method: str, event: Event) -> str:
    head = {key.removesuffix("_name"): event[key] for key in _HEAD if key in event}
    details = {key: _plain(value) for key, value in event.items() if key not in _HEAD}
    return json.dumps(head | details, default=str)


def _as_text(_logger: WrappedLogger, _method: str, event: Event) -> str:
    traceback = event.pop("exception", None)
    head = " ".join([str(event[key]) for key in _HEAD if key in event])
    details = "".join(
        [
            f" {key}={value if type(value) is str and _PLAIN.match(value) else _quoted(value)}"
            for key, value in event.items()
            if key not in _HEAD
        ]
    )
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
    plain = value if type(value) in _HARMLESS else _plain(value)
    text = json.dumps(plain, default=str) if isinstance(plain, list | dict) else str(plain)
    return text if _PLAIN.match(text) else json.dumps(text, ensure_ascii=False)


def _one_line(text: str) -> str:
    """`text` with every control character escaped: what a peer sent never begins a line of its own."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


silence()
