"""AT_CHECKCODE of conversations of others (RFC 4187 §10.13)."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.captures import load_runs
from wire.eap.aka import AkaMessage
from wire.eap.attributes import At
from wire.eap.checkcode import checkcode
from wire.eap.constants import Subtype
from wire.identity import EapMethod

RUNS = json.loads((Path(__file__).parents[2] / "vectors" / "eap_aka.json").read_text())["eap_aka_full_runs"]


@pytest.mark.parametrize("case", [case for case in RUNS if "checkcode" in case], ids=lambda case: str(case["source"]))
def test_checkcode_covers_the_whole_packets(case: dict[str, Any]) -> None:
    identity = [packet for name, packet in case["packets"].items() if name.startswith("aka_identity")]
    assert len(identity) == 2
    assert checkcode(EapMethod.AKA, [bytes.fromhex(packet) for packet in identity]).hex() == case["checkcode"]


def test_checkcode_of_captured_runs_is_the_one_sent() -> None:
    seen = 0
    for run in load_runs():
        rounds, last = [], None
        for packet in run.exchanges[0].packets:
            if packet.octets[4:5] not in (b"\x17", b"\x32"):
                continue
            message = AkaMessage.parse(packet.octets)
            if message.subtype is Subtype.IDENTITY:
                rounds.append(packet.octets)
            last = message.attributes.get(At.CHECKCODE)
            if last is not None:
                assert checkcode(run.method, rounds) == last
                seen += 1
    assert seen == 11


def test_checkcode_is_empty_without_an_identity_round() -> None:
    assert checkcode(EapMethod.AKA, ()) == b""
    assert checkcode(EapMethod.AKA_PRIME, ()) == b""
