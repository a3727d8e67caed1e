"""The conversations of one process, as the configuration and its keyring allow."""

from collections.abc import Callable

from aaa.config import AaaSettings
from aaa.conversations.keys import ConversationKeys
from aaa.conversations.sealed import SealedConversations, Shared
from aaa.eap.temporary import Resumable
from aaa.identities.epochs import Keyring
from aaa.identities.sealed import SealedIdentities
from aaa.sessions import MemoryConversations
from runtime.logs import get_logger
from wire.identity import classify
from wire.sansio import RandomBytes

log = get_logger("aaa.conversations")


def load_conversations(
    settings: AaaSettings,
    *,
    keyring: Callable[[], Keyring] | None,
    identities: SealedIdentities | None,
    wall_clock: Callable[[], float],
    random: RandomBytes,
) -> SealedConversations:
    """Sealed under `keyring`, or without one under a key that this process alone has."""
    if keyring is None:
        log.warning("a conversation ends with its process", cause="no [aaa.identities] keys that processes could share")
        keys = ConversationKeys.of_process(random, wall_clock)
    else:
        keys = ConversationKeys(keyring, wall_clock)
    aaa = settings.aaa
    return SealedConversations(
        keys=keys,
        wall_clock=wall_clock,
        recall=_recall(identities),
        kept=MemoryConversations(
            random=random,
            limit=aaa.conversation_limit,
            client_limit=max(1, aaa.conversation_limit // 2),
            age=aaa.conversation_age,
        ),
        shared=Shared(_realms(settings), aaa.conversation_age),
    )


def _recall(identities: SealedIdentities | None) -> Callable[[bytes], Resumable | None]:
    if identities is None:
        return lambda _identity: None
    return lambda identity: identities.recall(classify(identity))


def _realms(settings: AaaSettings) -> tuple[str, ...]:
    """Those that every node of this realm has in its configuration."""
    own = "" if settings.identities is None else settings.identities.reauthentication_realm
    return tuple(dict.fromkeys(realm for realm in (settings.home_realm, own) if realm))
