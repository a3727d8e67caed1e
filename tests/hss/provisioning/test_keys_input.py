"""The lines of keys: what is taken, and complaints that repeat none of it."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hss.algorithms import AlgorithmSettings, derive_opc
from hss.provisioning.keys_input import KeysRefused, read_keys, read_keys_from

SETS = json.loads((Path(__file__).parents[2] / "vectors" / "milenage.json").read_text())["milenage_35_208"]
K = "465b5ce8b199b49faa5f0a2ee238a6bc"
OPC = "cd63cb71954a9f4e48a5994e37a02baf"


@pytest.mark.parametrize("case", SETS, ids=lambda case: case["label"])
def test_op_becomes_the_published_opc(case: dict[str, Any]) -> None:
    given_op = read_keys(f"k={case['k']}\nop={case['op']}\n")
    given_opc = read_keys(f"opc={case['opc']}\nk={case['k']}\n")
    assert given_op.op is not None
    assert derive_opc(AlgorithmSettings("milenage"), given_op.k, given_op.op) == given_opc.opc
    assert (given_op.opc, given_opc.op, given_op.amf) == (None, None, None)


def test_lines_may_be_spaced_and_commented() -> None:
    text = f"# the card of the lab\r\n\r\n  K = {K.upper()}  \r\nOPC=  {OPC}\r\namf=8000"
    read = read_keys(text)
    assert (read.k.hex(), (read.opc or b"").hex(), read.amf) == (K, OPC, 0x8000)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "keys: k is missing; add a line k=HEX of 16 octets"),
        (f"opc={OPC}", "keys: k is missing; add a line k=HEX of 16 octets"),
        (f"k={K}", "keys: opc is missing; add a line opc=HEX of 16 octets, or op=HEX"),
        (f"k={K}\nop={OPC}\nopc={OPC}", "keys: both op and opc are there; keep the one that belongs to this card"),
        (f"k={K}\nk={K}\nopc={OPC}", "keys, line 2: k is there twice; keep one of them"),
        (f"k={K}\nki={OPC}", "keys, line 2: is not NAME=HEX with a name among k, opc, op and amf"),
        (f"{K}\n{OPC}", "keys, line 1: is not NAME=HEX with a name among k, opc, op and amf"),
        (f"{K}={OPC}", "keys, line 1: is not NAME=HEX with a name among k, opc, op and amf"),
        (f"k={K[:-2]}\nopc={OPC}", "keys, line 1: k has 15 octets, it takes 16 or 32 as hex"),
        (f"k={K}\nopc={OPC}00", "keys, line 2: opc has 17 octets, it takes 16 or 32 as hex"),
        (f"k={K}\nopc={OPC[:-1]}", "keys, line 2: opc is not hex"),
        (f"k=0x{K}\nopc={OPC}", "keys, line 1: k is not hex"),
        (f"k={K}\nopc={OPC}\namf=80", "keys, line 3: amf has 1 octets, it takes 2 as hex"),
    ],
)
def test_complaint_names_the_line_and_no_value(text: str, said: str) -> None:
    with pytest.raises(KeysRefused) as caught:
        read_keys(text)
    assert str(caught.value) == said
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@given(text=st.text(alphabet="kopcam=0123456789abcdef \n#", max_size=200) | st.text(max_size=100))
def test_any_text_is_keys_or_refused(text: str) -> None:
    try:
        read = read_keys(text)
    except KeysRefused as error:
        assert "\n" not in str(error)
    else:
        assert len(read.k) in (16, 32)
        assert (read.opc is None) != (read.op is None)


def test_read_keys_show_nothing() -> None:
    assert K not in repr(read_keys(f"k={K}\nopc={OPC}"))


def test_keys_of_tuak_may_be_longer() -> None:
    read = read_keys(f"k={K * 2}\nop={OPC * 2}")
    assert (len(read.k), len(read.op or b"")) == (32, 32)


def test_keys_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "card"
    path.write_text(f"k={K}\nopc={OPC}\n")
    assert read_keys_from(str(path)) == read_keys(path.read_text())
    path.write_text(f"\ufeffk={K}\nopc={OPC}\n")
    assert read_keys_from(str(path)).k.hex() == K, "as an editor of Windows writes it"
    path.write_bytes(b"\xff\xfe")
    for source, said in ((str(path), "is not text"), (str(tmp_path / "none"), "cannot be read: No such file")):
        with pytest.raises(KeysRefused, match=said):
            read_keys_from(source)


@pytest.mark.parametrize("source", [f"k={K},opc={OPC}", f"k={K * 9}"])
def test_keys_in_the_place_of_a_file_are_not_repeated(source: str) -> None:
    with pytest.raises(
        KeysRefused, match=r"^keys: cannot be read: .*; name a file, or - for standard input$"
    ) as caught:
        read_keys_from(source)
    assert K not in str(caught.value)
