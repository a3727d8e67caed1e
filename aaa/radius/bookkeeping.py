"""What the fronts of both ports keep alike: whose a packet is, what is in progress, and which answers were given."""

from aaa.radius.clients import ClientTable, RadiusClient
from aaa.radius.decisions import STRANGER, Discard, Forward, Repeat, admit
from aaa.radius.duplicates import Answered, DuplicateCache, RequestKey, Source
from aaa.radius.policy import RateLimits
from aaa.radius.proxy.routes import Routes
from wire.radius.packet import RadiusPacket


class Bookkeeping:
    """Requests of `clients` that have begun, at most `max_in_progress`; `routes` says which realms are others'.

    At most half of them wait for those realms' servers, so that one that is slow keeps out none of our own users.
    """

    def __init__(
        self, clients: ClientTable, *, duplicates: DuplicateCache, max_in_progress: int, routes: Routes | None
    ) -> None:
        self._find_client = clients.find
        self._duplicates = duplicates
        self._max_in_progress = max_in_progress
        self._routes = routes
        self._in_progress = 0
        self._forwarded = 0
        self._limits = RateLimits()

    @property
    def in_progress(self) -> int:
        """How many requests have begun and are not over."""
        return self._in_progress

    def settle(self, forwarding: Forward, octets: bytes) -> bool:
        """Keep another server's answer; False when the client has moved on."""
        self._forwarded -= 1
        return self._settled(forwarding.key, octets)

    def _admitted(
        self, octets: bytes, source: Source, client: RadiusClient | None
    ) -> tuple[RadiusClient, RadiusPacket] | Discard:
        """The packet and whose it is; `client` is known where a connection has proved it."""
        client = client or self._find_client(source[0])
        if client is None:
            return STRANGER
        packet = admit(octets, client)
        return packet if isinstance(packet, Discard) else (client, packet)

    def _seen(self, key: RequestKey, now: float) -> Repeat | None:
        """What a duplicate gets; None for a new request."""
        outcome = self._duplicates.outcome(key, now)
        return None if outcome is None else Repeat(outcome.octets if isinstance(outcome, Answered) else None)

    def _begin(self, key: RequestKey, now: float) -> None:
        self._duplicates.begin(key, now)
        self._in_progress += 1

    def _begin_forward(self, forwarding: Forward, now: float) -> Forward | Discard:
        """It begins, where there is room for it."""
        if self._forwarded >= max(1, self._max_in_progress // 2):
            return Discard("too many requests wait for other realms", forwarding.client.name, is_too_much=True)
        self._forwarded += 1
        self._begin(forwarding.key, now)
        return forwarding

    def _abandon_forward(self, forwarding: Forward) -> None:
        self._forwarded -= 1
        self._abandoned(forwarding.key)

    def _settled(self, key: RequestKey, octets: bytes | None) -> bool:
        """It is over with this answer, or with silence; False when the client has given the request up."""
        self._in_progress -= 1
        return self._duplicates.settle(key, octets)

    def _abandoned(self, key: RequestKey) -> None:
        """It is over without an answer: the next copy is a new request."""
        self._in_progress -= 1
        self._duplicates.forget(key)
