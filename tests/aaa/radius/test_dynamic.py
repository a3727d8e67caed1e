"""Disconnect and CoA against a NAS that the test is."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from random import Random

import pytest

from aaa.radius.dynamic import Done, DynamicAuthorization, Outcome, Refused, Unanswered, identification
from aaa.radius.nas import nas_name
from hss.session_api import Session, Usage
from runtime.taps import Address
from runtime.udp import UdpEndpoint
from wire.radius.codec import parse_packet
from wire.radius.eap import is_authentic
from wire.radius.exchange import Timers
from wire.radius.messages import reply
from wire.radius.packet import Attribute, Code, RadiusPacket, is_genuine_request
from wire.secret import Secret

SECRET = Secret(b"xyzzy5461")
NOON = datetime(2027, 1, 2, 12, tzinfo=UTC)


def session(nas: str = "ap1", user_name: str | None = "u@example.org") -> Session:
    return Session(
        number=7, client="lab", nas=nas, source="127.0.0.1", session_id="0001", user_name=user_name, imsi=None,
        radius_class=None, calling_station="00-10", framed_address=None, started=NOON, updated=NOON, ended=None,
        end_cause=None, usage=Usage(),
    )  # fmt: skip


def named(attributes: Sequence[Attribute]) -> dict[str, str]:
    packet = RadiusPacket(40, 1, bytes(16), tuple(attributes))
    names = (
        "NAS-Identifier",
        "NAS-IP-Address",
        "NAS-IPv6-Address",
        "Acct-Session-Id",
        "User-Name",
        "Calling-Station-Id",
    )
    return {name: text for name in names if (text := packet.text(name)) is not None}


@pytest.mark.parametrize(
    ("nas", "attribute"),
    [("ap1", "NAS-Identifier"), ("192.0.2.1", "NAS-IP-Address"), ("2001:db8::1", "NAS-IPv6-Address")],
)
def test_session_is_named_as_its_nas_named_it(nas: str, attribute: str) -> None:
    wanted = {
        attribute: nas, "Acct-Session-Id": "0001", "User-Name": "u@example.org", "Calling-Station-Id": "00-10",
    }  # fmt: skip
    assert named(identification(session(nas))) == wanted


@pytest.mark.parametrize("said", ["192.0.2.1", "2001:db8::1"])
def test_identifier_that_reads_like_an_address_is_said_as_an_identifier(said: str) -> None:
    packet = RadiusPacket(4, 1, bytes(16), (Attribute.of("NAS-Identifier", said),))
    told = named(identification(session(nas_name(packet, "127.0.0.1"))))
    assert [(name, value) for name, value in told.items() if name.startswith("NAS-")] == [("NAS-Identifier", said)]


def test_name_that_was_no_text_is_left_out() -> None:
    assert "User-Name" not in named(identification(session(user_name="a\ufffdb")))
    assert "User-Name" not in named(identification(session(user_name=None)))


def test_nas_identifier_that_was_no_text_is_left_out() -> None:
    said = RadiusPacket(4, 1, bytes(16), (Attribute(32, b"\xff" * 253),))
    assert named(identification(session(nas=nas_name(said, "127.0.0.1")))) == {
        "Acct-Session-Id": "0001", "User-Name": "u@example.org", "Calling-Station-Id": "00-10",
    }  # fmt: skip


class Nas:
    """Answers with `code` and `cause`, or does not."""

    def __init__(self, host: str) -> None:
        self.code: Code | None = None
        self.cause = 0
        self.asked: list[bytes] = []
        self.endpoint = UdpEndpoint.bind((host, 0), self._take)

    def _take(self, octets: bytes, source: Address) -> None:
        self.asked.append(octets)
        if self.code is not None:
            causes = [Attribute.of("Error-Cause", self.cause)] if self.cause else []
            self.endpoint.send(reply(parse_packet(octets), self.code, secret=SECRET, attributes=causes), source)


@pytest.fixture(params=["127.0.0.1", "::1"])
async def nas(request: pytest.FixtureRequest) -> AsyncIterator[Nas]:
    one = Nas(request.param)
    yield one
    one.endpoint.close()


@pytest.mark.stack
@pytest.mark.parametrize(
    ("code", "cause", "outcome"),
    [
        (Code.DISCONNECT_ACK, 0, Done()),
        (Code.DISCONNECT_NAK, 503, Refused("session context not found (503)", is_unknown=True)),
        (Code.DISCONNECT_NAK, 0, Refused("no Error-Cause", is_unknown=False)),
        (None, 0, Unanswered),
    ],
)
async def test_disconnect_is_understood(nas: Nas, code: Code | None, cause: int, outcome: Outcome | type) -> None:
    nas.code, nas.cause = code, cause
    dynamic = DynamicAuthorization(
        server=nas.endpoint.local, secret=SECRET, random=Random(1).randbytes, timers=Timers(irt=0.02, mrd=0.1)
    )
    heard = await dynamic.disconnect(session(), NOON)
    dynamic.close()
    assert heard == outcome or isinstance(heard, Unanswered)
    assert (outcome is Unanswered) == isinstance(heard, Unanswered)
    octets = nas.asked[0]
    assert octets[0] == Code.DISCONNECT_REQUEST
    assert octets[20:22] == b"\x50\x12"
    assert is_genuine_request(octets, SECRET)
    assert is_authentic(octets, SECRET)
    assert parse_packet(octets).integer("Event-Timestamp") == int(NOON.timestamp())


@pytest.mark.stack
async def test_change_carries_what_is_to_be_changed(nas: Nas) -> None:
    nas.code = Code.COA_ACK
    dynamic = DynamicAuthorization(server=nas.endpoint.local, secret=SECRET, random=Random(1).randbytes)
    assert await dynamic.change(session(), NOON, [Attribute.of("Session-Timeout", 600)]) == Done()
    dynamic.close()
    packet = parse_packet(nas.asked[0])
    assert (packet.code, packet.integer("Session-Timeout")) == (Code.COA_REQUEST, 600)
