"""hostapd's text protocol: each request as it is written, and the answers that hostapd reads."""

import json
from pathlib import Path

import pytest

from hss.faces.auc_socket import LONGEST, AkaAuts, AkaRequest, AucRequest, SimRequest, answer, parse
from wire.aka.vector import AuthVector
from wire.errors import DecodeError
from wire.identity import Imsi
from wire.secret import Secret

IMSI = Imsi("001010000000001")
TRIPLET = json.loads((Path(__file__).parents[2] / "vectors" / "milenage.json").read_text())["milenage_35_208"][0]
VECTOR = AuthVector(
    bytes.fromhex(TRIPLET["rand"]),
    bytes(range(16)),
    Secret.fromhex(TRIPLET["f2"]),
    Secret.fromhex(TRIPLET["f3"]),
    Secret.fromhex(TRIPLET["f4"]),
)


@pytest.mark.parametrize(
    ("datagram", "request_"),
    [
        (b"AKA-REQ-AUTH 001010000000001", AkaRequest(IMSI)),
        (b"AKA-REQ-AUTH 001010000000001\0", AkaRequest(IMSI)),
        (b"SIM-REQ-AUTH 001010000000001 3", SimRequest(IMSI, 3)),
        (
            b"AKA-AUTS 001010000000001 " + b"0a" * 14 + b" " + b"F0" * 16,
            AkaAuts(IMSI, b"\x0a" * 14, b"\xf0" * 16),
        ),
    ],
)
def test_request_is_read(datagram: bytes, request_: AucRequest) -> None:
    assert parse(datagram) == request_


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"AKA-REQ-AUTH",
        b"AKA-REQ-AUTH 12345",
        b"AKA-REQ-AUTH 0010100000000011",
        b"AKA-REQ-AUTH 001010000000001 5",
        b" AKA-REQ-AUTH 001010000000001",
        "AKA-REQ-AUTH ٠٠١٠١٠٠٠٠٠٠٠٠٠١".encode(),
        b"SIM-REQ-AUTH 001010000000001",
        b"SIM-REQ-AUTH 001010000000001 0",
        b"SIM-REQ-AUTH 001010000000001 10",
        b"AKA-AUTS 001010000000001 " + b"0a" * 13 + b" " + b"F0" * 16,
        b"AKA-AUTS 001010000000001 " + b"0a" * 14 + b" " + b"F0" * 15,
        b"AKA-AUTS 001010000000001 " + b"0a" * 14,
        b"AKA-REQ-AUTH 001010000000001" + b" " * LONGEST,
    ],
)
def test_what_is_no_request_is_refused(datagram: bytes) -> None:
    with pytest.raises(DecodeError):
        parse(datagram)


def test_quintuplet_is_written_in_the_order_of_hostapd() -> None:
    words = answer(AkaRequest(IMSI), (VECTOR,)).decode().split(" ")
    assert words == [
        "AKA-RESP-AUTH",
        str(IMSI),
        TRIPLET["rand"],
        VECTOR.autn.hex(),
        TRIPLET["f4"],
        TRIPLET["f3"],
        TRIPLET["f2"],
    ]


def test_triplets_are_those_of_the_published_set() -> None:
    triplet = f"{TRIPLET['derived']['kc_c3']}:{TRIPLET['derived']['sres_c2']}:{TRIPLET['rand']}"
    said = answer(SimRequest(IMSI, 2), (VECTOR, VECTOR)).decode()
    assert said == f"SIM-RESP-AUTH {IMSI} {triplet} {triplet}"


def test_failure_is_said_where_there_is_no_vector() -> None:
    assert answer(AkaRequest(IMSI), ()) == f"AKA-RESP-AUTH {IMSI} FAILURE".encode()
    assert answer(SimRequest(IMSI, 3), ()) == f"SIM-RESP-AUTH {IMSI} FAILURE".encode()
