"""What a State could hold if somebody had the key: octets that no version of ours has packed."""

from collections.abc import Callable
from random import Random

from hypothesis import HealthCheck, given, seed, settings

from aaa.conversations.eap_states import StateCodec
from aaa.conversations.keys import ConversationKeys
from aaa.conversations.packing import Packer, Unpacker
from aaa.conversations.sealed import SealedConversations
from aaa.eap.states import EapState
from aaa.sessions import Lost, MemoryConversations
from tests.aaa.conversations.samples import REALMS, eap_states
from tests.aaa.identities.keyrings import KEYRING, NOW

_CODEC = StateCodec(lambda _identity: None)


def _unpack(octets: bytes) -> object:
    unpacker = Unpacker(octets, REALMS)
    found = _CODEC.unpack(unpacker)
    unpacker.finish()
    return found


def _seeds() -> tuple[bytes, ...]:
    """A hundred states, packed."""
    packed: list[bytes] = []

    @seed(5176)
    @settings(max_examples=100, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(eap_states)
    def gather(state: EapState) -> None:
        packer = Packer(REALMS)
        _CODEC.pack(packer, state)
        packed.append(packer.build())

    gather()
    return tuple(packed)


_KEYS = ConversationKeys(lambda: KEYRING, lambda: NOW)
_CONVERSATIONS = SealedConversations(
    keys=_KEYS,
    wall_clock=lambda: NOW,
    recall=lambda _identity: None,
    kept=MemoryConversations(random=Random(1).randbytes),
)
_CLIENT = "radius/ap"


def _find(token: bytes) -> object:
    """A stranger's token, and one that is sealed well and holds nonsense."""
    sealed = _KEYS.seal(1, token, [_CLIENT.encode(), b""]) or b""
    found = [_CONVERSATIONS.find(octets, _CLIENT, 0.0) for octets in (token, sealed)]
    assert isinstance(found[0], Lost), "a stranger's token was believed"
    return found


ENTRIES: dict[str, tuple[Callable[[bytes], object], tuple[bytes, ...]]] = {
    "aaa.conversations.eap_states.StateCodec.unpack": (_unpack, _seeds()),
    "aaa.conversations.sealed.SealedConversations.find": (_find, (bytes(60), b"\1\1" + bytes(100))),
}
