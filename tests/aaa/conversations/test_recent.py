"""What this process sealed last."""

from aaa.conversations.recent import Recent
from aaa.eap.states import IdentityRequested
from aaa.sessions import Conversation

OURS = Conversation("radius/ap", IdentityRequested(1), 0.0)


def test_client_finds_what_it_was_given() -> None:
    recent = Recent()
    recent.put(b"token", OURS)
    assert recent.get(b"token", "radius/ap") is OURS
    assert recent.get(b"token", "radius/other") is None
    assert recent.get(b"another", "radius/ap") is None


def test_what_has_gone_on_is_dropped() -> None:
    recent = Recent()
    recent.put(b"token", OURS)
    recent.drop(b"token")
    recent.drop(b"token")
    assert recent.get(b"token", "radius/ap") is None


def test_oldest_gives_way() -> None:
    recent = Recent(limit=2)
    for token in (b"1", b"2", b"3"):
        recent.put(token, OURS)
    assert len(recent) == 2
    assert recent.get(b"1", "radius/ap") is None
    assert recent.get(b"3", "radius/ap") is OURS
