"""One log line for each event, as text or JSON, in which no key can appear.

Nothing is written before `configure`: a test hears a logger only through structlog's `capture_logs`.
"""

import json
import logging
import re
import sys
from collections.abc import Callable, Mapping, MutableMapping
from enum import Enum
from functools import lru_cache
from time import gmtime, strftime, time
from typing import Any, ClassVar, Literal, TextIO, cast

from runtime.log_imsi import SHORTEST, ImsiText
from runtime.log_session import logged_session
from runtime.log_stream import LogStream
from runtime.log_text import PLAIN, names_a_key, plain_details
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

_HARMLESS = frozenset((int, float, bool, type(None)))
"""Types, themselves and no subclass, of what holds nothing else inside and is no IMSI."""
_NEVER_AN_IMSI = (bool, int, float, bytes, bytearray, memoryview, Enum, type(None))

_PLAIN = re.compile(rf"{PLAIN}\Z")
_LEVELS = {"warn": "warning", "exception": "error"}
"""Methods of a logger that are called otherwise than their level."""

Event = MutableMapping[str, Any]


def get_logger(name: str) -> FilteringBoundLogger:
    """The logger of one room, such as "aaa.radius"; it obeys every later `configure`."""
    return cast("FilteringBoundLogger", _Room(name))


class _Room:
    """A logger that is bound once for each configuration, and not for each line as structlog's own."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, method: str) -> object:
        bound = _State.bound.get(self._name)
        if bound is None:
            bound = _State.bound[self._name] = structlog.get_logger(logger_name=self._name).bind()
        return getattr(bound, method)


class _State:
    """What was configured. Whether details are written is asked for each request, so it has to be cheap."""

    bound: ClassVar[dict[str, FilteringBoundLogger]] = {}
    debugging = True
    level: Level = "debug"
    render: ClassVar[Processor]
    stream: TextIO | None = None
    imsi = ImsiText()
    said: ClassVar[Callable[[str], str]]
    """What happened, in one line; there are few such texts, and each of them is written often."""
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
    within = _State.imsi.within
    _State.said = lru_cache(maxsize=1024)(lambda text: one_line(within(str(text))))
    _State.worker = worker
    watch(frozenset())


def watch(imsis: frozenset[str]) -> None:
    """Write details of the conversations of these subscribers as well, whatever the level is."""
    _State.watched = imsis
    _State.debugging = bool(imsis) or _State.level == "debug"
    file = cast("TextIO", LogStream(_State.stream or sys.stderr))
    _obey([*([_only_watched] if imsis else []), _State.render], "debug" if imsis else _State.level, file)


def silence() -> None:
    """Write nothing from now on; `capture_logs` still hears everything."""
    _State.debugging = True
    _obey([_drop], "debug", None)


@lru_cache(maxsize=8)
def _wrapper(level: int) -> type[FilteringBoundLogger]:
    """structlog's logger of `level`, whose way from a line's parts to the stream is ours: each line passes it."""

    def write(self: structlog.BoundLoggerBase, method: str, event: str | None = None, /, **details: object) -> None:
        made: Any = {**self._context, **details, "event": event}
        try:
            for processor in self._processors:
                made = processor(self._logger, method, made)
        except structlog.DropEvent:
            return
        self._logger.msg(made)

    filtering = structlog.make_filtering_bound_logger(level)
    return cast("type[FilteringBoundLogger]", type("Logger", (filtering,), {"_proxy_to_logger": write}))


def _obey(processors: list[Processor], level: str, file: TextIO | None) -> None:
    structlog.configure(
        processors=processors,
        wrapper_class=_wrapper(_number(level)),
        logger_factory=structlog.ReturnLoggerFactory() if file is None else structlog.WriteLoggerFactory(file=file),
        cache_logger_on_first_use=False,
    )
    _State.bound.clear()


def redact(_logger: WrappedLogger, _method: str, event: Event) -> Event:
    """Put `<secret>` for every Secret, at any depth, and for every value whose key names key material.

    And for each IMSI what the configuration says.
    """
    for key, value in event.items():
        event[key] = _shown(key, value)
    return event


def _shown(key: str, value: object) -> object:
    """A value as `redact` has it."""
    if names_a_key(key):
        return HIDDEN
    kind = type(value)
    harmless = value if kind is str or kind in _HARMLESS else _redacted(key, value)
    return harmless if _State.imsi.form == "full" or kind in _HARMLESS else _hidden(key, harmless)


@lru_cache(maxsize=1024)
def _is_particular(name: str) -> bool:
    """Whether a text of this name is to be hidden for its name."""
    return name == "imsi" or names_a_key(name)


def _redacted(key: str, value: object) -> object:
    if isinstance(value, Secret) or names_a_key(key):
        return HIDDEN
    if isinstance(value, Mapping):
        return {str(inner): _redacted(str(inner), item) for inner, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted("", item) for item in value]
    return value


def _add_circumstances(method: str, event: Event) -> None:
    """Whose the line is, and in "exception" a traceback."""
    if "exc_info" in event:
        structlog.processors.format_exc_info(None, method, event)
    session = logged_session()
    if session is not None:
        if session.name:
            event.setdefault("session", session.name)
        if session.nas_session:
            event.setdefault("nas_session", session.nas_session)
    if _State.worker:
        event.setdefault("worker", _State.worker)


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


def _as_json(logger: WrappedLogger, method: str, event: Event) -> str:
    _add_circumstances(method, event)
    shown = redact(logger, method, event)
    head = {
        "time": _moment(time()),
        "level": _LEVELS.get(method, method),
        "logger": shown.pop("logger_name"),
        "event": shown.pop("event"),
    }
    details = {key: _plain(value) for key, value in shown.items() if key not in head}
    return json.dumps(head | details, default=str)


def _as_text(_logger: WrappedLogger, method: str, event: Event) -> str:
    """As `redact` and then written down, but in one look at each value: this is on every request's way."""
    _add_circumstances(method, event)
    traceback = event.pop("exception", None)
    logger, said = event.pop("logger_name"), _State.said(event.pop("event"))
    plain = plain_details(event)
    details = _details(event) if plain is None else _State.imsi.within(plain)
    line = f"{_moment(time())} {_LEVELS.get(method, method)} {logger} {said}{details}"
    return f"{line}\n{_shown('exception', traceback)}" if traceback else line


def _details(event: Event) -> str:
    """` name=value` for each detail, one by one."""
    text, within = "", _State.imsi.within
    for key, value in event.items():
        if type(value) is str and not _is_particular(key):
            shown = value if len(value) < SHORTEST else within(value)
            text += f" {key}={shown if _PLAIN.match(shown) else _in_marks(shown)}"
        elif type(value) in _HARMLESS and not names_a_key(key):
            text += f" {key}={value}"
        else:
            text += f" {key}={_quoted(_shown(key, value))}"
    return text


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
    if type(value) in _HARMLESS:
        return str(value)
    plain = value if type(value) is str else _plain(value)
    text = json.dumps(plain, default=str) if isinstance(plain, list | dict) else str(plain)
    return text if _PLAIN.match(text) else _in_marks(text)


@lru_cache(maxsize=256)
def _in_marks(text: str) -> str:
    """There are few such texts in the lines that are written often: kinds of identity, causes."""
    # JSON leaves as they are what a terminal obeys and what a reader may take for the end of a line (C1, U+2028)
    return json.dumps(text, ensure_ascii=not text.isprintable())


def one_line(text: str) -> str:
    """`text` with every control character escaped: what a peer sent never begins a line of its own."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


silence()
