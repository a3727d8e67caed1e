"""A connection's packets, and how it ends, on a transport that the test is."""

import asyncio

import pytest

from aaa.radius.radsec.connection import UNSENT_LIMIT, RadsecConnection
from tests.aaa.radius.samples import asked


class Receiver:
    """Hears everything."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []
        self.ended: list[str | None] = []

    def connection_made(self, connection: RadsecConnection) -> None:
        self.made = connection

    def packet_arrived(self, connection: RadsecConnection, octets: bytes) -> None:
        self.packets.append(octets)
        if octets[1] == 99:
            connection.close("enough")

    def connection_ended(self, connection: RadsecConnection, cause: str | None) -> None:
        assert connection is self.made
        self.ended.append(cause)


class Transport(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__({"peername": ("192.0.2.1", 7), "peercert": {"subject": ()}})
        self.written = b""
        self.closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def get_write_buffer_size(self) -> int:
        return len(self.written)

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    def abort(self) -> None:
        self.closing = True


def connected() -> tuple[RadsecConnection, Receiver, Transport]:
    receiver, transport = Receiver(), Transport()
    connection = RadsecConnection(receiver)
    connection.connection_made(transport)
    return connection, receiver, transport


def test_connection_knows_who_is_there_and_hands_over_packets() -> None:
    connection, receiver, transport = connected()
    assert (connection.remote, connection.certificate) == (("192.0.2.1", 7), {"subject": ()})
    connection.data_received(asked()[:30])
    connection.data_received(asked()[30:] + asked(identifier=8))
    assert receiver.packets == [asked(), asked(identifier=8)]
    connection.send(b"answer")
    assert transport.written == b"answer"
    connection.connection_lost(None)
    connection.send(b"too late")
    assert (receiver.ended, transport.written) == ([None], b"answer")


def test_closed_connection_hands_over_nothing_more() -> None:
    connection, receiver, _ = connected()
    connection.data_received(asked(identifier=99) + asked())
    assert receiver.packets == [asked(identifier=99)]
    connection.connection_lost(None)
    assert receiver.ended == ["enough"]


@pytest.mark.parametrize("spoil", ["length", "unread"])
def test_faulty_client_is_cut_off(spoil: str) -> None:
    connection, receiver, transport = connected()
    if spoil == "length":
        connection.data_received(bytes(99))
    else:
        connection.send(bytes(UNSENT_LIMIT + 1))
    assert transport.closing
    connection.connection_lost(OSError("reset"))
    (cause,) = receiver.ended
    assert cause == (
        "Length 0 is not between 20 and 4096" if spoil == "length" else "the client does not read what it is sent"
    )


def test_connection_needs_a_stream() -> None:
    with pytest.raises(TypeError, match="needs a stream"):
        RadsecConnection(Receiver()).connection_made(asyncio.BaseTransport())
