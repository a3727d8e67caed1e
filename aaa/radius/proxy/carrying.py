"""One request on its way to another realm and back, bounded in time."""

import asyncio
from typing import Protocol

from aaa.radius.decisions import Forward
from aaa.radius.listening import DiscardLog, Reply
from aaa.radius.proxy.relay import Relay
from runtime.radius.requests import RadiusUnavailable
from wire.errors import DecodeError, EncodeError


class Front(Protocol):
    """Who has decided that it goes on."""

    def settle(self, forwarding: Forward, octets: bytes) -> bool:
        """This is the answer; False when the client has moved on."""

    def abandon(self, forwarding: Forward) -> None:
        """There is no answer."""


async def carry(
    relay: Relay | None, front: Front, forwarding: Forward, reply: Reply, limit: float, lines: DiscardLog
) -> None:
    """Ask the realm's servers and answer the client; silence and one line when there is no answer."""
    realm, name = forwarding.realm, forwarding.client.name
    try:
        if relay is None:
            raise RadiusUnavailable("there is no relay")
        async with asyncio.timeout(limit):
            answer = await relay.forward(realm, forwarding.octets, forwarding.packet, forwarding.client)
    except (RadiusUnavailable, TimeoutError, EncodeError, DecodeError) as error:
        front.abandon(forwarding)
        detail = str(error) or f"no answer within {limit} s"
        lines.warn("request not forwarded", "the realm gives no answer", name, realm=realm.realm, detail=detail)
    except BaseException:
        # whatever broke it, or ended it, the next one finds its room
        front.abandon(forwarding)
        raise
    else:
        if front.settle(forwarding, answer):
            reply(answer)
