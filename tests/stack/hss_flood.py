"""What a hostile peer sends to the HSS: good messages gone wrong, many on one connection."""

import asyncio
import random
from contextlib import suppress

from wire.diameter.message import Message


def mutated(chance: random.Random, recorded: list[Message]) -> bytes:
    """Mostly AVPs gone wrong under a good header, so that the connection and the flood go on; sometimes anything."""
    message = chance.choice(recorded).numbered(hop_by_hop=chance.getrandbits(32), end_to_end=chance.getrandbits(32))
    octets = bytearray(message.build())
    whole = chance.random() < 0.01
    for _ in range(chance.randrange(4)):
        octets[chance.randrange(0 if whole else 20, len(octets))] = chance.choice((0, 1, 255, chance.randrange(256)))
    return bytes(octets)


async def flood(address: tuple[str, int], segments: list[bytes]) -> None:
    """Send `segments` on one connection for as long as the HSS keeps it, and read what it says."""
    reader, writer = await asyncio.open_connection(*address)
    hearing = asyncio.create_task(reader.read(-1))
    try:
        for segment in segments:
            writer.write(segment)
            await writer.drain()
        writer.write_eof()
        await asyncio.wait_for(hearing, 10)
    except ConnectionError:
        hearing.cancel()
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
