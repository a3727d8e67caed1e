"""ASR and RAR to a gateway by whichever process has its connection: this one, or another that finds the errand."""

from collections.abc import Collection
from typing import Protocol

from aaa.errands import ErrandDesk, ErrandFailed
from runtime.diameter.settings import DiameterUnavailable, PeerName
from wire.diameter.avp import AvpFault
from wire.diameter.message import Message

DIAMETER = "diameter"
"""Whose connection an errand needs, in front of the peer's name."""

GATEWAY_LIMIT = 5.0
"""Seconds that a gateway has for ASR and RAR: less than the HSS waits for the RTA or PPA that depends on it."""

ERRAND_LIMIT = 6.5
"""The same by another process, and until that sees it: still less than the HSS waits."""


class Node(Protocol):
    """Who has connections: a `runtime.diameter.server.DiameterServer`."""

    @property
    def connected(self) -> Collection[PeerName]:
        """The peers that are open now."""

    async def request(self, peer: PeerName, message: Message, within: float | None = None) -> Message:
        """The answer of a peer; DiameterUnavailable when there is none."""


class GatewayAsking:
    """Asks by `node` whom it is connected to, and everybody else by `errands`, where there are other processes."""

    def __init__(self, node: Node, errands: ErrandDesk | None) -> None:
        self._node = node
        self._errands = errands
        if errands is not None:
            errands.serve(DIAMETER, lambda: node.connected, self._perform)

    async def ask(self, peer: PeerName, message: Message) -> Message:
        """The answer to `message`; DiameterUnavailable when there is none."""
        if self._errands is None or peer in self._node.connected:
            return await self._node.request(peer, message, within=GATEWAY_LIMIT)
        try:
            return Message.parse(await self._errands.ask(DIAMETER, peer, message.build(), ERRAND_LIMIT))
        except (ErrandFailed, AvpFault) as error:
            raise DiameterUnavailable(str(error)) from None

    async def _perform(self, peer: str, octets: bytes) -> bytes:
        try:
            return (await self._node.request(peer, Message.parse(octets), within=GATEWAY_LIMIT)).build()
        except DiameterUnavailable as error:
            raise ErrandFailed(error.cause) from None
        except AvpFault as fault:
            raise ErrandFailed(f"another process asks what is no request: {fault.reason}") from None
