"""tshark as a foreign reader of every command: no malformed packet, no expert complaint, our values in its fields."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runtime.capture import Capture
from tests.wire.diameter.samples import AAA, ANSWERS, GATEWAY, MAR, OCTETS, SESSION
from wire.diameter.commands import name_of
from wire.diameter.message import Message

pytestmark = pytest.mark.interop

CLIENT, SERVER = ("127.0.0.1", 40000), ("127.0.0.2", 3868)


@pytest.fixture(scope="module")
def _written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("diameter") / "all.pcapng"
    with path.open("wb") as file:
        capture = Capture(file, "diameter", lambda: 0)
        for octets in OCTETS:
            to_server = Message.parse(octets).is_request
            source, destination = (CLIENT, SERVER) if to_server else (SERVER, CLIENT)
            capture.tcp(source=source, destination=destination, payload=octets)
    return path


@pytest.fixture
def layers(foreign_peer: Callable[[str], str], _written: Path) -> list[dict[str, Any]]:
    """What tshark reads, a dictionary of fields a packet."""
    command = [foreign_peer("tshark"), "-r", str(_written), "-T", "json", "--no-duplicate-keys"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    packets = [packet["_source"]["layers"] for packet in json.loads(done.stdout)]
    return [packet for packet in packets if "diameter" in packet]


def test_tshark_reads_every_command_without_a_complaint(layers: list[dict[str, Any]]) -> None:
    assert len(layers) == len(OCTETS)
    for packet, octets in zip(layers, OCTETS, strict=True):
        read = packet["diameter"]
        message = Message.parse(octets)
        assert int(read["diameter.cmd.code"]) == message.command, name_of(message)
        assert int(read["diameter.applicationId"]) == message.application
        text = json.dumps(packet)
        assert "malformed" not in text.lower(), name_of(message)
        assert "_ws.expert" not in text, (name_of(message), text)


def test_tshark_finds_our_values(layers: list[dict[str, Any]]) -> None:
    text = json.dumps(layers)
    for value in (
        SESSION,
        GATEWAY.origin_host,
        AAA.origin_host,
        MAR.user_name,
        "EAP-AKA'",
        "2001:db8:1::10",
        "internet",
    ):
        assert value in text, value
    assert len(ANSWERS) >= 5
