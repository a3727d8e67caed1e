"""tshark reads what we send beside authentications: nothing malformed, no authenticator that it calls wrong."""

import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aaa.radius.dynamic import identification
from hss.session_api import Session, Usage
from runtime.capture import Capture
from tests.aaa.radius.accounting.reports import reported
from tests.aaa.radius.samples import AUTHENTICATOR, SECRET, asked
from wire.radius.codec import parse_packet
from wire.radius.forwarding import forward_answer, forward_request
from wire.radius.messages import reply, signed_request, status_server
from wire.radius.packet import Attribute, Code

pytestmark = pytest.mark.interop

CLIENT, SERVER, NAS = ("192.0.2.1", 40000), ("192.0.2.3", 1812), ("192.0.2.1", 3799)
NOON = datetime(2027, 1, 2, 12, tzinfo=UTC)
SESSION = Session(
    number=7, client="lab", nas="2001:db8::1", source="192.0.2.1", session_id="0001", user_name="u@example.org",
    imsi=None, radius_class=None, calling_station="00-10-A4-23-19-C0", framed_address=None, started=NOON, updated=NOON,
    ended=None, end_cause=None, usage=Usage(),
)  # fmt: skip


def packets() -> list[tuple[bytes, int]]:
    """Each packet and the port of the server that it goes to or comes from."""
    named = [*identification(SESSION), Attribute.of("Event-Timestamp", int(NOON.timestamp()))]
    disconnect = signed_request(Code.DISCONNECT_REQUEST, identifier=1, secret=SECRET, attributes=named)
    named.append(Attribute.of("Session-Timeout", 600))
    change = signed_request(Code.COA_REQUEST, identifier=2, secret=SECRET, attributes=named)
    states = [Attribute.of("Proxy-State", b"one"), Attribute.of("Proxy-State", b"two")]
    account = reported(*states, identifier=3)
    status = status_server(identifier=4, authenticator=AUTHENTICATOR, secret=SECRET)
    first = asked(*states, identifier=5)
    on = forward_request(first, identifier=6, authenticator=bytes(range(1, 17)), secret=SECRET, proxy_state=b"ours")
    home = reply(parse_packet(on), Code.ACCESS_ACCEPT, secret=SECRET, eap=b"\3\1\0\4")
    back = forward_answer(
        home, first, server_secret=SECRET, server_authenticator=on[4:20], client_secret=SECRET, random=bytes
    )
    return [
        (disconnect, 3799),
        (change, 3799),
        (account, 1813),
        (reply(parse_packet(account), Code.ACCOUNTING_RESPONSE, secret=SECRET), 1813),
        (status, 1813),
        (reply(parse_packet(status), Code.ACCOUNTING_RESPONSE, secret=SECRET), 1813),
        (first, 1812),
        (on, 1812),
        (home, 1812),
        (back, 1812),
    ]


@pytest.fixture
def layers(foreign_peer: Callable[[str], str], tmp_path: Path) -> list[dict[str, Any]]:
    """What tshark reads, a dictionary of fields a packet."""
    path = tmp_path / "radius.pcapng"
    with path.open("wb") as file:
        capture = Capture(file, "radius", lambda: 0)
        for octets, port in packets():
            ends = (CLIENT, (SERVER[0], port))
            to_server = octets[0] in {1, 4, 12, 40, 43}
            capture.udp(source=ends[not to_server], destination=ends[to_server], payload=octets)
    command = [
        foreign_peer("tshark"), "-r", str(path), "-T", "json", "--no-duplicate-keys",
        "-o", f"radius.shared_secret:{SECRET.decode()}", "-o", "radius.validate_authenticator:TRUE",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    return [packet["_source"]["layers"] for packet in json.loads(done.stdout)]


def test_tshark_reads_every_packet_without_a_complaint(layers: list[dict[str, Any]]) -> None:
    sent = packets()
    assert len(layers) == len(sent)
    for packet, (octets, _) in zip(layers, sent, strict=True):
        text = json.dumps(packet)
        assert int(packet["radius"]["radius.code"]) == octets[0]
        assert "alformed" not in text
        # the one complaint is that the proxy's request carries the same EAP packet as the client's
        assert text.count('"_ws.expert"') == text.count('"eap.retransmission"'), text[-2000:]
        assert '"radius.authenticator.invalid": "1"' not in text, text[-2000:]
    # tshark 4.0 has a verdict on the answers to Accounting- and Access-Requests alone
    assert json.dumps(layers).count('"radius.authenticator.valid": "1"') == 3


def test_tshark_finds_our_values(layers: list[dict[str, Any]]) -> None:
    text = json.dumps(layers)
    for value in ("u@example.org", "0001", "2001:db8::1", "00-10-A4-23-19-C0"):
        assert value in text, value
