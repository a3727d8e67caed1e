"""SK payloads, still sealed."""

from wire.ikev2.constants import ExchangeType, PayloadType
from wire.ikev2.message import Message
from wire.ikev2.payloads.encrypted import Encrypted


def test_generic_header_names_the_first_payload_inside() -> None:
    message = Message(
        spi_i=bytes(range(8)),
        spi_r=bytes(range(8, 16)),
        exchange=ExchangeType.IKE_AUTH,
        initiator=True,
        response=False,
        message_id=1,
        payloads=(Encrypted(PayloadType.IDI, b"sealed"),),
    )
    built = message.build()
    assert built[16] == PayloadType.SK
    assert built[28:] == bytes((PayloadType.IDI, 0, 0, 10)) + b"sealed"
    assert Message.parse(built) == message
