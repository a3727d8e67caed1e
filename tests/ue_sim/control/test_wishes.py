"""Lines of the control socket: every wish there and back, and what is wrong with others."""

import json
from ipaddress import IPv4Address, IPv6Address

import pytest

from runtime.control_socket import WishRefused, encode, parse
from ue_sim.control.wishes import (
    WISHES,
    Detach,
    Move,
    Ping,
    Probe,
    Reattach,
    Reauthenticate,
    Rekey,
    Status,
    Wish,
)


@pytest.mark.parametrize(
    ("wish", "line"),
    [
        (Status(), {"do": "status"}),
        (Ping(), {"do": "ping", "count": 5}),
        (Ping(to=IPv6Address("2001:db8::1"), count=2), {"do": "ping", "to": "2001:db8::1", "count": 2}),
        (Move(address=IPv4Address("127.9.9.11")), {"do": "move", "address": "127.9.9.11"}),
        (Reattach(), {"do": "reattach"}),
        (Reauthenticate(), {"do": "reauthenticate"}),
        (Reauthenticate(way="make-before-break"), {"do": "reauthenticate", "way": "make-before-break"}),
        (Rekey(what="child"), {"do": "rekey", "what": "child"}),
        (Probe(), {"do": "probe"}),
        (Detach(), {"do": "detach"}),
    ],
)
def test_wish_is_one_line_of_json(wish: Wish, line: dict[str, object]) -> None:
    encoded = encode(wish)
    assert json.loads(encoded) == line
    assert encoded.count(b"\n") == 1
    assert parse(encoded, WISHES) == wish


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"hello\n", "Invalid JSON"),
        (b"[]\n", "object"),
        (b"{}\n", "'do'"),
        (b'{"do": "dance"}\n', "'status', 'ping', 'move', 'reattach', 'reauthenticate', 'rekey', 'probe', 'detach'"),
        (b'{"do": "rekey", "what": "all"}\n', "rekey.what: Input should be 'ike' or 'child'"),
        (b'{"do": "move"}\n', "move.address: Field required"),
        (b'{"do": "move", "address": "here"}\n', "move.address"),
        (b'{"do": "ping", "count": 0}\n', "ping.count: Input should be greater than or equal to 1"),
        (b'{"do": "ping", "count": 1001}\n', "ping.count: Input should be less than or equal to 1000"),
        (b'{"do": "status", "why": 1}\n', "status.why"),
    ],
)
def test_what_is_no_wish_is_said_in_one_line(line: bytes, said: str) -> None:
    with pytest.raises(WishRefused) as caught:
        parse(line, WISHES)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
