import pytest

from tests.wire.diameter.samples import CEA, CER, DPR, DWR, EAP_DEA, EAP_DER
from wire.diameter.message import Message
from wire.diameter.peer_events import (
    CeaArrived,
    DpaArrived,
    DprArrived,
    DwaArrived,
    DwrArrived,
    MessageArrived,
    Side,
    arrived,
)

DWA = Message(280, 0, 0, 1, 1, ())
DPA = Message(282, 0, 0, 1, 1, ())


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (CEA.message(CER.message()), CeaArrived),
        (DWR.message(), DwrArrived),
        (DWA, DwaArrived),
        (DPR.message(), DprArrived),
        (DPA, DpaArrived),
        (EAP_DER.message(), MessageArrived),
        (EAP_DEA.message(EAP_DER.message()), MessageArrived),
        # another CER on an open connection, and a watchdog of no application that has one
        (CER.message(), MessageArrived),
        (Message(280, 5, 0x80, 1, 1, ()), MessageArrived),
    ],
)
def test_a_message_is_the_event_of_its_command(message: Message, kind: type) -> None:
    event = arrived(Side.INITIATOR, message)
    assert type(event) is kind
