"""The text protocol in which eapol_test asks an external SIM."""

import pytest

from tests.captures import load_run
from ue_sim.usim import SoftwareUsim
from ue_sim.wpa_ctrl import answer
from wire.secret import Secret

RUN = load_run("aka_full_resultind_then_reauth")
VALUES = RUN.exchanges[0].rounds[0].values
REQUEST = f"<3>CTRL-REQ-SIM-0:UMTS-AUTH:{VALUES['rand'].hex()}:{VALUES['autn'].hex()} needed for SSID "


def test_answer_carries_ik_ck_and_res_in_this_order() -> None:
    expected = ":".join(VALUES[name].hex() for name in ("ik", "ck", "xres"))
    assert answer(REQUEST, SoftwareUsim(RUN.k, RUN.opc)) == f"CTRL-RSP-SIM-0:UMTS-AUTH:{expected}"


def test_answer_to_an_old_sqn_carries_auts() -> None:
    text = answer(REQUEST, SoftwareUsim(RUN.k, RUN.opc, (1000,) * 32))
    assert text is not None
    assert text.startswith("CTRL-RSP-SIM-0:UMTS-AUTS:")
    assert len(bytes.fromhex(text.rpartition(":")[2])) == 14


def test_answer_to_a_forged_challenge_says_so() -> None:
    text = answer(REQUEST.replace("SIM-0", "SIM-17"), SoftwareUsim(Secret(bytes(16)), RUN.opc))
    assert text == "CTRL-RSP-SIM-17:UMTS-FAIL"


@pytest.mark.parametrize("line", ["", "OK\n", "<3>CTRL-EVENT-EAP-STARTED", "CTRL-REQ-SIM-0:GSM-AUTH:00", REQUEST[:60]])
def test_other_lines_are_not_answered(line: str) -> None:
    assert answer(line, SoftwareUsim(RUN.k, RUN.opc)) is None
