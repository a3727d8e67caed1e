"""Details written in one go are what they are one by one."""

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runtime import logs
from runtime.log_imsi import ImsiForm, ImsiText
from runtime.log_text import names_a_key, plain_details
from wire.secret import Secret

log = logs.get_logger("tests.log_text")


@pytest.fixture(autouse=True)
def _silent_afterwards() -> Iterator[None]:
    yield
    logs.silence()


NAMES = st.sampled_from(["imsi", "client", "session", "ms", "k", "password", "apn", "a b", "x=y", "50%", "sk_d"])
DIGITS = st.text("0123456789٣", min_size=0, max_size=20)
TEXTS = (
    st.text(st.sampled_from('ab01/.:=" \\\n\x7f\u2028é%-'), max_size=12)
    | DIGITS
    | st.from_regex(r"\w=\w", fullmatch=True)
)
VALUES: st.SearchStrategy[Any] = (
    TEXTS
    | st.integers(-(10**20), 10**20)
    | st.integers(0, 10_000)
    | st.booleans()
    | st.none()
    | st.floats()
    | st.binary(max_size=4).map(Secret)
    | st.lists(TEXTS, max_size=2)
)


@pytest.mark.parametrize("form", ["full", "short", "hmac"])
@given(event=st.dictionaries(NAMES, VALUES, max_size=5))
@example(event={"imsi": "001010000000001", "client": "radius/ap", "ms": 12, "session": "0123456789abcd"})
@example(event={"client": "a client=b", "apn": "c"})
@example(event={"client": "a apn=b"})
@example(event={"imsi": "0010100000000011", "session": "00101000000001"})
@example(event={"imsi": "0010100000", "ms": 10**14})
@example(event={"client": "0.12345678901234", "ms": 0.12345678901234})
@example(event={"client": "a 001010000000001 b", "apn": " ", "session": '"'})
@example(event={"client": '"a b"', "apn": "b c"})
@example(event={"client": '"a', "session": 'b" c', "apn": 'd "e'})
def test_details_are_the_same_in_one_go(form: ImsiForm, event: dict[str, Any]) -> None:
    logs.configure(stream=io.StringIO(), imsi=ImsiText(form, Secret(b"key")))
    plain = plain_details(event)
    if plain is not None:
        assert logs._State.imsi.within(plain) == logs._details(dict(event))


@pytest.mark.parametrize(
    ("event", "text"),
    [
        ({}, ""),
        ({"imsi": "001010000000001", "client": "radius/ap"}, " imsi=001010000000001 client=radius/ap"),
        ({"ms": -7, "whole": True, "cause": None}, " ms=-7 whole=True cause=None"),
        ({"cause": "two words"}, ' cause="two words"'),
        (
            {"identity": "fast re-authentication", "apn": "x", "of": " "},
            ' identity="fast re-authentication" apn=x of=" "',
        ),
    ],
)
def test_plain_details_are_written_as_they_are(event: dict[str, object], text: str) -> None:
    assert plain_details(event) == text


@pytest.mark.parametrize(
    "event",
    [
        {"cause": ""},
        {"cause": "a cause=b"},
        {"cause": '"in marks"'},
        {"cause": '"marks"'},
        {"cause": '"a', "apn": 'b"'},
        {"cause": "back\\slash and space"},
        {"imsi": "0010100000 00001"},
        {"cause": "no\nline"},
        {"k": "00112233"},
        {"sk_d": 1},
        {"ms": 1.5},
        {"ms": 10**13},
        {"imsi": "12345"},
        {"imsi": "0001010000000001"},
        {"octets": Secret(b"k")},
        {"of": ["a"]},
    ],
)
def test_what_is_not_plain_is_looked_at_by_itself(event: dict[str, object]) -> None:
    assert plain_details(event) is None


def test_imsi_in_a_plain_line_is_hidden() -> None:
    stream = io.StringIO()
    logs.configure(stream=stream)
    log.info("accepted", imsi="001010000000001", identity="0001010000000001@nai", ms=4, plain="x")
    text = stream.getvalue()
    assert text.endswith("accepted imsi=00101*******001 identity=000101*******001@nai ms=4 plain=x\n")
    assert not re.search(r"\d{14}", text)


@pytest.mark.parametrize("name", ["k", "K", "opc", "sk_ei", "msk", "password"])
def test_name_of_key_material_is_known(name: str) -> None:
    assert names_a_key(name)
    assert not names_a_key("of_" + name)


def test_line_of_a_dropped_event_is_not_written() -> None:
    stream = io.StringIO()
    logs.configure(stream=stream)
    logs.watch(frozenset({"001010000000009"}))
    log.debug("of another")
    log.info("of everybody %d", 1)
    assert stream.getvalue().split(" ", 1)[1] == "info tests.log_text of everybody 1\n"
