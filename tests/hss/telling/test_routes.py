"""An AAA server is reached by its own connection first, else by the agent that its requests came through."""

from dataclasses import replace

from hss.telling.routes import Route, Routes
from tests.wire.diameter.samples import MAR
from wire.diameter.capabilities import PeerPolicy
from wire.diameter.message import Message

PEERS = (
    PeerPolicy("near", "Near.Example", "example"),
    PeerPolicy("relay", "relay.transit", "transit", agent=True),
)


def request(host: str, realm: str = "far") -> Message:
    return replace(MAR, origin_host=host, origin_realm=realm).message()


def test_peers_are_reached_while_they_are_connected() -> None:
    connected = ["near", "relay"]
    routes = Routes(PEERS, lambda: connected)
    assert routes.reachable() == {"near.example": Route("near", "example")}
    connected.remove("near")
    assert routes.reachable() == {}


def test_node_behind_an_agent_is_reached_through_it() -> None:
    connected = ["relay"]
    routes = Routes(PEERS, lambda: connected)
    routes.learn("relay", request("AAA.far"))
    assert routes.reachable() == {"aaa.far": Route("relay", "far")}
    connected.clear()
    assert routes.reachable() == {}


def test_own_connection_is_the_better_way() -> None:
    routes = Routes(PEERS, lambda: ("near", "relay"))
    routes.learn("relay", request("near.example"))
    assert routes.reachable() == {"near.example": Route("near", "example")}


def test_peer_that_is_no_agent_teaches_nothing() -> None:
    routes = Routes(PEERS, lambda: ("near", "relay"))
    routes.learn("near", request("aaa.far"))
    assert set(routes.reachable()) == {"near.example"}


def test_what_is_remembered_is_bounded() -> None:
    routes = Routes(PEERS, lambda: ("relay",))
    for number in range(10_001):
        routes.learn("relay", request(f"aaa{number}.far"))
    known = routes.reachable()
    assert len(known) == 10_000
    assert "aaa0.far" not in known
    assert "aaa10000.far" in known
