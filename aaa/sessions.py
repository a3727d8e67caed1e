"""The conversations that wait for a client's next round, each behind a State that nobody can guess (RFC 2865 §5.24)."""

from collections import OrderedDict
from typing import Protocol

from aaa.eap.states import EapState
from aaa.messages import WLAN_ACCESS, Access
from wire.frozen import dataclass
from wire.sansio import RandomBytes

STATE_OCTETS = 16
CHANCE_BITS = 14
CHANCE_OCTETS = 4
"""Of the number that a name's chance is taken from: so long that no chance is likelier than another."""
NAME_OCTETS = 7


def session_name(milliseconds: int, chance: int) -> str:
    """14 hexadecimal digits: Unix time of the first round, and `chance`, any number, for those that begin with it."""
    return f"{milliseconds << CHANCE_BITS | 1 + chance % ((1 << CHANCE_BITS) - 1):014x}"


@dataclass(frozen=True, slots=True)
class Conversation:
    """All that is known of one authentication between two rounds: plain data, so that it can be kept anywhere.

    `client` names the peer that began it, front included, `apn` what that peer asked for first and `access` how,
    `started` the clock's time of the first round in seconds. `network_name` is the access network identity of the whole
    conversation. `dialogue` is the EAP packets that this process has seen of it, `earlier` five octets for each one
    that others have (aaa.explaining.dialogue). `session` is what the log calls it on every node: the Session-Id of
    Diameter; of RADIUS a `session_name`.
    """

    client: str
    eap: EapState
    started: float
    apn: str | None = None
    network_name: str | None = None
    access: Access = WLAN_ACCESS
    dialogue: tuple[bytes, ...] = ()
    earlier: bytes = b""
    session: str = ""

    def after(self, eap: EapState, dialogue: tuple[bytes, ...]) -> "Conversation":
        """The same one round later. Every round makes one: dataclasses.replace would take ten times as long."""
        return Conversation(
            self.client,
            eap,
            self.started,
            self.apn,
            self.network_name,
            self.access,
            dialogue,
            self.earlier,
            self.session,
        )


@dataclass(frozen=True, slots=True)
class Lost:
    """There is no going on; `cause` is one line for the log, and nothing that the client is told.

    Nobody knows what it was called: `session` is "".
    """

    cause: str
    session: str = ""


class Conversations(Protocol):
    """Where conversations are between two rounds; whoever holds the token may continue, if it is the same client.

    `user_name` is User-Name of the request at hand, which a client says in each one (RFC 3579 §2.1).
    """

    def keep(self, conversation: Conversation, token: bytes | None, now: float, user_name: str | None, /) -> bytes:
        """The token under which `conversation` will be found; `token` is that of the round before, if there was one."""

    def find(self, token: bytes, client: str, now: float, user_name: str | None, /) -> Conversation | Lost:
        """The conversation that `client` has under `token`; Lost when it is unknown, too old or another client's."""

    def forget(self, token: bytes) -> None:
        """It is over."""


class MemoryConversations:
    """Conversations in this process: at most `limit`, at most `client_limit` of one client, none older than `age`.

    Where there is no room the oldest gives way, first of the same client: a client that begins and never finishes
    loses its own. `age` is in seconds from the first round.
    """

    def __init__(
        self, *, random: RandomBytes, limit: int = 100_000, client_limit: int = 50_000, age: float = 60.0
    ) -> None:
        self._random = random
        self._limit = limit
        self._client_limit = client_limit
        self._age = age
        self._kept: OrderedDict[bytes, Conversation] = OrderedDict()
        self._of_client: dict[str, OrderedDict[bytes, None]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, conversation: Conversation, token: bytes | None, now: float, _user_name: str | None = None) -> bytes:
        """A new token in the first round, the same one in the rounds after."""
        self._drop_aged(now)
        if token is not None and token in self._kept:
            self._kept[token] = conversation
            return token
        self._make_room(conversation.client)
        token = self._random(STATE_OCTETS)
        self._kept[token] = conversation
        self._of_client.setdefault(conversation.client, OrderedDict())[token] = None
        return token

    def find(self, token: bytes, client: str, now: float, _user_name: str | None = None) -> Conversation | Lost:
        """The conversation; it stays, for a client may have to send the same round again."""
        self._drop_aged(now)
        conversation = self._kept.get(token)
        if conversation is None:
            return Lost("no such conversation is kept in this process")
        return conversation if conversation.client == client else Lost("it is another client's")

    def forget(self, token: bytes) -> None:
        """Drop it; an unknown token is no fault."""
        conversation = self._kept.pop(token, None)
        if conversation is None:
            return
        tokens = self._of_client[conversation.client]
        del tokens[token]
        if not tokens:
            del self._of_client[conversation.client]

    def _drop_aged(self, now: float) -> None:
        while self._kept:
            token, oldest = next(iter(self._kept.items()))
            if oldest.started + self._age > now:
                return
            self.forget(token)

    def _make_room(self, client: str) -> None:
        tokens = self._of_client.get(client, OrderedDict())
        if len(tokens) >= self._client_limit:
            self.forget(next(iter(tokens)))
        if len(self._kept) >= self._limit:
            self.forget(next(iter(self._kept)))
