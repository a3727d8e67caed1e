"""What a policy reads of a request, before any face has looked at it."""

from collections.abc import Callable

from hss.policy.asking import asked
from tests.wire.diameter.samples import AIR, MAR, SAR, numbered
from wire.diameter.message import Message


def read(data: bytes) -> object:
    return asked(Message.parse(data))


ENTRIES: dict[str, tuple[Callable[[bytes], object], tuple[bytes, ...]]] = {
    "hss.policy.asking.asked": (read, tuple(numbered(one.message()).build() for one in (MAR, SAR, AIR)))
}
