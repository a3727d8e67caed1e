import pytest
from structlog.testing import capture_logs

from runtime.diameter.settings import DiameterUnavailable
from runtime.diameter.throttle import ThrottledClient
from tests.wire.diameter.samples import EAP_DEA, S6B_DEA, S6B_DER, numbered
from wire.diameter.message import Message
from wire.diameter.overload import OverloadReporter, offers

REQUEST = numbered(S6B_DER.message())
FIRST = REQUEST.with_avps(avp for avp in REQUEST.avps if avp.code != 24)


class Busy:
    """A server that reports its load in each answer."""

    def __init__(self, load: float) -> None:
        self.load = load
        self.asked: list[Message] = []
        self.reporter = OverloadReporter(started=1)
        self.waited: list[float] = []
        self.closed = False

    async def ready(self, within: float) -> None:
        self.waited.append(within)

    async def request(self, message: Message, within: float | None = None) -> Message:
        assert within is None
        self.asked.append(message)
        return self.reporter.stamped(message, S6B_DEA.message(message), self.load, 0.0)

    async def close(self) -> None:
        self.closed = True


async def test_a_client_says_that_it_obeys_and_does() -> None:
    busy = Busy(0.5)
    client = ThrottledClient(busy, lambda count: b"\x40" * count)
    assert (await client.request(FIRST)).result_code == 2001
    assert offers(busy.asked[0])
    with capture_logs() as lines, pytest.raises(DiameterUnavailable, match="wants 50 % fewer"):
        await client.request(FIRST)
    assert [line["cause"] for line in lines] == ["overload: 50 % fewer wanted"]
    assert (await client.request(REQUEST)).result_code == 2001
    assert len(busy.asked) == 2


async def test_the_dice_decide() -> None:
    busy = Busy(0.5)
    client = ThrottledClient(busy, lambda count: b"\x80" + bytes(count - 1))
    for _ in range(3):
        await client.request(FIRST)
    assert len(busy.asked) == 3


async def test_nothing_is_held_back_from_whoever_says_nothing() -> None:
    class Silent(Busy):
        async def request(self, message: Message, within: float | None = None) -> Message:
            assert within is None
            self.asked.append(message)
            return EAP_DEA.message(message)

    busy = Silent(1.0)
    client = ThrottledClient(busy, bytes)
    for _ in range(3):
        await client.request(FIRST)
    await client.ready(3.0)
    await client.close()
    assert (len(busy.asked), busy.waited, busy.closed) == (3, [3.0], True)
