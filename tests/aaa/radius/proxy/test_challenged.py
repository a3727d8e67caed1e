"""Who answers a challenge answers the server that it came from."""

from aaa.radius.proxy.challenged import Challenged
from wire.radius.messages import reply
from wire.radius.packet import Attribute, Code, RadiusPacket


def request(state: bytes | None = None, user: str = "u@example.org") -> RadiusPacket:
    states = () if state is None else (Attribute.of("State", state),)
    return RadiusPacket(Code.ACCESS_REQUEST, 7, bytes(16), (Attribute.of("User-Name", user), *states))


def challenge(state: bytes, code: Code = Code.ACCESS_CHALLENGE) -> bytes:
    return reply(request(), code, secret=b"s", attributes=[Attribute.of("State", state)])


def test_answer_goes_to_whoever_has_challenged() -> None:
    challenged = Challenged()
    challenged.note(challenge(b"1"), request(), "lab", "b")
    assert challenged.first(["a", "b", "c"], request(b"1"), "lab") == ["b", "a", "c"]
    assert challenged.first(["a", "c"], request(b"1"), "lab") == ["a", "c"]


def test_every_other_request_goes_as_it_would() -> None:
    challenged = Challenged()
    challenged.note(challenge(b"1"), request(), "lab", "b")
    challenged.note(challenge(b"2", Code.ACCESS_ACCEPT), request(), "lab", "b")
    others = [(request(), "lab"), (request(b"2"), "lab"), (request(b"1"), "other"), (request(b"1", "v"), "lab")]
    assert [challenged.first(["a", "b"], packet, client) for packet, client in others] == [["a", "b"]] * 4


def test_it_remembers_so_many() -> None:
    challenged = Challenged(limit=2)
    for state in (b"1", b"2", b"1", b"3"):
        challenged.note(challenge(state), request(), "lab", "b")
    assert [challenged.first(["a", "b"], request(state), "lab")[0] for state in (b"1", b"2", b"3")] == ["b", "a", "b"]
