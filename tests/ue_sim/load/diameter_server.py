"""A Diameter server for tests: a thread that takes connections, says CEA, DWA and DPA, and leaves DERs to the test."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Queue
from threading import Thread

from wire.diameter.framing import Framer
from wire.diameter.message import Message
from wire.diameter.peering import (
    CapabilitiesExchangeAnswer,
    DisconnectPeerAnswer,
    PeerCommand,
)
from wire.diameter.results import ResultCode

HOST, REALM = "aaa.example", "example"


@dataclass
class Taken:
    """A connection from `host`, and the messages that came over it which are neither CER nor DPR."""

    socket: socket.socket
    messages: "Queue[Message]" = field(default_factory=Queue)
    host: str = ""

    def next(self) -> Message:
        """The next one."""
        return self.messages.get(timeout=5)


@dataclass
class Server:
    """Where it listens, and the connections in the order in which they came."""

    address: tuple[str, int]
    connections: "Queue[Taken]" = field(default_factory=Queue)
    result: ResultCode = ResultCode.SUCCESS

    def connection(self) -> Taken:
        """The next one."""
        return self.connections.get(timeout=5)


@contextmanager
def serving(result: ResultCode | None = ResultCode.SUCCESS) -> Iterator[Server]:
    """A server that answers CER with `result`, or closes the connection for None."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(listener.getsockname())
        _begin(lambda: _accept(listener, server, result))
        yield server
        # wakes the thread that accepts
        listener.shutdown(socket.SHUT_RDWR)


def _begin(work: Callable[[], None]) -> None:
    Thread(target=work, daemon=True).start()


def _accept(listener: socket.socket, server: Server, result: ResultCode | None) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        taken = Taken(connection)
        _begin(lambda taken=taken: _serve(taken, server, result))  # type: ignore[misc]


def _serve(taken: Taken, server: Server, result: ResultCode | None) -> None:
    framer = Framer()
    with taken.socket as connection:
        while data := _received(connection):
            for octets in framer.feed(data):
                message = Message.parse(octets)
                if message.command == PeerCommand.CAPABILITIES_EXCHANGE:
                    if result is None:
                        return
                    cea = CapabilitiesExchangeAnswer(result_code=result, origin_host=HOST, origin_realm=REALM)
                    connection.sendall(cea.message(message).build())
                    taken.host = message.text("Origin-Host") or ""
                    server.connections.put(taken)
                elif message.command == PeerCommand.DISCONNECT_PEER and message.is_request:
                    dpa = DisconnectPeerAnswer(result_code=ResultCode.SUCCESS, origin_host=HOST, origin_realm=REALM)
                    connection.sendall(dpa.message(message).build())
                    return
                else:
                    taken.messages.put(message)


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except OSError:
        return b""
