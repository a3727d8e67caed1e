"""What is counted of Diameter, and that no peer can make labels."""

from dataclasses import dataclass, replace

import pytest

from runtime.diameter.metrics import (
    CONNECTIONS,
    OUTSTANDING,
    REDUCTION,
    SERVING,
    WAITING,
    command_of,
    count_burden,
    result_of,
)
from wire.diameter.applications import Application
from wire.diameter.avp import Avp, WrittenAvps, build_avps
from wire.diameter.eap import DIAMETER_EAP
from wire.diameter.message import Message
from wire.diameter.values import make


def answer(*avps: Avp) -> Message:
    return Message(DIAMETER_EAP, Application.S6B, 0, 1, 1, avps)


def experimental(vendor: int, code: int) -> Avp:
    return make("Experimental-Result", (make("Vendor-Id", vendor), make("Experimental-Result-Code", code)))


@pytest.mark.parametrize(
    ("avps", "label"),
    [
        ((make("Session-Id", "a"), make("Result-Code", 2001)), "2001"),
        ((experimental(10415, 5001),), "10415:5001"),
        ((make("Result-Code", 5999),), "5xxx"),
        ((make("Result-Code", 4_000_000_000),), "other"),
        ((experimental(9, 5001),), "5xxx"),
        ((experimental(10415, 4999),), "4xxx"),
        ((Avp(268, 0, 0x40, b"\0"),), "other"),
        ((Avp(297, 0, 0x40, b"\0\0\0"),), "other"),
        ((), "other"),
    ],
)
def test_result_is_one_of_those_that_have_a_name(avps: tuple[Avp, ...], label: str) -> None:
    assert result_of(answer(*avps)) == label
    written = answer(*avps)
    said = WrittenAvps(build_avps(avps), written.result_code)
    assert result_of(replace(written, avps=said)) == label


def test_command_is_one_of_those_that_have_a_name() -> None:
    assert command_of(answer()) == "DER"
    assert command_of(Message(77, 16777272, 0, 1, 1, ())) == "other"


@dataclass
class Carrying:
    """A link that carries this much."""

    open: bool
    serving: int = 2
    waiting: int = 3
    outstanding: int = 4
    reduction: int = 20


def test_links_of_one_peer_are_together() -> None:
    count_burden("pgw", (Carrying(open=True), Carrying(open=False, reduction=50), Carrying(open=True)))
    values = [gauge.value("pgw") for gauge in (CONNECTIONS, SERVING, WAITING, OUTSTANDING, REDUCTION)]
    assert values == [2, 6, 9, 12, 50]
