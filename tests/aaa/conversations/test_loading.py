"""From the configuration to conversations that any process, or only this one, goes on with."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from aaa.config import AaaConfig, AaaSettings
from aaa.conversations.loading import load_conversations
from aaa.conversations.sealed import SealedConversations
from aaa.eap.states import IdentityRequested
from aaa.identities.commands import rotate
from aaa.identities.config import IdentitiesConfig
from aaa.identities.keyring_file import KeyringPath
from aaa.identities.loading import load_identities, load_keyring
from aaa.sessions import Conversation, Lost
from tests.aaa.conversations.test_sealed import fast
from tests.aaa.eap.dialogue import REALM
from tests.aaa.identities.keyrings import NOW
from wire.identity import EapMethod

CLIENT = "radius/ap"


def loaded(
    keys: Path | None, *, age: float = 60.0, own_realm: str = "", realm: str = REALM, now: float = NOW
) -> SealedConversations:
    identities = None if keys is None else IdentitiesConfig(keys=keys, reauthentication_realm=own_realm)
    aaa = AaaConfig(origin_host="aaa.example", origin_realm="example", conversation_age=age)
    settings = AaaSettings(aaa, None, None, None, identities, realm)
    keyring = load_keyring(identities)
    opener = None if identities is None else load_identities(identities, clock=lambda: NOW, random=bytes)
    return load_conversations(settings, keyring=keyring, identities=opener, wall_clock=lambda: now, random=bytes)


@pytest.fixture(name="keys")
def _keys(tmp_path: Path) -> Path:
    rotate(KeyringPath(tmp_path / "identity.keys"), now=NOW - 10)
    return tmp_path / "identity.keys"


def kept(conversations: SealedConversations) -> bytes:
    return conversations.keep(Conversation(CLIENT, IdentityRequested(1), 0.0), None, 0.0)


def test_processes_of_one_keyring_go_on_with_each_others(keys: Path) -> None:
    token = kept(loaded(keys))
    assert isinstance(loaded(keys).find(token, CLIENT, 0.0), Conversation)
    assert isinstance(loaded(keys, age=5.0, now=NOW + 6).find(token, CLIENT, 0.0), Lost)


def test_realms_have_to_be_the_same(keys: Path) -> None:
    token = kept(loaded(keys))
    assert isinstance(loaded(keys, realm="other.example").find(token, CLIENT, 0.0), Lost)
    assert isinstance(loaded(keys, own_realm="reauth.example").find(token, CLIENT, 0.0), Lost)
    assert isinstance(loaded(keys, own_realm=REALM).find(token, CLIENT, 0.0), Conversation)


def test_process_without_keys_says_that_it_is_alone() -> None:
    with capture_logs() as lines:
        alone = loaded(None)
    assert [line["event"] for line in lines] == ["a conversation ends with its process"]
    assert isinstance(alone.find(kept(alone), CLIENT, 0.0), Conversation)
    state = fast(EapMethod.AKA)
    token = alone.keep(Conversation("diameter/pgw", state, 0.0), None, 0.0)
    alone.forget(token)
    found = alone.find(token, "diameter/pgw", 0.0)
    assert isinstance(found, Conversation)
    assert found.eap == state
