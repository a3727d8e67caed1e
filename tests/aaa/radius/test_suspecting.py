"""Every usual slip with a shared secret is recognised by the Message-Authenticator that it makes, and never shown."""

from ipaddress import ip_network

import pytest

from aaa.messages import Client
from aaa.radius import suspecting
from aaa.radius.clients import ClientTable, RadiusClient
from aaa.radius.suspecting import Suspicion, suspect
from hss.failure_api import Certainty, Hypothesis, Verdict
from tests.aaa.radius.samples import asked
from wire.radius.messages import signed_request
from wire.radius.packet import Code
from wire.secret import Secret

OWN = "0a1B2c3D4e5F60718293a4b5c6d7e8f90a1b2c3d"


def accounting(secret: bytes) -> bytes:
    return signed_request(Code.ACCOUNTING_REQUEST, identifier=1, secret=secret)


def client(name: str = "lab", secret: bytes = OWN.encode()) -> RadiusClient:
    return RadiusClient(ip_network("127.0.0.0/8"), Secret(secret), Client(name))


OTHERS = (client(), client("wlc", b"another one"))

SLIPS = {
    "line end": (OWN.encode() + b"\n", "a line end"),
    "line end of DOS": (OWN.encode() + b"\r\n", "DOS"),
    "NUL": (OWN.encode() + b"\0", "NUL"),
    "space": (OWN.encode() + b" ", "a space"),
    "double quotes": (f'"{OWN}"'.encode(), "double quotes"),
    "single quotes": (f"'{OWN}'".encode(), "single quotes"),
    "hex for text": (OWN.encode().hex().encode(), "in hex, taken for text"),
    "text for hex": (bytes.fromhex(OWN), "spells in hex"),
    "small letters": (OWN.lower().encode(), "small letters"),
    "capital letters": (OWN.upper().encode(), "capital letters"),
    "cut": (OWN.encode()[:16], "the first 16 octets"),
    "another client's": (b"another one", "the secret of client wlc"),
}


@pytest.mark.parametrize(("used", "says"), SLIPS.values(), ids=SLIPS)
def test_slip_is_recognised(used: bytes, says: str) -> None:
    for packet in (asked(secret=used), accounting(used)):
        verdict = suspect(packet, client(), OTHERS)
        assert (verdict.hypothesis, verdict.certainty) == (Hypothesis.SHARED_SECRET, Certainty.PROVEN)
        assert says in verdict.cause
        assert OWN.lower() not in verdict.cause.lower()
        assert "secret_file of lab" in verdict.cause


def test_spaces_and_quotes_of_our_own_file_are_recognised() -> None:
    assert "without the spaces" in suspect(asked(secret=b"s3cret"), client(secret=b" s3cret "), ()).cause
    assert "without the quotes" in suspect(asked(secret=b"s3cret"), client(secret=b'"s3cret"'), ()).cause


def test_unknown_secret_is_told_as_that() -> None:
    told = suspect(asked(secret=b"who knows"), client(), OTHERS)
    assert told.cause.startswith("neither a usual slip")
    assert told.certainty is Certainty.INDICATED
    assert suspect(b"\x01\x01\x00\x14" + bytes(16), client(), ()) == told
    assert suspect(b"\x01", client(), ()) == suspect(b"\x04", client(), ()) == told


def test_only_so_many_clients_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suspecting, "OTHERS_MAX", 1)
    assert suspect(asked(secret=b"another one"), client(), OTHERS).cause.startswith("neither")


def test_suspicion_is_kept_of_a_client_and_never_of_a_stranger() -> None:
    kept: list[tuple[str, str, Verdict]] = []

    def keep(client: str, cause: str, verdict: Verdict) -> str:
        kept.append((client, cause, verdict))
        return "1f2e"

    suspicion = Suspicion(ClientTable([client()]), keep)
    packet = asked(secret=OWN.encode() + b"\n")
    more = suspicion.of(packet, "127.0.0.1", None, "wrong")
    assert suspicion.of(packet, "203.0.113.9", None, "wrong") == {}
    ((who, cause, verdict),) = kept
    assert (who, cause) == ("radius/lab", "wrong")
    assert more == {"why": verdict.cause, "certainty": "proven", "explain": "1f2e"}
    assert suspicion.of(packet, "203.0.113.9", client("tls"), "wrong") != {}
    assert kept[1][0] == "radius/tls"
    assert "explain" not in Suspicion(ClientTable([client()])).of(packet, "127.0.0.1", None, "wrong")
