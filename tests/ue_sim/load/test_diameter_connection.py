"""One connection: who lets us be a peer, what is asked of us, and how it ends."""

import socket
from dataclasses import replace

import pytest

from tests.ue_sim.load.diameter_server import HOST, REALM, Taken, serving
from tests.wire.diameter.samples import RAR, numbered
from ue_sim.load.diameter_connection import ConnectionLost, DiameterConnection
from ue_sim.load.subscribers import LoadRefused
from wire.diameter.applications import Application
from wire.diameter.capabilities import LocalNode
from wire.diameter.enumerations import DisconnectCause
from wire.diameter.peering import DeviceWatchdogRequest, DisconnectPeerRequest, PeerCommand
from wire.diameter.results import ResultCode

pytestmark = pytest.mark.stack

LOCAL = LocalNode("nas.example", "example", (Application.EAP,))


def connected(address: tuple[str, int]) -> DiameterConnection:
    return DiameterConnection(LOCAL, address, bytes)


def ask(taken: Taken, request: DeviceWatchdogRequest | DisconnectPeerRequest) -> None:
    taken.socket.sendall(request.message().build())


def test_watchdog_is_answered_and_answers_come_out() -> None:
    with serving() as server:
        connection = connected(server.address)
        taken = server.connection()
        ask(taken, DeviceWatchdogRequest(origin_host=HOST, origin_realm=REALM))
        assert connection.take() == []
        dwa = taken.next()
        assert (dwa.command, dwa.result_code) == (PeerCommand.DEVICE_WATCHDOG, ResultCode.SUCCESS)
        connection.put(dwa.build())
        connection.flush()
        assert taken.next() == dwa
        taken.socket.sendall(dwa.build()[:30])
        assert connection.take() == []
        taken.socket.sendall(dwa.build()[30:])
        assert connection.take() == [dwa.build()]
        connection.close()


def test_what_is_asked_of_a_session_is_asked_of_none() -> None:
    with serving() as server:
        connection = connected(server.address)
        taken = server.connection()
        asked = [numbered(RAR.message()), replace(numbered(RAR.message()), application=0)]
        taken.socket.sendall(b"".join(request.build() for request in asked))
        assert connection.take() == []
        for request, result in zip(asked, (ResultCode.UNKNOWN_SESSION_ID, ResultCode.COMMAND_UNSUPPORTED), strict=True):
            answer = taken.next()
            assert (answer.command, answer.result_code) == (request.command, result)
        connection.close()


def test_server_that_takes_leave_or_hangs_up_is_lost() -> None:
    with serving() as server:
        connection = connected(server.address)
        leave = DisconnectPeerRequest(origin_host=HOST, origin_realm=REALM, disconnect_cause=DisconnectCause.REBOOTING)
        ask(server.connection(), leave)
        with pytest.raises(ConnectionLost, match="took leave"):
            connection.take()
        connection.close()
        connection = connected(server.address)
        server.connection().socket.shutdown(socket.SHUT_RDWR)
        with pytest.raises(ConnectionLost, match="closed"):
            connection.take()
        connection.close()


def test_stream_that_is_no_diameter_is_lost() -> None:
    with serving() as server:
        connection = connected(server.address)
        server.connection().socket.sendall(bytes(20))
        with pytest.raises(ConnectionLost):
            connection.take()
        connection.close()


@pytest.mark.parametrize(
    ("result", "said"),
    [(ResultCode.UNKNOWN_PEER, "answers CER of nas.example by 3010 UNKNOWN_PEER"), (None, "is it a peer")],
)
def test_refused_peer_is_told_what_to_look_at(result: ResultCode | None, said: str) -> None:
    with serving(result) as server, pytest.raises(LoadRefused, match=said):
        connected(server.address)


def test_nobody_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        address = gone.getsockname()
    with pytest.raises(LoadRefused, match="is the server there"):
        connected(address)
