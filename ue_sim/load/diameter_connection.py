"""One Diameter connection of a load: CER, messages in both directions, watchdog, DPR (RFC 6733 §5)."""

import socket
from ipaddress import ip_address

from ue_sim.load.subscribers import LoadRefused
from wire.diameter.applications import Application
from wire.diameter.avp import AvpFault
from wire.diameter.capabilities import LocalNode, advertise
from wire.diameter.command import error_answer
from wire.diameter.commands import COMMANDS
from wire.diameter.enumerations import DisconnectCause
from wire.diameter.framing import Framer
from wire.diameter.message import FLAG_REQUEST, Message
from wire.diameter.peer_messages import PeerMessages
from wire.diameter.peering import PeerCommand
from wire.diameter.results import ResultCode, describe_result, is_success
from wire.diameter.transactions import Identifiers
from wire.sansio import RandomBytes

Address = tuple[str, int]

_LONGEST = 1 << 18
_LIMIT = 10.0


class ConnectionLost(Exception):
    """The other end is gone, or wants to be; the cause in a word or two."""


class DiameterConnection:
    """A connection to the server at `address` as the node `local`; LoadRefused when it lets us not be a peer."""

    def __init__(self, local: LocalNode, address: Address, random: RandomBytes) -> None:
        self._outbox: list[bytes] = []
        self._framer = Framer()
        self._identity = local.identity
        self._messages = PeerMessages(local, Identifiers(random))
        try:
            self.socket = socket.create_connection(address, timeout=_LIMIT)
        except OSError as error:
            where = f"{address[0]} port {address[1]}"
            raise LoadRefused(f"no connection to {where}: {error.strerror or error}; is the server there?") from None
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._introduce(local)
        except LoadRefused:
            self.socket.close()
            raise

    def put(self, octets: bytes) -> None:
        """To be sent by the next `flush`."""
        self._outbox.append(octets)

    def flush(self) -> None:
        """Send what was put; ConnectionLost when that cannot be."""
        if self._outbox:
            out, self._outbox = self._outbox, []
            try:
                self.socket.sendall(b"".join(out))
            except OSError as error:
                raise ConnectionLost(f"{error.strerror or error}") from None

    def take(self) -> list[bytes]:
        """The answers that have arrived; requests of the peer are answered. ConnectionLost at its end."""
        try:
            data = self.socket.recv(_LONGEST)
        except OSError as error:
            raise ConnectionLost(f"{error.strerror or error}") from None
        answers = []
        for octets in self._framer.feed(data):
            if octets[4] & FLAG_REQUEST:
                self._asked(octets)
            else:
                answers.append(octets)
        if not data or self._framer.lost is not None:
            raise ConnectionLost("the server closed the connection")
        return answers

    def close(self) -> None:
        """Take leave, as a peer does that comes back, and wait for the answer."""
        try:
            self._exchange(self._messages.disconnect_request(DisconnectCause.REBOOTING))
        except (ConnectionLost, OSError):
            pass
        finally:
            self.socket.close()

    def _asked(self, octets: bytes) -> None:
        request = _parsed(octets)
        self.put(self._answer(request).build())
        self.flush()
        if request.command == PeerCommand.DISCONNECT_PEER:
            raise ConnectionLost("the server took leave")

    def _answer(self, request: Message) -> Message:
        if request.application:
            # ASR or RAR: who was let in is forgotten at once
            return error_answer(request, self._identity, ResultCode.UNKNOWN_SESSION_ID)
        if (Application.COMMON, request.command) not in COMMANDS:
            return error_answer(request, self._identity, ResultCode.COMMAND_UNSUPPORTED)
        return self._messages.answer(request)

    def _introduce(self, local: LocalNode) -> None:
        cer = advertise(local, (ip_address(self.socket.getsockname()[0]),)).message()
        try:
            cea = self._exchange(cer)
        except (ConnectionLost, OSError):
            raise LoadRefused(
                f"the server closes the connection of {local.origin_host}; is it a peer in its configuration?"
            ) from None
        if cea.result_code is None or not is_success(cea.result_code):
            raise LoadRefused(f"the server answers CER of {local.origin_host} by {describe_result(cea.result_code)}")

    def _exchange(self, request: Message) -> Message:
        self.put(request.build())
        self.flush()
        while True:
            for octets in self.take():
                answer = _parsed(octets)
                if answer.command == request.command:
                    return answer


def _parsed(octets: bytes) -> Message:
    try:
        return Message.parse(octets)
    except AvpFault as fault:
        raise ConnectionLost(f"malformed message: {fault.reason}") from None
