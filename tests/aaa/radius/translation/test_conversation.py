"""Diameter sessions in State and Class, and back."""

from random import Random

import pytest

from aaa.radius.translation.conversation import Conversation, Conversations
from wire.errors import DecodeError

HOSTS = ("a.example", "b.example")
SESSION = bytes.fromhex("0000000700000002")


def conversations(limit: int = 10) -> Conversations:
    return Conversations(HOSTS, Random(7155).randbytes, limit)


def test_session_id_is_of_this_node_and_of_one_client() -> None:
    one = Conversation(SESSION)
    name = one.session_id("aaa.example", "lab")
    assert name.startswith("aaa.example;7;2;")
    assert name == Conversation(SESSION, "x", b"s").session_id("aaa.example", "lab")
    assert name != one.session_id("aaa.example", "other")


def test_no_two_begin_with_the_same_session() -> None:
    known = conversations()
    assert len({known.begin().session for _ in range(50)}) == 50


@pytest.mark.parametrize("server", ["", "a.example", "b.example", "hidden.behind.an.agent.example"])
@pytest.mark.parametrize("state", [None, b"", b"sealed"])
def test_any_process_reads_what_another_packed(server: str, state: bytes | None) -> None:
    one = Conversation(SESSION, server, state)
    assert conversations().read_state(conversations().state(one)) == one


def test_configured_server_leaves_243_octets_for_its_state() -> None:
    one = Conversation(SESSION, "b.example", bytes(243))
    assert len(conversations().state(one)) == 253
    assert conversations().read_state(conversations().state(one)) == one


@pytest.mark.parametrize(("server", "state"), [("a.example", bytes(244)), ("h" * 200, b"s"), ("h" * 300, None)])
def test_what_finds_no_room_is_held_here_alone(server: str, state: bytes | None) -> None:
    known, one = conversations(), Conversation(SESSION, server, state)
    packed = known.state(one)
    assert len(packed) <= 253
    assert known.read_state(packed) == one
    with pytest.raises(DecodeError, match="not held here"):
        conversations().read_state(packed)


def test_server_is_the_same_for_a_node_with_another_list() -> None:
    state = conversations().state(Conversation(SESSION, "b.example", b"s"))
    for hosts in (HOSTS[::-1], ("c.example", "b.example")):
        assert Conversations(hosts, Random(1).randbytes).read_state(state).server == "b.example"
    with pytest.raises(DecodeError, match="not configured any more"):
        Conversations(("a.example",), Random(1).randbytes).read_state(state)


def test_servers_that_share_a_number_are_named() -> None:
    hosts = [f"aaa{number}.example" for number in range(300)]
    known = Conversations(hosts, Random(1).randbytes)
    for host in hosts:
        assert known.read_state(known.state(Conversation(SESSION, host, b"s"))).server == host


def test_no_more_is_held_than_the_limit() -> None:
    known = conversations(limit=2)
    packed = [known.state(Conversation(bytes([n]) * 8, "", bytes(250))) for n in range(3)]
    with pytest.raises(DecodeError):
        known.read_state(packed[0])
    assert [known.read_state(one).session[0] for one in packed[1:]] == [1, 2]


@pytest.mark.parametrize(
    "octets",
    [b"", b"\xd0", b"\xd0" + SESSION, b"\xd0" + SESSION + b"\xfe", b"\xd0" + SESSION + b"\x05abc", b"sealed by us",
     b"\xd0" + SESSION + b"\x01\xff", b"\xd3" + SESSION + b"\x80"],
)  # fmt: skip
def test_state_that_is_not_ours_is_refused(octets: bytes) -> None:
    with pytest.raises(DecodeError):
        conversations().read_state(octets)


def test_class_names_the_session_and_its_server() -> None:
    known = conversations()
    for server in ("b.example", "behind.example"):
        packed = known.class_of(Conversation(SESSION, server, b"state is over"))
        assert packed is not None
        assert conversations().read_class(packed) == Conversation(SESSION, server)
    assert known.class_of(Conversation(SESSION, "h" * 250)) is None
    for foreign in (b"", b"home", b"\xd3short", b"\xd3" + SESSION + b"\x80more", b"\xd0" + SESSION + b"\x80"):
        assert known.read_class(foreign) is None


def test_session_id_leads_back_to_its_conversation() -> None:
    one = Conversation(SESSION)
    assert Conversations.of_session_id(one.session_id("aaa.example", "lab"), "AAA.example") == one
    for other in ("aaa.example;7;2", "b.example;7;2;01234567", "aaa.example;7;4294967296;01234567", ""):
        assert Conversations.of_session_id(other, "aaa.example") is None


@pytest.mark.parametrize(
    "foreign",
    [b"", b"\xd3", b"\xd3" + SESSION, b"\xd3" + SESSION + b"\x80more", b"\xd3" + SESSION + b"\x05abcd", b"\xd3" * 30],
)
def test_class_of_chance_is_not_ours(foreign: bytes) -> None:
    assert not Conversations.is_class(foreign)
