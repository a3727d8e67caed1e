"""Datagrams of an IKE SA."""

from dataclasses import replace

from pdngw_proxy.ike.events import DatagramArrived, Transmit
from pdngw_proxy.ike.sending import answer_to, follow, send, unmarked
from pdngw_proxy.ike.states import AwaitingIdentity
from tests.ike_link import GATEWAY, UE
from tests.pdngw_proxy.test_ike_responder import at, responder
from wire.ikev2 import exchanges

MESSAGE = exchanges.Transmit(b"message")


def test_marker_is_told_from_the_message() -> None:
    assert unmarked(bytes(4) + b"message") == (b"message", True)
    assert unmarked(b"message") == (b"message", False)
    assert unmarked(b"\0\0\0") == (b"\0\0\0", False)


def test_answer_goes_back_as_it_came() -> None:
    assert answer_to(DatagramArrived(b"hello", UE, GATEWAY), MESSAGE) == Transmit(b"message", GATEWAY, UE)
    marked = answer_to(DatagramArrived(bytes(4) + b"hello", UE, GATEWAY), MESSAGE)
    assert marked.octets == bytes(4) + b"message"


def test_sa_is_followed_to_where_it_moves() -> None:
    state = responder(at(AwaitingIdentity)).state
    assert isinstance(state, AwaitingIdentity)
    assert send(state.sa, MESSAGE) == Transmit(bytes(4) + b"message", GATEWAY, UE)
    assert not follow(state.sa, DatagramArrived(bytes(4) + b"x", UE, GATEWAY))
    moved = replace(UE, port=1)
    assert follow(state.sa, DatagramArrived(b"x", moved, GATEWAY))
    assert send(state.sa, MESSAGE) == Transmit(b"message", GATEWAY, moved)


def test_sa_is_followed_to_the_address_of_ours_that_its_ue_speaks_to() -> None:
    """RFC 4555 §3.5: UPDATE_SA_ADDRESSES may be of ours alone."""
    state = responder(at(AwaitingIdentity)).state
    assert isinstance(state, AwaitingIdentity)
    other = replace(GATEWAY, address=GATEWAY.address + 1)
    assert follow(state.sa, DatagramArrived(b"x", UE, other))
    assert send(state.sa, MESSAGE) == Transmit(b"message", other, UE)
