from dataclasses import replace

import pytest

from tests.wire.diameter.samples import EAP_DER, S6B_AAR, S6B_DER, STR, SWM_DER
from wire.diameter.avp import Avp
from wire.diameter.message import Message
from wire.diameter.priority import priority_of
from wire.diameter.values import make


def marked(message: Message, *avps: Avp) -> Message:
    return message.with_avps((*message.avps, *avps))


NEW = EAP_DER.message()
TABLE = [
    ("a first round", NEW, 10),
    ("a round with State", S6B_DER.message(), 8),
    ("an end of a session", STR.message(), 8),
    ("an AAR", S6B_AAR.message(), 10),
    ("an emergency", SWM_DER.message(), 0),
    ("no emergency after all", replace(SWM_DER, emergency_services=2).message(), 10),
    ("DRMP before", marked(NEW, make("DRMP", 3)), 3),
    ("DRMP after", marked(NEW, make("DRMP", 14)), 14),
    ("DRMP after, and begun", marked(S6B_DER.message(), make("DRMP", 14)), 8),
    ("DRMP before, and begun", marked(S6B_DER.message(), make("DRMP", 1)), 1),
    ("a DRMP that is none", marked(NEW, Avp(301, 0, 0, b"\xff" * 9)), 15),
]


@pytest.mark.parametrize(("what", "message", "priority"), TABLE, ids=[row[0] for row in TABLE])
def test_requests_have_their_priority(what: str, message: Message, priority: int) -> None:
    assert priority_of(message) == priority
