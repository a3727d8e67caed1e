"""Log lines: one line each, in both formats, and never a key."""

import contextvars
import io
import json
from collections.abc import Iterator
from enum import Enum

import pytest
from structlog.testing import capture_logs

from runtime.log_imsi import ImsiText
from runtime.log_session import log_session
from runtime.logs import Format, Level, configure, debugging, get_logger, redact, silence, watch
from wire.secret import Secret

log = get_logger("tests.logs")


@pytest.fixture(autouse=True)
def _silent_afterwards() -> Iterator[None]:
    yield
    silence()


def written(level: Level = "info", fmt: Format = "text") -> io.StringIO:
    stream = io.StringIO()
    configure(level, fmt, stream)
    return stream


def test_text_line_holds_time_level_logger_event_and_details() -> None:
    stream = written()
    log.warning("access rejected", cause="wrong RES", imsi="001010000000001", count=3)
    time, rest = stream.getvalue().split(" ", 1)
    assert time.endswith("Z")
    assert rest == 'warning tests.logs access rejected cause="wrong RES" imsi=00101*******001 count=3\n'


def test_json_line_holds_the_same() -> None:
    stream = written(fmt="json")
    log.info("listening", address="127.0.0.1:1812", octets=b"\x01\xff")
    entry = json.loads(stream.getvalue())
    assert list(entry)[:4] == ["time", "level", "logger", "event"]
    assert entry["event"] == "listening"
    assert entry["octets"] == "01ff"


def test_logger_is_silent_below_the_level() -> None:
    stream = written(level="warning")
    log.info("not shown")
    log.debug("not shown")
    assert not stream.getvalue()


def test_logger_made_before_configure_obeys_it() -> None:
    early = get_logger("early")
    stream = written()
    early.error("late news")
    assert "early late news" in stream.getvalue()


def test_logger_is_silent_but_heard_in_tests(capsys: pytest.CaptureFixture[str]) -> None:
    with capture_logs() as entries:
        log.info("heard", imsi="1")
    log.info("not heard")
    assert [entry["event"] for entry in entries] == ["heard"]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("fmt", ["text", "json"])
def test_redaction_hides_secrets_wherever_they_are(fmt: Format) -> None:
    stream = written(fmt=fmt)
    key = Secret(b"sixteen octets!!")
    log.info(
        "keys", value=key, nested={"deep": [key, {"ck": "plain"}]}, k="00aa", opc="00bb", SK_ei=b"00cc", msk="00dd"
    )
    text = stream.getvalue()
    assert text.count("<secret>") == 7
    for trace in ("sixteen", key.hex(), "plain", "00aa", "00bb", "00cc", "00dd"):
        assert trace not in text


@pytest.mark.parametrize(
    "name", ["k", "K", "opc", "op", "ck", "ik", "xres", "res", "msk", "emsk", "sk_d", "password", "secret"]
)
def test_redaction_knows_the_names_of_key_material(name: str) -> None:
    assert redact(None, "info", {"event": "x", name: "value"}) == {"event": "x", name: "<secret>"}


@pytest.mark.parametrize("name", ["result", "op_code", "task", "desk", "secret_file"])
def test_redaction_leaves_other_names(name: str) -> None:
    assert redact(None, "info", {name: "value"}) == {name: "value"}


def test_peer_cannot_begin_a_line_of_its_own() -> None:
    stream = written()
    log.info("name", user="a\nb\x1b[2J", event2="é")
    log.info("name", user="a\x85b\u2028c\x9b2J é")
    log.info("evil\nevent")
    assert stream.getvalue().count("\n") == len(stream.getvalue().splitlines()) == 3
    assert "\x9b" not in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_text_line_carries_a_traceback_below_it() -> None:
    stream = written()
    try:
        raise RuntimeError("broken")
    except RuntimeError:
        log.exception("handler failed", cause="RuntimeError")
    first, *rest = stream.getvalue().splitlines()
    assert first.endswith("error tests.logs handler failed cause=RuntimeError")
    assert rest[-1] == "RuntimeError: broken"


def test_enumeration_is_logged_by_its_name() -> None:
    class Method(Enum):
        AKA = 23

    stream = written()
    log.info("method", method=Method.AKA)
    assert stream.getvalue().endswith("method method=AKA\n")


IMSI = "001010000000001"


@pytest.mark.parametrize("fmt", ["text", "json"])
def test_imsi_is_hidden_wherever_it_is(fmt: Format) -> None:
    stream = written(fmt=fmt)
    try:
        raise LookupError(f"no subscriber {IMSI}")
    except LookupError as error:
        log.exception(
            "failed", imsi=IMSI, cause=repr(error), nested={"deep": [f"0{IMSI}@realm", (IMSI,)]}, other=error, count=5
        )
    assert IMSI not in stream.getvalue()
    assert stream.getvalue().count("00101*******001") >= 6


def test_imsi_is_whole_where_it_is_wanted() -> None:
    stream = io.StringIO()
    configure("info", "text", stream, imsi=ImsiText("full"))
    log.info("accepted", imsi=IMSI)
    assert f"imsi={IMSI}" in stream.getvalue()


def test_event_of_every_line_is_written_as_it_was_configured_last() -> None:
    said = f"no subscriber {IMSI}"
    for imsi, shown in ((ImsiText("full"), IMSI), (ImsiText("short"), "00101*******001")):
        stream = io.StringIO()
        configure("info", "text", stream, imsi=imsi)
        log.info(said)
        log.info(said)
        assert stream.getvalue().count(f"no subscriber {shown}\n") == 2


def test_line_names_its_conversation_unless_it_names_one_itself() -> None:
    stream = written()
    contextvars.copy_context().run(_three_lines)
    log.info("after")
    lines = [line.split(" tests.logs ")[1] for line in stream.getvalue().splitlines()]
    assert lines == ["one session=5f0c nas_session=17", "two session=other nas_session=17", "three", "after"]


def _three_lines() -> None:
    log_session("5f0c", nas_session="17")
    log.info("one")
    log.info("two", session="other")
    log_session("")
    log.info("three")


def test_details_are_only_of_the_watched() -> None:
    stream = written()
    watch(frozenset({IMSI}))
    assert debugging()
    log.debug("not shown", imsi="001010000000002")
    log.debug("one", identity=f"0{IMSI}@realm")
    contextvars.copy_context().run(_watched_session)
    watch(frozenset())
    assert not debugging()
    log.debug("not shown", imsi=IMSI)
    assert [line.split(" ")[3] for line in stream.getvalue().splitlines()] == ["one", "two", "three"]


def _watched_session() -> None:
    log_session("5f0c", imsi=IMSI)
    log.debug("two")
    log_session("5f0d", imsi="001010000000002")
    log.debug("not shown")
    log.warning("three")
