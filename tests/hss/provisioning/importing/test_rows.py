"""Rows become subscribers to be, or are refused with a cause that shows nothing of them."""

from pathlib import Path

import pytest

from hss.algorithms import AlgorithmSettings, derive_opc
from hss.models import Algorithm
from hss.provisioning.importing.causes import Cause, RowRefused
from hss.provisioning.importing.mapping import MappingRefused, load
from hss.provisioning.importing.rows import NewRow, RowReader
from tests.hss.provisioning.importing.conftest import OP, OPC, K, mapping_of
from wire.secret import Secret

TUAK = AlgorithmSettings("tuak", algorithm=Algorithm.TUAK)
SETTINGS = {"milenage": AlgorithmSettings("milenage"), "tuak": TUAK}
IMSI = "001010000000001"
GOOD = {"imsi": IMSI, "k": K, "opc": OPC}
K_CHECK = "7d2ed9"
"""The first octets of zeros under K of TS 35.208 §4.3.1, by `openssl enc -aes-128-ecb`."""

SWAPPED = """
[columns.imsi]
position = 1
nibble_swapped = true
[columns.k]
position = 2
[columns.opc]
position = 3
"""


def reader(name: str = "pysim", environment: dict[str, str] | None = None) -> RowReader:
    return RowReader(load(name), SETTINGS, environment or {}, "internet")


def read(values: dict[str, str]) -> NewRow:
    one = reader()
    return one.row(7, one.imsi(values), values)


def cause_of(values: dict[str, str]) -> Cause:
    with pytest.raises(RowRefused) as refused:
        read(values)
    assert not any(value in str(refused.value) for value in values.values() if len(value) > 5)
    return refused.value.cause


def test_row_becomes_a_subscriber() -> None:
    row = read(GOOD | {"amf": "b9b9", "msisdn": "+491234567", "apn": "ims internet"})
    assert (row.line, row.imsi, row.amf, row.msisdn) == (7, IMSI, 0xB9B9, "491234567")
    assert (row.keys.k.hex(), row.keys.opc.hex()) == (K, OPC)
    assert [(apn.context_id, apn.name) for apn in row.apns] == [(1, "ims"), (2, "internet")]


def test_constants_hold_where_the_row_says_nothing() -> None:
    row = read(GOOD)
    assert (row.amf, row.msisdn, row.settings.name, row.apns[0].name) == (0x8000, None, "milenage", "internet")


def test_op_becomes_opc() -> None:
    assert read({"imsi": IMSI, "k": K, "op": OP}).keys.opc.hex() == OPC


def test_op_that_all_cards_share(tmp_path: Path) -> None:
    text = '[columns.imsi]\nposition=1\n[columns.k]\nposition=2\n[shared_op]\nenvironment = "OP"\n'
    one = RowReader(mapping_of(tmp_path, text), SETTINGS, {"OP": OP}, "internet")
    assert one.row(1, IMSI, {"imsi": IMSI, "k": K}).keys.opc.hex() == OPC


def test_op_and_opc_may_agree() -> None:
    assert read(GOOD | {"op": OP}).keys.opc.hex() == OPC


def test_op_in_the_place_of_opc_is_noticed_when_both_are_there() -> None:
    assert cause_of(GOOD | {"opc": OP, "op": OP}) is Cause.OPC


def test_tuak_takes_longer_keys() -> None:
    values = {"imsi": IMSI, "k": K + K, "op": OP + OP, "profile": "tuak"}
    assert read(values).keys.opc == derive_opc(TUAK, Secret.fromhex(K + K), Secret.fromhex(OP + OP))


@pytest.mark.parametrize("check", ["k_check", "opc_check"])
def test_check_values_hold(check: str) -> None:
    assert read(GOOD | {"opc": K, check: K_CHECK.upper()}).imsi == IMSI


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"imsi": "1.01E+14"}, Cause.IMSI),
        ({"imsi": "1010000000001"}, Cause.IMSI),
        ({"imsi": K}, Cause.IMSI),
        ({"k": ""}, Cause.KEY_FORM),
        ({"k": K[:-1] + "g"}, Cause.KEY_FORM),
        ({"k": K + K}, Cause.KEY_LENGTH),
        ({"opc": OPC[2:]}, Cause.KEY_LENGTH),
        ({"opc": ""}, Cause.OPC),
        ({"profile": "tuak"}, Cause.KEY_LENGTH),
        ({"profile": "unknown"}, Cause.PROFILE),
        ({"k_check": "000000"}, Cause.CHECK_VALUE),
        ({"opc_check": K_CHECK}, Cause.CHECK_VALUE),
        ({"amf": "80"}, Cause.AMF),
        ({"amf": "zzzz"}, Cause.AMF),
        ({"msisdn": "12x4567"}, Cause.MSISDN),
        ({"apn": "internet internet"}, Cause.APN),
    ],
)
def test_causes(change: dict[str, str], cause: Cause) -> None:
    assert cause_of(GOOD | change) is cause


def test_lost_leading_zeros_are_spoken_of() -> None:
    with pytest.raises(RowRefused, match="has 13 digits instead of 15: a spreadsheet may have dropped leading zeros"):
        reader().imsi(GOOD | {"imsi": IMSI.lstrip("0")})


@pytest.mark.parametrize("text", ["080910100000000010", "0910100000000010"])
def test_imsi_as_the_card_has_it(tmp_path: Path, text: str) -> None:
    one = RowReader(mapping_of(tmp_path, SWAPPED), SETTINGS, {}, "internet")
    assert one.imsi({"imsi": text}) == IMSI


def test_even_imsi_as_the_card_has_it(tmp_path: Path) -> None:
    one = RowReader(mapping_of(tmp_path, "imsi_length = 14\n" + SWAPPED), SETTINGS, {}, "internet")
    assert one.imsi({"imsi": "0801010100000000f1"}) == "01010000000001"


@pytest.mark.parametrize("text", ["", "0", "0810100000000010", K])
def test_what_is_no_ef_imsi_is_refused(tmp_path: Path, text: str) -> None:
    one = RowReader(mapping_of(tmp_path, SWAPPED), SETTINGS, {}, "internet")
    with pytest.raises(RowRefused):
        one.imsi({"imsi": text})


def test_transport_key_opens_its_column() -> None:
    key = "2b7e151628aed2a6abf7158809cf4f3c"
    one = reader("outfile-aes", {"AKADIA_TRANSPORT_KEY": key})
    row = one.row(1, IMSI, GOOD)
    assert row.keys.k.hex() not in {K, OPC}
    assert len(row.keys.k) == 16


def test_missing_transport_key_is_named() -> None:
    with pytest.raises(MappingRefused, match=r"\$AKADIA_TRANSPORT_KEY: holds no key"):
        reader("outfile-aes")


def test_transport_key_of_another_length_is_refused() -> None:
    with pytest.raises(MappingRefused, match="mapping outfile-aes, transport key a4: the key has 8 octets"):
        reader("outfile-aes", {"AKADIA_TRANSPORT_KEY": "00" * 8})


def test_profile_of_the_mapping_must_be_there() -> None:
    with pytest.raises(MappingRefused, match="there is no algorithm profile milenage"):
        RowReader(load("pysim"), {}, {}, "internet")
