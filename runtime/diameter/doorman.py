"""Connections whose peer is not known yet: a named peer's CER within its time, or the door (RFC 6733 §5.6.1)."""

import asyncio
from collections.abc import Mapping

from runtime.diameter.connection import Connection
from runtime.diameter.instances import PeerInstances
from runtime.diameter.settings import Connected, Limits, unnoticed
from runtime.log_limit import LogLimit
from runtime.logs import get_logger
from wire.diameter.avp import AvpFault
from wire.diameter.capabilities import LocalNode, PeerPolicy, check_security, named_peer, refuse, same_host
from wire.diameter.framing import FramingError
from wire.diameter.message import Header, Message
from wire.diameter.peering import PeerCommand
from wire.diameter.results import ResultCode

log = get_logger("runtime.diameter")


class Doorman:
    """Lets the connections of named peers through to their links; `connected` hears of those that are taken."""

    def __init__(
        self,
        local: LocalNode,
        links: Mapping[str, PeerInstances],
        limits: Limits,
        connected: Connected = unnoticed,
    ) -> None:
        self._connected = connected
        self._local = local
        self._links = links
        self._limits = limits
        self._policies = tuple(link.policy for link in links.values())
        self._waiting: dict[Connection, tuple[str, asyncio.TimerHandle]] = {}
        self._log_limit = LogLimit()

    def connection_made(self, connection: Connection) -> None:
        """Somebody has connected: he has so many seconds for his CER."""
        neighbour = self._neighbour(connection)
        if sum(room == neighbour for room, _ in self._waiting.values()) >= self._limits.connections_before_cer:
            self._turn_away(connection, "too many connections wait for their CER")
            return
        timer = asyncio.get_running_loop().call_later(self._limits.seconds_before_cer, self._give_up, connection)
        self._waiting[connection] = neighbour, timer

    def message_arrived(self, connection: Connection, octets: bytes) -> None:
        """The first message has to be the CER of a named peer."""
        header = Header.parse(octets)
        is_cer = header.command == PeerCommand.CAPABILITIES_EXCHANGE and header.bare().is_request
        if not is_cer or header.application:
            self._turn_away(connection, "the first message is no CER")
            return
        try:
            cer = Message.parse(octets)
            policy = self._recognised(connection, cer)
        except AvpFault as fault:
            request = header.bare().with_avps(fault.before)
            connection.send(refuse(self._local, (connection.local_address,), request, fault).build())
            self._turn_away(connection, fault.reason)
            return
        self._forget(connection)
        self._links[policy.name].offer(connection, cer)
        if connection.open and connection.receiver is not self:
            self._connected(policy.name, cer)

    def framing_lost(self, connection: Connection, fault: FramingError) -> None:
        """No Diameter, or too much of it."""
        self._turn_away(connection, fault.reason)

    def connection_closed(self, connection: Connection, cause: str) -> None:
        """It left without a CER; where that was for want of TLS, an operator has to know why."""
        if connection in self._waiting and connection.is_shaking_hands:
            self._say(connection, cause)
        self._forget(connection)

    def close(self) -> None:
        """Close what still waits."""
        for connection in tuple(self._waiting):
            self._forget(connection)
            connection.close("the node is closing")

    def _neighbour(self, connection: Connection) -> str:
        """The peer that may be at its address, "" for none: nobody waits in the room that another may need."""
        address = connection.remote_address
        return next((policy.name for policy in self._policies if policy.comes_from(address)), "")

    def _recognised(self, connection: Connection, cer: Message) -> PeerPolicy:
        policy = named_peer(cer, connection.remote_address, self._policies)
        if policy is None:
            reason = f"no peer {cer.text('Origin-Host')!r} is configured at this address"
            raise AvpFault(0, reason, ResultCode.UNKNOWN_PEER)
        if not connection.is_secured:
            check_security(cer)
        # RFC 6733 §13.1: with TLS the certificate says who it is, and must say the same
        certified = connection.certified_hosts
        if certified is not None and not any(same_host(policy.origin_host, name) for name in certified):
            raise AvpFault(0, f"its certificate does not name {policy.origin_host}", ResultCode.UNKNOWN_PEER)
        return policy

    def _give_up(self, connection: Connection) -> None:
        is_at_tls = connection.is_shaking_hands
        self._turn_away(connection, "no TLS within its time" if is_at_tls else "no CER within its time")

    def _turn_away(self, connection: Connection, cause: str) -> None:
        self._forget(connection)
        self._say(connection, cause)
        connection.close(cause)

    def _say(self, connection: Connection, cause: str) -> None:
        withheld = self._log_limit.allow("turned away", asyncio.get_running_loop().time())
        if withheld is not None:
            log.warning("connection turned away", cause=cause, remote=connection.remote[0], withheld=withheld)

    def _forget(self, connection: Connection) -> None:
        _, timer = self._waiting.pop(connection, ("", None))
        if timer is not None:
            timer.cancel()
