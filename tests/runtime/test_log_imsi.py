"""IMSIs in the log."""

import pytest

from runtime.log_imsi import ImsiText
from wire.secret import Secret

IMSI = "001010000000001"
HMAC = "hmac:5e970da20f54f0e7"
"""printf 001010000000001 | openssl dgst -sha256 -hmac secret"""


@pytest.mark.parametrize(
    ("text", "written"),
    [(ImsiText("full"), IMSI), (ImsiText(), "00101*******001"), (ImsiText("hmac", Secret(b"secret")), HMAC)],
)
def test_form_is_the_configured_one(text: ImsiText, written: str) -> None:
    assert text.of(IMSI) == written
    assert text.of("") == ""
    assert text.within(f"subscriber {IMSI} is barred") == f"subscriber {written} is barred"


def test_short_one_shows_no_more_than_it_must() -> None:
    assert ImsiText().of("001010") == "00101*010"
    assert ImsiText().of("26201123456789") == "26201******789"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (f"0{IMSI}@nai.epc.mnc001.mcc001.3gppnetwork.org", "000101*******001@nai.epc.mnc001.mcc001.3gppnetwork.org"),
        (f"pgw.example;1764419632;7;{IMSI}", "pgw.example;1764419632;7;00101*******001"),
        (f"{IMSI},{IMSI}", "00101*******001,00101*******001"),
        ("1764419632123", "1764419632123"),
        ("12345678901234567", "12345678901234567"),
    ],
)
def test_imsi_is_found_wherever_it_stands(text: str, written: str) -> None:
    assert ImsiText().within(text) == written


def test_hmac_is_that_of_rfc_4231_test_case_2() -> None:
    assert ImsiText("hmac", Secret(b"Jefe")).of("what do ya want for nothing?") == "hmac:5bdcc146bf60754e"
