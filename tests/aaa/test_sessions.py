"""The conversation store: who may continue, and what gives way when there are too many."""

from random import Random

from aaa.eap.states import Closed, IdentityRequested, Silent
from aaa.sessions import Conversation, Lost, MemoryConversations, session_name


def conversation(client: str = "ap", started: float = 0.0) -> Conversation:
    return Conversation(client, IdentityRequested(1), started, "internet")


def store(*, limit: int = 100, client_limit: int = 50, age: float = 60.0) -> MemoryConversations:
    return MemoryConversations(random=Random(1).randbytes, limit=limit, client_limit=client_limit, age=age)


def test_client_finds_its_conversation_again() -> None:
    kept = store()
    token = kept.keep(conversation(), None, 0.0)
    assert len(token) == 16
    assert kept.find(token, "ap", 1.0) == conversation()
    assert kept.find(token, "ap", 2.0) == conversation()


def test_client_keeps_its_token_through_the_rounds() -> None:
    kept = store()
    token = kept.keep(conversation(), None, 0.0)
    later = Conversation("ap", Silent(), 0.0)
    assert kept.keep(later, token, 1.0) == token
    assert kept.find(token, "ap", 2.0) == later
    assert len(kept) == 1


def test_another_client_finds_nothing() -> None:
    kept = store()
    token = kept.keep(conversation(), None, 0.0)
    assert isinstance(kept.find(token, "other", 1.0), Lost)
    assert isinstance(kept.find(b"\0" * 16, "ap", 1.0), Lost)
    assert isinstance(kept.find(b"", "ap", 1.0), Lost)


def test_conversation_ends_by_age_counted_from_its_first_round() -> None:
    kept = store(age=10.0)
    token = kept.keep(conversation(started=5.0), None, 5.0)
    kept.keep(conversation(started=5.0), token, 14.0)
    assert isinstance(kept.find(token, "ap", 14.9), Conversation)
    assert isinstance(kept.find(token, "ap", 15.0), Lost)
    assert len(kept) == 0


def test_conversation_that_is_over_is_forgotten() -> None:
    kept = store()
    token = kept.keep(conversation(), None, 0.0)
    kept.forget(token)
    kept.forget(token)
    assert isinstance(kept.find(token, "ap", 0.0), Lost)


def test_conversation_that_was_forgotten_meanwhile_gets_a_new_token() -> None:
    kept = store()
    token = kept.keep(conversation(), None, 0.0)
    kept.forget(token)
    assert kept.keep(Conversation("ap", Closed(), 0.0), token, 1.0) != token


def test_client_that_never_finishes_loses_its_own_oldest() -> None:
    kept = store(limit=4, client_limit=2)
    quiet = kept.keep(conversation("quiet"), None, 0.0)
    first, second, third = (kept.keep(conversation("flood", float(n)), None, float(n)) for n in range(3))
    assert isinstance(kept.find(first, "flood", 3.0), Lost)
    assert isinstance(kept.find(second, "flood", 3.0), Conversation)
    assert isinstance(kept.find(third, "flood", 3.0), Conversation)
    assert isinstance(kept.find(quiet, "quiet", 3.0), Conversation)


def test_full_store_drops_the_oldest_of_all() -> None:
    kept = store(limit=2)
    first, second, third = (kept.keep(conversation(name), None, 0.0) for name in ("a", "b", "c"))
    assert isinstance(kept.find(first, "a", 0.0), Lost)
    assert isinstance(kept.find(second, "b", 0.0), Conversation)
    assert isinstance(kept.find(third, "c", 0.0), Conversation)
    assert len(kept) == 2


def test_names_of_one_millisecond_differ_by_chance_and_are_never_without() -> None:
    names = [session_name(1_764_419_632_123, chance) for chance in (0, 1, 16382, 16383)]
    assert [int(name, 16) >> 14 for name in names] == [1_764_419_632_123] * 4
    assert [int(name, 16) & 0x3FFF for name in names] == [1, 2, 16383, 1]
    assert {len(name) for name in names} == {14}
