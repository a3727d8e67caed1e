"""AT_MAC of RFC 4186 Appendix A (NONCE_MT, SRES and NONCE_S beside the packet) and of conversations of others."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.captures import load_runs
from wire.eap.mac import fill_mac, mac_is_genuine
from wire.errors import EncodeError
from wire.identity import EapMethod
from wire.secret import Secret

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "eap_aka.json").read_text())
SIM = VECTORS["rfc4186_appendix_a_eap_sim"]
SIM_K_AUT = Secret.fromhex(SIM["keys"]["k_aut"])


@pytest.mark.parametrize("name", ["challenge_req", "challenge_rsp", "reauth_rsp"])
def test_mac_covers_what_rfc_4186_puts_beside_the_packet(name: str) -> None:
    packet = bytes.fromhex(SIM["packets"][name])
    extra = bytes.fromhex(SIM["packets"][f"{name}_mac_extra"])
    assert mac_is_genuine(packet, EapMethod.SIM, SIM_K_AUT, extra)
    assert not mac_is_genuine(packet, EapMethod.SIM, SIM_K_AUT)


def test_reauthentication_request_has_nothing_beside_it() -> None:
    assert mac_is_genuine(bytes.fromhex(SIM["packets"]["reauth_req"]), EapMethod.SIM, SIM_K_AUT)


@pytest.mark.parametrize("case", VECTORS["eap_aka_full_runs"], ids=lambda case: str(case["identity_ascii"]))
def test_mac_of_a_foreign_conversation_is_genuine(case: dict[str, Any]) -> None:
    k_aut = Secret.fromhex(str(case["k_aut"]))
    challenges = [packet for name, packet in case["packets"].items() if name.startswith("challenge")]
    assert challenges
    for packet in challenges:
        assert mac_is_genuine(bytes.fromhex(packet), EapMethod.AKA, k_aut)


def test_mac_of_captured_messages_is_genuine_and_made_again() -> None:
    seen = 0
    for run in load_runs():
        for exchange in run.exchanges:
            keys = run.exchanges[0].rounds[-1].values if exchange.rounds else {}
            extra = exchange.rounds[-1].values.get("nonce_s", b"") if exchange.rounds else b""
            for packet in exchange.packets[-5:]:
                covered = extra if packet.label.startswith("Response") and "Reauth" in packet.label else b""
                if mac_is_genuine(packet.octets, run.method, Secret(keys.get("k_aut", b"")), covered):
                    assert fill_mac(packet.octets, run.method, Secret(keys["k_aut"]), covered) == packet.octets
                    seen += 1
    assert seen == 22


def test_any_changed_octet_breaks_the_mac() -> None:
    packet = bytes.fromhex(SIM["packets"]["reauth_req"])
    for position in (0, 1, 5, 40, len(packet) - 1):
        changed = bytearray(packet)
        changed[position] ^= 1
        assert not mac_is_genuine(bytes(changed), EapMethod.SIM, SIM_K_AUT)


@pytest.mark.parametrize(
    "packet",
    ["", "0102000817010000", "010200100b0100000b0500000000", "0102000c170100000b010000", "0102000c1701000001000000"],
)
def test_packet_without_a_mac_is_not_genuine(packet: str) -> None:
    assert not mac_is_genuine(bytes.fromhex(packet), EapMethod.AKA, SIM_K_AUT)
    with pytest.raises(EncodeError):
        fill_mac(bytes.fromhex(packet), EapMethod.AKA, SIM_K_AUT)
