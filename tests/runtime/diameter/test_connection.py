import asyncio
from collections.abc import Mapping

import pytest

from runtime.diameter.connection import Connection
from runtime.diameter.settings import Limits
from tests.runtime.diameter.pipe import FAR, NEAR, Recorder, Tap, Transport, eventually, settle
from tests.wire.diameter.samples import MSK, OCTETS, S6B_DEA, S6B_DER, numbered

DEA = S6B_DEA.message(numbered(S6B_DER.message())).build()
LIMITS = Limits(unsent=1000, seconds_to_close=0.01)


class Fixture:
    def __init__(self, certificate: Mapping[str, object] | None = None) -> None:
        self.recorder, self.tap = Recorder(), Tap()
        self.connection = Connection(self.recorder, limits=LIMITS, message_limit=2048, capture=self.tap)
        self.transport = Transport(certificate=certificate)
        self.transport.protocol = self.connection
        self.connection.connection_made(self.transport)


async def test_a_connection_hands_over_whole_messages() -> None:
    it = Fixture()
    stream = OCTETS[0] + OCTETS[1]
    it.connection.data_received(stream[:30])
    it.connection.data_received(stream[30:])
    assert it.recorder.messages == [OCTETS[0], OCTETS[1]]
    assert (it.connection.local, it.connection.remote) == (NEAR, FAR)
    assert str(it.connection.remote_address) == FAR[0]


async def test_an_impossible_length_is_told_after_what_came_before() -> None:
    it = Fixture()
    it.connection.data_received(OCTETS[0] + bytes(20))
    assert it.recorder.messages == [OCTETS[0]]
    assert len(it.recorder.faults) == 1


async def test_the_limit_of_a_message_is_raised_for_a_known_peer() -> None:
    it = Fixture()
    it.connection.allow(1 << 16)
    it.connection.data_received(b"\x01\x00\x20\x00")
    assert it.recorder.faults == []


async def test_both_directions_are_captured_with_the_keys_masked() -> None:
    it = Fixture()
    it.connection.send(DEA)
    it.connection.data_received(DEA)
    await settle()
    assert it.transport.written == DEA
    (out_source, out_to, out), (in_source, in_to, came) = it.tap.heard
    assert (out_source, out_to, in_source, in_to) == (NEAR, FAR, FAR, NEAR)
    assert out == came == DEA.replace(bytes(MSK), bytes(64))


async def test_what_is_sent_in_one_turn_goes_out_at_once_and_before_a_close() -> None:
    it = Fixture()
    it.connection.send(DEA)
    it.connection.send(DEA)
    assert it.transport.written == b""
    it.connection.close("enough")
    assert it.transport.written == DEA * 2


async def test_a_peer_that_does_not_read_is_cut_off() -> None:
    it = Fixture()
    it.transport.unsent = 1001
    it.connection.send(DEA)
    await settle()
    assert it.transport.aborted
    assert it.recorder.causes == ["the peer does not read what it is sent"]


async def test_a_close_that_does_not_end_is_an_abort() -> None:
    it = Fixture()
    it.transport.flushes = False
    it.connection.close("enough")
    assert not it.connection.open
    it.connection.send(DEA)
    assert it.transport.written == b""
    await eventually(lambda: it.recorder.causes)
    assert it.transport.aborted
    assert it.recorder.causes == ["enough"]


async def test_a_connection_that_the_peer_has_closed_is_aborted_as_well() -> None:
    """asyncio's TLS transport is closed by the peer's close_notify; a second close would make its abort do nothing."""
    it = Fixture()
    it.transport.closed = True
    it.connection.close("enough")
    await eventually(lambda: it.transport.aborted)
    assert it.transport.closes == 0


async def test_a_connection_that_is_closed_before_it_is_made_does_not_come_up() -> None:
    recorder, transport = Recorder(), Transport()
    connection = Connection(recorder, limits=LIMITS, message_limit=10, capture=None)
    connection.close("not wanted")
    connection.connection_made(transport)
    assert transport.aborted
    assert not connection.open
    assert recorder.made == 0


async def test_nothing_is_handed_over_after_the_close() -> None:
    it = Fixture()
    it.connection.close("enough")
    it.connection.data_received(OCTETS[0])
    assert it.recorder.messages == []


@pytest.mark.parametrize(
    ("error", "cause"), [(None, "the peer closed the connection"), (OSError("reset"), "connection lost: reset")]
)
async def test_the_end_is_told_with_its_cause(error: Exception | None, cause: str) -> None:
    it = Fixture()
    it.connection.connection_lost(error)
    assert it.recorder.causes == [cause]


async def test_certified_names_are_those_of_the_certificate() -> None:
    assert Fixture().connection.certified_hosts is None
    certificate = {"subjectAltName": (("DNS", "gw.example"), ("IP Address", "127.0.0.1"))}
    assert Fixture(certificate).connection.certified_hosts == ("gw.example",)


async def test_only_a_stream_is_a_connection() -> None:
    connection = Connection(Recorder(), limits=LIMITS, message_limit=10, capture=None)
    with pytest.raises(TypeError):
        connection.connection_made(asyncio.BaseTransport())
