"""Keys of EAP-SIM by RFC 4186 Appendix A, whose packets are read and made again."""

import json
from pathlib import Path

import pytest

from wire.eap.aka import AkaMessage
from wire.eap.aka_keys import rederive_keys, resumed_keys, resumption_secret
from wire.eap.attributes import At, Attributes
from wire.eap.constants import Subtype
from wire.eap.sim_keys import derive_sim_keys, sim_session_id
from wire.identity import EapMethod
from wire.secret import Secret

SIM = json.loads((Path(__file__).parents[2] / "vectors" / "eap_aka.json").read_text())["rfc4186_appendix_a_eap_sim"]
NONCE_MT = bytes.fromhex(SIM["nonce_mt"])
KEYS = derive_sim_keys(SIM["identity_ascii"].encode(), [Secret.fromhex(kc) for kc in SIM["kc"]], NONCE_MT)


def test_keys_are_the_published_ones() -> None:
    found = {name: getattr(KEYS, name).hex() for name in ("mk", "k_encr", "k_aut", "msk", "emsk")}
    assert found == SIM["keys"]
    assert (KEYS.method, KEYS.k_re) == (EapMethod.SIM, b"")


def test_reauthentication_goes_on_from_them() -> None:
    case = SIM["reauth"]
    resumed = resumed_keys(EapMethod.SIM, resumption_secret(KEYS))
    assert (resumed.k_encr, resumed.k_aut) == (KEYS.k_encr, KEYS.k_aut)
    fresh = rederive_keys(resumed, case["identity_ascii"].encode(), case["counter"], bytes.fromhex(case["nonce_s"]))
    assert (fresh.msk.hex(), fresh.emsk.hex()) == (case["msk"], case["emsk"])


@pytest.mark.parametrize(
    ("name", "subtype"),
    [
        ("challenge_req", Subtype.SIM_CHALLENGE),
        ("challenge_rsp", Subtype.SIM_CHALLENGE),
        ("reauth_req", Subtype.REAUTHENTICATION),
        ("reauth_rsp", Subtype.REAUTHENTICATION),
    ],
)
def test_published_packets_are_read_and_made_again(name: str, subtype: Subtype) -> None:
    octets = bytes.fromhex(SIM["packets"][name])
    extra = bytes.fromhex(SIM["packets"].get(f"{name}_mac_extra", ""))
    message = AkaMessage.parse(octets)
    assert (message.method, message.subtype) == (EapMethod.SIM, subtype)
    assert message.mac_is_genuine(KEYS.k_aut, extra)
    plain = SIM["packets"].get(f"{name}_encr_plaintext")
    if plain:
        assert message.parse_encrypted(KEYS.k_encr).build().hex() == plain
    unsigned = Attributes(tuple(item for item in message.attributes if item.type != At.MAC))
    again = AkaMessage(message.code, message.identifier, message.method, subtype, unsigned)
    assert again.build(KEYS.k_aut, extra) == octets


def test_session_id_is_every_rand_and_nonce_mt() -> None:
    assert sim_session_id(bytes(48), NONCE_MT) == b"\x12" + bytes(48) + NONCE_MT
