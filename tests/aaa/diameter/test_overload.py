"""Users lost to load over Diameter: each in a record, and no more lines than an operator can read."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from aaa.diameter.overload import Overload
from aaa.radius.proxy.rejections import RejectedUnheard
from tests.aaa.test_user_sessions import ONE
from tests.wire.diameter.samples import EAP_DER, S6B_AAR, numbered
from wire.diameter.message import Message
from wire.eap.packet import identity_response

IMSI = "001010000000001"


class Records:
    """Keeps all."""

    def __init__(self) -> None:
        self.kept: list[RejectedUnheard] = []

    def keep(self, one: RejectedUnheard) -> str:
        self.kept.append(one)
        return f"{len(self.kept):08x}"


@pytest.fixture(name="logs")
def _logs() -> Iterator[list[Any]]:
    with capture_logs() as lines:
        yield lines


def der(user_name: str | None, identity: str) -> Message:
    asked = replace(EAP_DER, user_name=user_name, eap_payload=identity_response(1, identity.encode()))
    return numbered(asked.message())


@pytest.mark.parametrize(
    ("message", "name"),
    [
        (der(f"0{IMSI}@example.org", "anonymous"), f"0{IMSI}@example.org"),
        (der(None, f"6{IMSI}@example.org"), f"0{IMSI}"),
        (der(None, "anonymous@example.org"), ""),
    ],
)
def test_user_whose_der_was_dropped_is_kept_by_the_name_that_it_says(message: Message, name: str) -> None:
    records = Records()
    assert Overload(records.keep).dropped("pgw", message, "too many requests") == "00000001"
    expected = RejectedUnheard("pgw", "too busy", "too many requests", name, EAP_DER.session_id, "diameter")
    assert records.kept == [expected]


def test_what_authenticates_nobody_or_cannot_be_read_is_in_no_record() -> None:
    records = Records()
    bare = replace(numbered(EAP_DER.message()), avps=())
    assert [Overload(records.keep).dropped("pgw", one, "") for one in (numbered(S6B_AAR.message()), bare)] == ["", ""]
    assert records.kept == []


def test_user_whose_session_cannot_be_kept_is_told_and_kept(logs: list[Any]) -> None:
    records = Records()
    overload = Overload(records.keep, lambda: 5.0)
    for _ in range(13):
        overload.unkept(ONE, "the store is closed")
    assert len(records.kept) == len(logs) == 10
    assert (records.kept[0].user_name, records.kept[0].session) == (f"0{ONE.imsi}", ONE.session_id)
    assert logs[0] == {
        "event": "authentication rejected",
        "log_level": "warning",
        "logger_name": "aaa.diameter",
        "cause": "too busy",
        "detail": "the session cannot be kept: the store is closed",
        "imsi": str(ONE.imsi),
        "client": "diameter/pgw",
        "session": ONE.session_id,
        "withheld": 0,
        "explain": "00000001",
    }
