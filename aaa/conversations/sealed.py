"""Conversations sealed into the State that the client brings back, so that any worker of any node goes on with them.

A token is one octet for the format, one for the epoch of the key, the synthetic IV of AES-SIV (RFC 5297) of 16 octets
and the sealed octets: time and name of the first round, APN, access network, over Diameter how the user comes, state,
and the heads of the packets before, which are left out where there is no room for them. Format, epoch, client with its
front, and the realms that both ends abbreviate are associated data. The Identifier of the outstanding request is
inside, and a packet with another is one to discard silently (RFC 3748 §4.1).

A State has room for 253 octets (RFC 2865 §5.24). What is longer leaves out the identity that a client says in every
request, in User-Name (RFC 3579 §2.1): then User-Name is associated data, and no other opens it. What is longer still
stays in this process.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

from aaa.conversations.eap_states import StateCodec
from aaa.conversations.exchanges import Recall
from aaa.conversations.first_challenge import pack_first_challenge
from aaa.conversations.keys import OVERHEAD, ConversationKeys
from aaa.conversations.packing import Packer, Unpacker, known_realms
from aaa.conversations.reauthentication import pack_reauthentication
from aaa.conversations.recent import Recent
from aaa.eap.states import EapState
from aaa.explaining.dialogue import HEAD_LENGTH, heads
from aaa.messages import WLAN_ACCESS, Access
from aaa.metrics import CONVERSATIONS_KEPT
from aaa.sessions import CHANCE_BITS, NAME_OCTETS, STATE_OCTETS, Conversation, Lost, MemoryConversations
from wire.errors import DecodeError
from wire.frozen import dataclass

FORMAT = 4
"""Raised whenever a node of the version before could not read it."""
FORMAT_BY_NAME = 0x80 | FORMAT
"""The same, where User-Name is needed to read it."""
ROOM = {"radius": 253}
"""Octets that the State of a front has room for; any number where it is not named."""

_RAT_TYPE_LENGTH, _FEATURES_LENGTH = 4, 8
_EVERY_APN, _WITH_FEATURES = 1, 2
_CHANCE = (1 << CHANCE_BITS) - 1
SKEW = 60.0
"""Seconds by which another node's clock may be ahead of ours."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What all nodes have alike: `realms` may be abbreviated, `age` is in seconds from the first round."""

    realms: tuple[str, ...] = ()
    age: float = 60.0


class SealedConversations:
    """`aaa.sessions.Conversations` without a store.

    `wall_clock` is Unix time in seconds, which all nodes share. `kept` holds what finds no room in a State. `recent`
    remembers what this process sealed last, so that mostly nothing has to be opened nor any key derived again.
    """

    def __init__(
        self,
        *,
        keys: ConversationKeys,
        wall_clock: Callable[[], float],
        recall: Recall,
        kept: MemoryConversations,
        shared: Shared | None = None,
        recent: Recent | None = None,
    ) -> None:
        self._keys = keys
        self._wall_clock = wall_clock
        self._codec = StateCodec(recall)
        self._kept = kept
        self._shared = shared or Shared()
        self._realms = "@".join(self._shared.realms).encode()
        self._of_client = lru_cache(maxsize=1024)(self._looked_up)
        self._known_realms = known_realms(self._shared.realms)
        self._recent = Recent() if recent is None else recent

    def _looked_up(self, client: str) -> tuple[int | None, tuple[bytes, bytes]]:
        """For how many octets of ours its front has room, any number for None; and what is bound to each token."""
        room = ROOM.get(client.partition("/")[0])
        return None if room is None else room - OVERHEAD, (client.encode(), self._realms)

    def keep(self, conversation: Conversation, token: bytes | None, now: float, user_name: str | None = None) -> bytes:
        """A new token in every round, which holds the conversation itself."""
        sealed = self._fitting(conversation, now, user_name)
        if sealed is None:
            CONVERSATIONS_KEPT.count()
            return self._kept.keep(conversation, token, now)
        if token is not None:
            self.forget(token)
        self._recent.put(sealed, conversation)
        return sealed

    def find(self, token: bytes, client: str, now: float, user_name: str | None = None) -> Conversation | Lost:
        """What `token` holds, wherever it was sealed."""
        if len(token) == STATE_OCTETS:
            found = self._kept.find(token, client, now)
        else:
            found = self._recent.get(token, client) or self._open(token, client, now, user_name)
        if isinstance(found, Conversation) and not -SKEW < now - found.started < self._shared.age:
            return Lost(f"it began {now - found.started:.0f} s ago")
        return found

    def forget(self, token: bytes) -> None:
        """What is sealed cannot be taken back; it ends by its age."""
        self._recent.drop(token)
        self._kept.forget(token)

    def _open(self, token: bytes, client: str, now: float, user_name: str | None) -> Conversation | Lost:
        is_named = token[:1] == bytes((FORMAT_BY_NAME,))
        version, known = (FORMAT_BY_NAME, _known(user_name)) if is_named else (FORMAT, ())
        _, about = self._of_client(client)
        plain = self._keys.open(version, token, (*about, *known))
        if isinstance(plain, Lost):
            return Lost(f"{plain.cause}; it goes with one User-Name (RFC 3579 §2.1)") if is_named else plain
        try:
            return self._unpack(plain, client, now - self._wall_clock(), known)
        except DecodeError as error:
            return Lost(f"it cannot be gone on with: {error.reason}")

    def _fitting(self, conversation: Conversation, now: float, user_name: str | None) -> bytes | None:
        """The first that the front has room for; None where there is none, or no epoch seals at this time.

        With the heads of the packets before or without, and both once more with what User-Name says left out.
        """
        room, about = self._of_client(conversation.client)
        begins = _named(conversation.session) or self._at(conversation.started, now)
        begins += _network(conversation.apn, conversation.network_name)
        if room is None:
            begins += _access(conversation.access)
        before = heads(conversation.earlier, conversation.dialogue)
        eap, realms = conversation.eap, self._known_realms
        state = pack_first_challenge(eap, realms) or pack_reauthentication(eap, realms) or self._pack(eap, ())
        plain = _with_room(room, begins + state, before)
        if plain is not None:
            return self._keys.seal(FORMAT, plain, about)
        known = _known(user_name)
        plain = _with_room(room, begins + self._pack(conversation.eap, known), before)
        return None if plain is None else self._keys.seal(FORMAT_BY_NAME, plain, (*about, *known))

    def _at(self, started: float, now: float) -> bytes:
        """When it began, in the place of its name: for one whose name the client says in every request."""
        began = round((self._wall_clock() - now + started) * 1000)
        return (began << CHANCE_BITS).to_bytes(NAME_OCTETS, "big")

    def _pack(self, state: EapState, known: Sequence[bytes]) -> bytes:
        packer = Packer(self._shared.realms, known)
        self._codec.pack(packer, state)
        return packer.build()

    def _unpack(self, plain: bytes, client: str, ahead: float, known: Sequence[bytes]) -> Conversation:
        """`ahead` is by how many seconds the caller's clock is ahead of the wall clock."""
        unpacker = Unpacker(plain, self._shared.realms, known)
        named = unpacker.number(NAME_OCTETS)
        began = (named >> CHANCE_BITS) / 1000
        apn, network_name = unpacker.text(), unpacker.text()
        access = _unpack_access(unpacker) if _says_access(client) else WLAN_ACCESS
        state = self._codec.unpack(unpacker)
        earlier = unpacker.rest()
        if len(earlier) % HEAD_LENGTH:
            raise unpacker.error("the heads of packets before are not whole")
        session = _name(named) if named & _CHANCE else ""
        return Conversation(client, state, began + ahead, apn, network_name, access, (), earlier, session)


def _with_room(room: int | None, plain: bytes, before: bytes) -> bytes | None:
    """`plain` with the heads of the packets before, or without where `room` is for no more; None where it is too long.

    Any length has room where it is None.
    """
    if room is None or len(plain) + len(before) <= room:
        return plain + before
    return plain if len(plain) <= room else None


def _says_access(client: str) -> bool:
    """Whether it is of a front whose requests say how the user comes: over RADIUS it is always a WLAN."""
    return client.partition("/")[0] not in ROOM


@lru_cache(maxsize=256)
def _network(apn: str | None, network_name: str | None) -> bytes:
    packer = Packer(())
    packer.text(apn)
    packer.text(network_name)
    return packer.build()


def _access(access: Access) -> bytes:
    """5 octets, or 13 with MIP6-Feature-Vector; RAT-Type is Enumerated, which has a sign (RFC 6733 §4.3.1)."""
    packer, features = Packer(()), access.mip6_features
    packer.number(access.every_apn * _EVERY_APN | (features is not None) * _WITH_FEATURES)
    packer.octets(access.rat_type.to_bytes(_RAT_TYPE_LENGTH, "big", signed=True))
    if features is not None:
        packer.number(features, _FEATURES_LENGTH)
    return packer.build()


def _unpack_access(unpacker: Unpacker) -> Access:
    flags = unpacker.u8()
    rat_type = int.from_bytes(unpacker.take(_RAT_TYPE_LENGTH), "big", signed=True)
    features = unpacker.number(_FEATURES_LENGTH) if flags & _WITH_FEATURES else None
    return Access(rat_type, features, bool(flags & _EVERY_APN))


def _known(user_name: str | None) -> tuple[bytes, ...]:
    return () if user_name is None else (user_name.encode(),)


def _named(session: str) -> bytes | None:
    """The octets of a `session_name`, None for a name that the client says in every request."""
    if len(session) != 2 * NAME_OCTETS:
        return None
    try:
        named = bytes.fromhex(session)
    except ValueError:
        return None
    return named if named.hex() == session and any(named) else None


def _name(named: int) -> str:
    return f"{named:0{2 * NAME_OCTETS}x}"
